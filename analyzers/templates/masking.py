"""From bodies to shapes: everything that varies by value is masked, for a whole batch at once in native code.

Body to outline is one pass over every body; outline to shape is all the rules, needed once for each outline there is.
A shape is a function of the outline and so of one body: which bodies came before or beside it makes no difference.
"""

import re
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzers.templates.lists import CUT, tidied
from analyzers.templates.rules import STAGES, Common, Rare
from analyzers.templates.structured import message_of, unescaped

# Characters of a body that take part in its shape.
_SHAPE_CHARS = 1024

# A word from its first digit on, with the letters before it. Every rule takes this short one for what it stands for,
# and it holds a digit itself, so that it is masked in the end.
_NUMBER_WORD = r"[a-zA-Z_]*[0-9][\w.@%$#+-]*"
_ANY_NUMBER_WORD = "a0"
_SPACE = " \t\r\n\f\v"
_LINE_END = re.compile("[\r\n]")


def outline(bodies: "pa.StringArray") -> "pa.DictionaryArray":
    """Bodies with every word that holds a digit made the same: one cheap pass, after which few differ.

    A dictionary array, so that a caller looks at every distinct outline once.
    """
    column = bodies
    if (pc.max(pc.binary_length(bodies)).as_py() or 0) > _SHAPE_CHARS:
        long = pc.greater(pc.utf8_length(bodies), _SHAPE_CHARS)
        cut = pc.binary_join_element_wise(pc.utf8_slice_codeunits(bodies, 0, _SHAPE_CHARS), CUT, "")
        column = pc.if_else(long, cut, bodies)
    # "\u8ba2" in JSON is a letter and not a number.
    if _escaped(column):
        column = pa.array(map(unescaped, column.to_pylist()), type=pa.string())
    return pc.replace_substring_regex(column, pattern=_NUMBER_WORD, replacement=_ANY_NUMBER_WORD).dictionary_encode()


def mask(outlines: Sequence[str]) -> list[str]:
    """The shape of each outline, a function of that outline alone."""
    column = pa.array([_first_line(message_of(item.rstrip(CUT))) for item in outlines], type=pa.string())
    for stage in STAGES:
        column = _masked(column, stage)
    return [
        tidied(shape, cut=item.endswith(CUT)).strip() for item, shape in zip(outlines, column.to_pylist(), strict=True)
    ]


def _first_line(text: str) -> str:
    """It speaks for a stack trace or a multi-line body."""
    return _LINE_END.split(text.lstrip(_SPACE), maxsplit=1)[0]


def _masked(column: "pa.StringArray", stage: Common | Rare) -> "pa.StringArray":
    """Only outlines with the trigger pay for the rules."""
    wanted = pc.match_substring_regex(column, pattern=stage.trigger) if stage.trigger else None
    part = column
    if wanted is not None:
        if not pc.any(wanted).as_py():
            return column
        part = column.filter(wanted)
    if isinstance(stage, Rare):
        part = pa.array([_replaced(item, stage) for item in part.to_pylist()], type=pa.string())
    else:
        for pattern, replacement in stage.rules:
            part = pc.replace_substring_regex(part, pattern=pattern, replacement=replacement)
    return part if wanted is None else pc.replace_with_mask(column, wanted, part)


def _replaced(item: str, stage: Rare) -> str:
    for pattern, replacement in stage.rules:
        item = pattern.sub(replacement, item)
    return item


def _escaped(column: "pa.StringArray") -> bool:
    """Whether any value may hold a \\u escape, at the price of a search through memory."""
    _, offsets, data = column.buffers()
    if data is None or not len(column):
        return False
    places = np.frombuffer(offsets, dtype=np.int32, count=column.offset + len(column) + 1)
    written = data.slice(int(places[column.offset]), int(places[-1] - places[column.offset])).to_pybytes()
    # One byte is found much faster than two.
    return b"\\" in written and b"\\u" in written
