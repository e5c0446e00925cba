"""Families: templates that are one statement but for words which, seen together, turn out to be values."""

import re
from collections.abc import Collection, Iterable
from functools import lru_cache
from itertools import chain
from typing import TypeAlias

from analyzers.templates.rules import WILDCARD

# The words of a template; in a pattern None stands where any word may stand.
_Words: TypeAlias = tuple[str, ...]
_Pattern: TypeAlias = tuple[str | None, ...]

_WORD = re.compile(r"<\*>|[^\s\[\](){},;:=|\"'<>]+")
_LETTER = re.compile(r"[^\W\d_]")
# Words of a template that is compared with others at all.
_LONGEST = 48


class TemplateFamilies:
    """The families of a set of templates: a function of the set, whatever order it came in.

    A place in a template is a value once `variety` templates are known that differ in that place alone while at least
    `wording` other words agree. Learning more makes families only ever more general. A family is named by its text,
    which is a template like any other, with wildcards where its members differ.
    """

    def __init__(self, texts: Iterable[str] = (), variety: int = 4, wording: int = 3, limit: int = 8192) -> None:
        """`limit`: templates learned; the families of further ones follow from what is known by then."""
        self._variety = variety
        self._wording = wording
        self._limit = limit
        self._learned: set[str] = set()
        self._groups: dict[str, _Group] = {}
        for text in texts:
            self.learn(text)

    def __len__(self) -> int:
        """Templates learned."""
        return len(self._learned)

    def learn(self, text: str) -> None:
        """A template was seen."""
        if text in self._learned or len(self._learned) >= self._limit:
            return
        self._learned.add(text)
        words = _words(text)
        if self._wording < len(words) <= _LONGEST:
            group = self._groups.setdefault(_signs(text), _Group(self._variety, self._wording))
            group.learn(words)

    def family_of(self, text: str) -> str:
        """The text of its family; the template's own if it has none. What was not learned has a family, too."""
        group = self._groups.get(_signs(text))
        if group is None:
            return text
        pattern = iter(group.family_of(_words(text)))
        return _WORD.sub(lambda _: next(pattern) or WILDCARD, text)

    def texts(self) -> tuple[str, ...]:
        """What was learned, sorted: all it takes to build the same again."""
        return tuple(sorted(self._learned))


def strangers(fresh: Collection[str], known: Iterable[str]) -> frozenset[str]:
    """Those of the fresh templates that belong to no family of a known one; what varies among all of them counts."""
    alike = {_signs(text) for text in fresh}
    old = [text for text in known if _signs(text) in alike]
    families = TemplateFamilies((*old, *fresh))
    familiar = {families.family_of(text) for text in old}
    return frozenset(text for text in fresh if families.family_of(text) not in familiar)


class _Group:
    """Templates with as many words and the same signs between them."""

    def __init__(self, variety: int, wording: int) -> None:
        self._variety = variety
        self._wording = wording
        # What stood in the one open place of a pattern, until there is enough to make it a family.
        self._stood: dict[_Pattern, set[str]] = {}
        # By the places that agree, then by the words there. No template fits two of them.
        self._families: dict[tuple[int, ...], dict[_Pattern, _Pattern]] = {}

    def learn(self, words: _Words) -> None:
        for place, word in enumerate(words):
            pattern = (*words[:place], None, *words[place + 1 :])
            if not (_LETTER.match(word) or word == WILDCARD) or not self._worded(pattern):
                continue
            if self._covering(pattern):
                continue
            stood = self._stood.setdefault(pattern, set())
            stood.add(word)
            if len(stood) >= self._variety:
                del self._stood[pattern]
                self._add(pattern)

    def family_of(self, words: _Words) -> _Pattern:
        return self._covering(words) or words

    def _covering(self, words: _Pattern) -> _Pattern | None:
        for places, families in self._families.items():
            if family := families.get(tuple([words[place] for place in places])):
                return family
        return None

    def _add(self, pattern: _Pattern) -> None:
        """Where a template could fit two families, its family is what both have in common."""
        while overlapping := [family for family in self._all() if _overlap(family, pattern)]:
            for family in overlapping:
                places = _agreeing(family)
                del self._families[places][tuple(family[place] for place in places)]
                pattern = tuple(one if one == other else None for one, other in zip(pattern, family, strict=True))
        places = _agreeing(pattern)
        self._families.setdefault(places, {})[tuple(pattern[place] for place in places)] = pattern
        self._families = {places: families for places, families in self._families.items() if families}

    def _all(self) -> Iterable[_Pattern]:
        return chain.from_iterable(families.values() for families in self._families.values())

    def _worded(self, pattern: _Pattern) -> bool:
        agreeing = (word for word in pattern if word and len(word) > 1 and _LETTER.match(word))
        return sum(1 for _ in agreeing) >= self._wording


def _words(text: str) -> _Words:
    return tuple(_WORD.findall(text))


@lru_cache(maxsize=16_384)
def _signs(text: str) -> str:
    """What is between the words, and how many there are."""
    return _WORD.sub("\0", text)


def _agreeing(family: _Pattern) -> tuple[int, ...]:
    return tuple(place for place, word in enumerate(family) if word is not None)


def _overlap(one: _Pattern, other: _Pattern) -> bool:
    return all(left is None or right is None or left == right for left, right in zip(one, other, strict=True))
