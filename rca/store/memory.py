"""Incidents for as long as the process lives."""

import math
import re
import threading
import unicodedata
from collections import Counter
from collections.abc import Sequence

from rca.incident import Incident
from rca.store.base import StoreError
from rca.store.codec import owned, searchable

# Scripts written without spaces; words there are found by every pair of neighbours.
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+")
_WORD = re.compile(r"[^\W_]+")


class MemoryStore:
    """Searches by BM25 over words, in a plain scan."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._incidents: dict[str, Incident] = {}
        self._words: dict[str, Counter[str]] = {}
        self._closed = False

    def save(self, incident: Incident) -> None:
        words = Counter(_words(searchable(incident)))
        with self._lock:
            self._check_open()
            self._incidents[incident.incident_id] = owned(incident)
            self._words[incident.incident_id] = words

    def get(self, incident_id: str) -> Incident | None:
        with self._lock:
            self._check_open()
            found = self._incidents.get(incident_id)
        return owned(found) if found else None

    def list(self) -> Sequence[Incident]:
        with self._lock:
            self._check_open()
            held = tuple(self._incidents.values())
        return tuple(owned(item) for item in sorted(held, key=_newest_first))

    def search(self, query: str, limit: int) -> Sequence[tuple[Incident, float]]:
        terms = set(_words(query))
        with self._lock:
            self._check_open()
            scores = self._scores(terms)
            found = [(self._incidents[incident_id], score) for incident_id, score in scores.items()]
        found.sort(key=lambda pair: (-pair[1], *_newest_first(pair[0])))
        return tuple((owned(incident), score) for incident, score in found[: max(limit, 0)])

    def purge(self) -> None:
        """Nothing is kept of what was replaced."""

    def close(self) -> None:
        with self._lock:
            self._closed = True

    def _scores(self, terms: set[str]) -> dict[str, float]:
        scores: dict[str, float] = {}
        typical = sum(words.total() for words in self._words.values()) / max(len(self._words), 1)
        for term in sorted(terms):
            holders = {incident_id: words for incident_id, words in self._words.items() if term in words}
            rarity = math.log(1 + (len(self._words) - len(holders) + 0.5) / (len(holders) + 0.5))
            for incident_id, words in holders.items():
                length = 0.25 + 0.75 * words.total() / typical
                gain = rarity * words[term] * 2.2 / (words[term] + 1.2 * length)
                scores[incident_id] = scores.get(incident_id, 0.0) + gain
        return scores

    def _check_open(self) -> None:
        if self._closed:
            raise StoreError("the incident store is closed")


def _newest_first(incident: Incident) -> tuple[int, str]:
    return (-incident.start_unix_nano, incident.incident_id)


def _words(text: str) -> list[str]:
    plain = "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char)).lower()
    pairs = [run[index : index + 2] for run in _UNSPACED.findall(plain) for index in range(max(len(run) - 1, 1))]
    return _WORD.findall(_UNSPACED.sub(" ", plain)) + pairs
