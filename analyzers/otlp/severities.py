"""Severity numbers for senders that give a severity's name alone, or leave it in the body."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzers.columns import Int32

MAX_SEVERITY = 24
_UNSPECIFIED = 0
# The lowest number of each range of the logs data model, by how the names of all usual systems begin.
_RANGES = (
    (("fatal", "crit", "alert", "emerg", "panic"), 21),
    (("err", "severe"), 17),
    (("warn",), 13),
    (("info", "notice"), 9),
    (("debug", "fine", "config"), 5),
    (("trace", "finer", "finest", "verbose"), 1),
)
# As glog and klog begin a line, and as pino and bunyan count.
_SHORT = {"I": 9, "W": 13, "E": 17, "F": 21, "10": 1, "20": 5, "30": 9, "40": 13, "50": 17, "60": 21}
# Characters of a body that are looked at.
_HEAD = 200
# Without one of these a body says nothing that matters.
_OUT_OF_THE_ORDINARY = r"(?i)err|warn|fatal|crit|severe|panic|alert|emerg|debug|trace|:\s*[12456]0\b|^[EWF][0-9]{4} "
_WORDS = "TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERR|ERROR|SEVERE|CRIT|CRITICAL|ALERT|EMERG|FATAL|PANIC"
_LEVEL = (
    # A field of JSON; one of key=value after no more than others; what follows a time, and perhaps a thread, in
    # capitals or in brackets.
    r'^\s*(?:\{.*?"(?:level|severity|lvl|levelname|log\.level)"\s*:\s*"?(?P<json>[A-Za-z]+|[1-6]0\b)'
    r'|(?:[\w.]+=[^\s"]+ +){0,4}(?:level|severity|lvl)="?(?P<pair>[A-Za-z]+)'
    rf"|[\d\-/:.,TZ+\[\]| ]*(?:(?:\[[^\]]*\] +)?(?P<word>{_WORDS})\b|\[(?P<tag>[A-Za-z]+)\])"
    # Python's usual format, with the logger's name between; and glog's.
    rf"|[\d\-:., ]+ - [\w.\-]+ - (?P<python>{_WORDS}) - |(?P<short>[IWEF])\d{{4}} \d\d:\d\d:\d\d)"
)


def by_text(name: str) -> int:
    """The severity number for `severity_text`; 0 (unspecified) for an empty or unknown one.

    Source: OpenTelemetry logs data model, "Mapping of SeverityNumber".
    """
    if not name:
        return _UNSPECIFIED
    lowered = name.strip().lower()
    for prefixes, number in _RANGES:
        if lowered.startswith(prefixes):
            # "finer" and "finest" begin like "fine" and are less.
            return 1 if lowered.startswith(("finer", "finest")) else number
    return _UNSPECIFIED


def by_body(bodies: "pa.StringArray") -> Int32:
    """What loggers wrote at the head of each body, where nobody parsed it; 0 for none, and for INFO, which is the same.

    Only where a logger puts it, before any message: what a message says is no severity.
    """
    found = np.zeros(len(bodies), dtype=np.int32)
    heads = pc.utf8_slice_codeunits(bodies, 0, _HEAD)
    rows = np.flatnonzero(pc.match_substring_regex(heads, _OUT_OF_THE_ORDINARY).to_numpy(zero_copy_only=False))
    if len(rows):
        stated = pc.extract_regex(heads.take(pa.array(rows)), _LEVEL)
        names = pc.binary_join_element_wise(*(pc.fill_null(part, "") for part in stated.flatten()), "")
        encoded = names.dictionary_encode()
        numbers = [_SHORT.get(name) or by_text(name) for name in encoded.dictionary.to_pylist()]
        found[rows] = np.array(numbers, dtype=np.int32)[encoded.indices.to_numpy()]
    return found
