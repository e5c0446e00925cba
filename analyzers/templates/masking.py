"""From bodies to shapes: everything that varies by value is masked, for a whole batch at once in native code.

Body to outline is one pass over every body; outline to shape is all the rules, needed once for each outline there is.
A shape is a function of the outline and so of one body: which bodies came before or beside it makes no difference.
"""

import re
import string
from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzers.native import native
from analyzers.templates.lists import CUT, tidied
from analyzers.templates.rules import LAST_STAGES, PLAIN_STAGES, PUNCTUATION, STAGES, WILDCARD, Stage
from analyzers.templates.structured import message_of, unescaped

# Characters of a body that take part in its shape.
_SHAPE_CHARS = 1024

# A word from its first digit on, with the letters before it. Every rule takes this short one for what it stands for,
# and it holds a digit itself, so that it is masked in the end.
_NUMBER_WORD = r"[a-zA-Z_]*[0-9][\w.@%$#+-]*"
_ANY_NUMBER_WORD = "a0"
_SPACE = " \t\r\n\f\v"
# What a number may be a part of.
_IN_WORDS = string.ascii_letters + string.digits + "_.:@%$#+-"
_LINE_END = re.compile("[\r\n]")


def outline(bodies: "pa.StringArray") -> "pa.DictionaryArray":
    """Bodies with every word that holds a digit made the same: one cheap pass, after which few differ.

    A dictionary array, so that a caller looks at every distinct outline once.
    """
    library = native()
    found = library.outlines(bodies) if library else None
    if found is None:
        return outline_in_columns(bodies)
    codes, texts = found
    rest = np.flatnonzero(codes < 0)
    if len(rest):
        places = {text: place for place, text in enumerate(texts)}
        others = outline_in_columns(bodies.take(pa.array(rest)))
        place_of = [places.setdefault(text, len(places)) for text in others.dictionary.to_pylist()]
        codes[rest] = np.array(place_of, dtype=np.int32)[others.indices.to_numpy()]
        texts = list(places)
    return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(texts, type=pa.string()))


def outline_in_columns(bodies: "pa.StringArray") -> "pa.DictionaryArray":
    """The same with nothing but Arrow."""
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
    return [_shape(item) for item in outlines]


def _shape(item: str) -> str:
    whole = item.rstrip(CUT)
    # The first line speaks for a stack trace or a multi-line body.
    text = _LINE_END.split(message_of(whole).lstrip(_SPACE), maxsplit=1)[0]
    cut = item.endswith(CUT) and whole.endswith(text)
    text = _ruled(text, STAGES if PUNCTUATION.search(text) else PLAIN_STAGES)
    text = _ruled(_without_numbers(text), LAST_STAGES)
    return tidied(text, cut).strip()


def _ruled(text: str, stages: Iterable[Stage]) -> str:
    for stage in stages:
        for sign in stage.signs:
            if sign in text:
                for pattern, replacement in stage.rules:
                    text = pattern.sub(replacement, text)
                break
    return text


def _without_numbers(text: str) -> str:
    """Any word that holds a digit is a value: numbers, ids, times, addresses, versions."""
    first, *others = text.split(_ANY_NUMBER_WORD)
    if not others:
        return text
    kept = [first.rstrip(_IN_WORDS)]
    for other in others[:-1]:
        # Between two numbers of one word nothing is left.
        if rest := other.lstrip(_IN_WORDS):
            kept.append(rest.rstrip(_IN_WORDS))
    kept.append(others[-1].lstrip(_IN_WORDS))
    return WILDCARD.join(kept)


def _escaped(column: "pa.StringArray") -> bool:
    """Whether any value may hold a \\u escape, at the price of a search through memory."""
    _, offsets, data = column.buffers()
    if data is None or not len(column):
        return False
    places = np.frombuffer(offsets, dtype=np.int32, count=column.offset + len(column) + 1)
    written = data.slice(int(places[column.offset]), int(places[-1] - places[column.offset])).to_pybytes()
    # One byte is found much faster than two.
    return b"\\" in written and b"\\u" in written
