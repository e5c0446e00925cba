"""From bodies to shapes: everything that varies by value is masked, for a whole batch at once in native code."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

WILDCARD = "<*>"
# Characters of a body that take part in its shape.
_SHAPE_CHARS = 1024

# RE2, applied in this order. Each names what it takes away; what stays is the author's wording.
_RULES: tuple[tuple[str, str], ...] = (
    (r"^\s+", ""),
    # Only the first line speaks for a stack trace or a multi-line body.
    (r"(?s)[\r\n].*$", ""),
    # The message of a structured log is wording, not a value: take off its quotes, so that only what varies is masked.
    (r"(?i)\"?\b(msg|message|event|error|err|reason)\"?\s*[:=]\s*\"([^\"]*)\"", r"\1: \2"),
    # "key": "value" and key='value', whatever the value holds.
    (r"(\"\s*:\s*|=\s?)\"[^\"]*\"", r"\1" + WILDCARD),
    (r"=\s?'[^']*'", "=" + WILDCARD),
    # key=value up to the next separator; a value that opens a bracket keeps the bracket.
    (r"=([^\s,;&\]\)\}\(\[\{<\"']+)", "=" + WILDCARD),
    # Paths and URLs of two or more segments: the values hide in the segments.
    (
        r"(^|[\s\"'\(\[=:,])(?:[a-zA-Z][a-zA-Z0-9+.-]*:/)?/?[\w.%@~+-]*"
        r"(?:/[\w.%@~+:#?&-]*[0-9][\w.%@~+:#?&-]*)(?:/[\w.%@~+:#?&-]*)*",
        r"\1" + WILDCARD,
    ),
    # Long hexadecimal words without a digit are rare and still values.
    (r"\b[0-9a-fA-F]{16,}\b", WILDCARD),
    # Any word that holds a digit: numbers, ids, times, addresses, versions.
    (r"[\w.:@%$#+-]*[0-9][\w.:@%$#+-]*", WILDCARD),
    # A bracketed list of bare words is a value, however long.
    (r"\[[\w.-]+(?:, ?[\w.-]+)+\]", "[" + WILDCARD + "]"),
    # Runs of values are one value, so that lists of any length have one shape.
    (r"<\*>(?:[\s,;/|:-]*<\*>)+", WILDCARD),
)


def mask(bodies: Sequence[str]) -> "pa.DictionaryArray":
    """The shapes of `bodies`: a dictionary array, so that a caller looks at every distinct shape once."""
    column = pc.utf8_slice_codeunits(pa.array(bodies, type=pa.string()), 0, _SHAPE_CHARS)
    for pattern, replacement in _RULES:
        column = pc.replace_substring_regex(column, pattern=pattern, replacement=replacement)
    return pc.utf8_trim_whitespace(column).dictionary_encode()
