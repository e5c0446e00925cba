"""From bodies to shapes: everything that varies by value is masked, for a whole batch at once in native code.

Body to outline is one pass over every body; outline to shape is all the rules, needed once for each outline there is.
A shape is a function of the outline and so of one body: which bodies came before or beside it makes no difference.
"""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

WILDCARD = "<*>"
# Characters of a body that take part in its shape.
_SHAPE_CHARS = 1024

# RE2, applied to outlines in this order. Each names what it takes away; what stays is the author's wording.
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


# A word from its first digit on, with the letters before it. Every rule takes this short one for what it stands for,
# and it holds a digit itself, so that it is masked in the end.
_NUMBER_WORD = r"[a-zA-Z_]*[0-9][\w.@%$#+-]*"
_ANY_NUMBER_WORD = "a0"


def outline(bodies: "pa.StringArray") -> "pa.DictionaryArray":
    """Bodies with every word that holds a digit made the same: one cheap pass, after which few differ.

    A dictionary array, so that a caller looks at every distinct outline once.
    """
    column = bodies
    if (pc.max(pc.binary_length(bodies)).as_py() or 0) > _SHAPE_CHARS:
        column = pc.utf8_slice_codeunits(bodies, 0, _SHAPE_CHARS)
    return pc.replace_substring_regex(column, pattern=_NUMBER_WORD, replacement=_ANY_NUMBER_WORD).dictionary_encode()


def mask(outlines: Sequence[str]) -> list[str]:
    """The shape of each outline, a function of that outline alone."""
    column = pa.array(outlines, type=pa.string())
    for pattern, replacement in _RULES:
        column = pc.replace_substring_regex(column, pattern=pattern, replacement=replacement)
    shapes: list[str] = pc.utf8_trim_whitespace(column).to_pylist()
    return shapes
