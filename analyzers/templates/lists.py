"""Lists and cuts in shapes: how many elements there are, and where a long body was cut, are values too."""

import re

# At the end of an outline that was cut.
CUT = "\x03"

_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")
_LIST = re.compile(r"[)\]}],")


def tidied(shape: str, cut: bool) -> str:
    """Equal elements one after the other are one; half a word or half an element at a cut is left out."""
    if cut:
        whole = shape[: max(shape.rfind(" "), shape.rfind(",") + 1)].rstrip(" ,")
        shape = whole or shape
    return _collapsed(shape, cut) if _LIST.search(shape) else shape


def _collapsed(shape: str, cut: bool) -> str:
    """Brackets that don't match are taken as they come."""
    # For every bracket that is open, and for the whole, the elements so far; the last one is being read.
    levels: list[list[str]] = [[""]]
    for letter in shape:
        if letter == ",":
            levels[-1].append("")
            continue
        if letter in _CLOSING and len(levels) > 1:
            inner = _joined(levels.pop(), False)
            levels[-1][-1] += inner
        levels[-1][-1] += letter
        if letter in _OPENING:
            levels.append([""])
    while len(levels) > 1:
        inner = _joined(levels.pop(), cut)
        levels[-1][-1] += inner
    return _joined(levels[0], cut)


def _joined(elements: list[str], cut: bool) -> str:
    """Elements with brackets of their own once for each run; `cut`: the last may be half of one like that before."""
    kept = elements[:1]
    for element in elements[1:]:
        word = element.strip()
        if not (word and word[-1] in _CLOSING and kept[-1].rstrip().endswith(word)):
            kept.append(element)
    if cut and len(kept) > 1 and kept[-2].strip()[-1:] in _CLOSING and _begins(kept[-2], kept[-1]):
        kept.pop()
    return ",".join(kept)


def _begins(whole: str, part: str) -> bool:
    return whole.strip().startswith(part.strip().rstrip("<*>=( "))
