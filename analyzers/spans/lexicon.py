"""Numbers for what spans name again and again: who sent them, what they are called, whom they call."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np

from analyzers.columns import Int32, Int64, Peer
from analyzers.service import Resource, ServiceKey

Word = TypeVar("Word", bound=Hashable)


class Words(Generic[Word]):
    """Words and their numbers, which are places in `known`."""

    def __init__(self, known: Iterable[Word] = ()) -> None:
        self.known = list(known)
        self._numbers = {word: number for number, word in enumerate(self.known)}

    def __len__(self) -> int:
        return len(self.known)

    def numbers(self, words: Iterable[Word]) -> Int32:
        """The number of each; words that are new get one."""
        numbers, known = self._numbers, self.known
        found = []
        for word in words:
            number = numbers.get(word)
            if number is None:
                number = numbers[word] = len(known)
                known.append(word)
            found.append(number)
        return np.array(found, dtype=np.int32)

    def forget_but(self, used: Int64) -> Int32:
        """Keep only the words of these numbers, each given once; the new number of each old one."""
        moved = np.full(len(self.known), -1, dtype=np.int32)
        moved[used] = np.arange(len(used), dtype=np.int32)
        self.known = [self.known[number] for number in used.tolist()]
        self._numbers = {word: number for number, word in enumerate(self.known)}
        return moved


@dataclass(slots=True)
class Lexicon:
    """One for all spans that are held. A name is an operation's."""

    resources: Words[Resource] = field(default_factory=Words)
    names: Words[str] = field(default_factory=Words)
    peers: Words[Peer] = field(default_factory=Words)

    def __len__(self) -> int:
        return len(self.resources) + len(self.names) + len(self.peers)

    def services(self, resources: Int64) -> tuple[Sequence[ServiceKey], Int64]:
        """The different services of these resources, and the place there of each one's: a service has many."""
        services: Words[ServiceKey] = Words()
        known = self.resources.known
        numbers = services.numbers(known[number].service for number in resources.tolist())
        return services.known, numbers.astype(np.int64)

    def alphabetical(self, names: Int32) -> Int64:
        """The rank of each among them."""
        known = self.names.known
        numbers, of = np.unique(names, return_inverse=True)
        texts = [known[number] for number in numbers.tolist()]
        ranks = np.empty(len(texts), dtype=np.int64)
        ranks[sorted(range(len(texts)), key=texts.__getitem__)] = np.arange(len(texts))
        return ranks.take(of)
