"""How alike two templates are."""

import re

_WORDS = re.compile(r"[\s\[\](){},;:=|\"']+")


def likeness(one: str, other: str) -> float:
    """Share of words that stand in the same place in both, from 0 to 1; 0 when their numbers differ by more than one.

    Two wordings of one statement that differ in a value which was not masked, a name say, are alike.
    """
    left, right = _WORDS.split(one.strip()), _WORDS.split(other.strip())
    if abs(len(left) - len(right)) > 1:
        return 0.0
    same = [a == b for a, b in zip(left, right, strict=False)]
    return same.count(True) / max(len(left), len(right))
