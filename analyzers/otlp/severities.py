"""Severity numbers for senders that give a severity's name alone."""

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
