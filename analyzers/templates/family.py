"""Families: templates that are one statement but for words which, seen together, turn out to be values."""

import re
from collections.abc import Iterable, Iterator
from typing import TypeAlias

from analyzers.templates.rules import WILDCARD

# The words of a template; in a pattern None stands where any word may stand.
_Words: TypeAlias = tuple[str, ...]
_Pattern: TypeAlias = tuple[str | None, ...]

_WORD = re.compile(r"[^\s\[\](){},;:=|\"'<>]+")
# What can be a word of the author's: it begins with a letter. Wildcards and punctuation aren't.
_LETTERS = re.compile(r"[^\W\d_]")


class TemplateFamilies:
    """The families of a set of templates: a function of the set, whatever order it came in, until a limit is met.

    A place in a template is a value once `variety` templates are known that differ in that place alone, and at least
    `wording` other words agree. Learning more templates makes families only ever more general, never less.
    """

    def __init__(self, texts: Iterable[str] = (), variety: int = 4, wording: int = 3, limit: int = 8192) -> None:
        """`limit`: templates learned; those after it are told apart with what is known. Longer ones than
        48 words are families of their own."""
        self._variety = variety
        self._wording = wording
        self._limit = limit
        self._learned: set[str] = set()
        self._groups: dict[str, _Group] = {}
        for text in texts:
            self.learn(text)

    def __len__(self) -> int:
        return len(self._learned)

    def learn(self, text: str) -> None:
        """A template was seen."""
        if text in self._learned or len(self._learned) >= self._limit:
            return
        self._learned.add(text)
        words = _words(text)
        if self._wording < len(words) <= _LONGEST:
            group = self._groups.setdefault(_WORD.sub("\0", text), _Group(self._variety, self._wording))
            group.learn(words)

    def family_of(self, text: str) -> str:
        """The text that stands for its family, with wildcards for what varies; the template itself if it has none."""
        group = self._groups.get(_WORD.sub("\0", text))
        if group is None:
            return text
        pattern = iter(group.family_of(_words(text)))
        return _WORD.sub(lambda word: next(pattern) or WILDCARD, text)

    def texts(self) -> tuple[str, ...]:
        """What was learned, sorted: enough to build the same again."""
        return tuple(sorted(self._learned))


_LONGEST = 48


class _Group:
    """Templates with the same number of words and the same signs between them."""

    def __init__(self, variety: int, wording: int) -> None:
        self._variety = variety
        self._wording = wording
        self._members: list[_Words] = []
        # What stood in the one open place of a pattern; enough of it makes a family.
        self._seen: dict[_Pattern, set[str]] = {}
        self._patterns: set[_Pattern] = set()

    def learn(self, words: _Words) -> None:
        self._members.append(words)
        opened = False
        for place, word in enumerate(words):
            if not _LETTERS.match(word):
                continue
            pattern = (*words[:place], None, *words[place + 1 :])
            if not self._worded(pattern):
                return
            seen = self._seen.setdefault(pattern, set())
            if len(seen) < self._variety:
                seen.add(word)
                opened |= len(seen) == self._variety
            if len(seen) >= self._variety:
                self._patterns.add(pattern)
        if opened:
            self._close(self._members)
        else:
            self._close([words])

    def family_of(self, words: _Words) -> _Pattern:
        """The most general pattern that fits."""
        fitting = [pattern for pattern in self._patterns if _fits(pattern, words)]
        return min(fitting, key=_generality, default=words)

    def _close(self, members: Iterable[_Words]) -> None:
        """Where one template fits two patterns, both its places are values."""
        for words in members:
            fitting = [pattern for pattern in self._patterns if _fits(pattern, words)]
            if len(fitting) > 1:
                joint = tuple(
                    None if any(pattern[place] is None for pattern in fitting) else word
                    for place, word in enumerate(words)
                )
                if self._worded(joint):
                    self._patterns.add(joint)

    def _worded(self, pattern: _Pattern) -> bool:
        return sum(word is not None and len(word) > 1 and bool(_LETTERS.match(word)) for word in pattern) >= self._wording


def _words(text: str) -> _Words:
    return tuple(_WORD.findall(text))


def _fits(pattern: _Pattern, words: _Words) -> bool:
    return all(one is None or one == other for one, other in zip(pattern, words, strict=True))


def _generality(pattern: _Pattern) -> tuple[int, tuple[str, ...]]:
    return -pattern.count(None), tuple(word or "" for word in pattern)
