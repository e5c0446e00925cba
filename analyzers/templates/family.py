"""Families: templates that are one statement but for words which, seen together, turn out to be values."""

import re
from collections.abc import Iterable
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


class _Group:
    """Templates with as many words and the same signs between them."""

    def __init__(self, variety: int, wording: int) -> None:
        self._variety = variety
        self._wording = wording
        self._members: list[_Words] = []
        # What stood in the one open place of a pattern, until there is enough to make it a family.
        self._stood: dict[_Pattern, set[str]] = {}
        # None of them is a case of another.
        self._families: list[_Pattern] = []

    def learn(self, words: _Words) -> None:
        self._members.append(words)
        grown = [pattern for place in range(len(words)) if (pattern := self._opened(words, place))]
        for pattern in grown:
            self._add(pattern)
        # Where a member fits two families, its family is what both have in common: both its places are values.
        members: Iterable[_Words] = self._members if grown else [words]
        while sum(map(self._join, members)):
            members = self._members

    def family_of(self, words: _Words) -> _Pattern:
        return min((family for family in self._families if _covers(family, words)), key=_generality, default=words)

    def _opened(self, words: _Words, place: int) -> _Pattern | None:
        """The template with that place open, if this word is what it took to make it a family."""
        pattern = (*words[:place], None, *words[place + 1 :])
        if not self._worded(pattern) or any(_covers(family, pattern) for family in self._families):
            return None
        if not (_LETTER.match(words[place]) or words[place] == WILDCARD):
            return None
        stood = self._stood.setdefault(pattern, set())
        stood.add(words[place])
        if len(stood) < self._variety:
            return None
        del self._stood[pattern]
        return pattern

    def _join(self, words: _Words) -> bool:
        """Whether families were made one."""
        fitting = [family for family in self._families if _covers(family, words)]
        if len(fitting) < 2:
            return False
        joint = tuple(None if None in places else places[0] for places in zip(*fitting, strict=True))
        return self._worded(joint) and self._add(joint)

    def _add(self, pattern: _Pattern) -> bool:
        """Whether it is new."""
        if any(_covers(family, pattern) for family in self._families):
            return False
        self._families = [family for family in self._families if not _covers(pattern, family)]
        self._families.append(pattern)
        return True

    def _worded(self, pattern: _Pattern) -> bool:
        agreeing = (word for word in pattern if word and len(word) > 1 and _LETTER.match(word))
        return sum(1 for _ in agreeing) >= self._wording


def _words(text: str) -> _Words:
    return tuple(_WORD.findall(text))


def _signs(text: str) -> str:
    return _WORD.sub("\0", text)


def _covers(family: _Pattern, words: _Pattern) -> bool:
    return all(one is None or one == other for one, other in zip(family, words, strict=True))


def _generality(pattern: _Pattern) -> tuple[int, tuple[str, ...]]:
    return -pattern.count(None), tuple(word or "" for word in pattern)
