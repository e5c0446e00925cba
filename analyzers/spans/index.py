"""Places found by key: two sorted columns."""

import numpy as np

from analyzers.columns import Int64, UInt64

_NOTHING = np.zeros(0, dtype=np.int64)


class Index:
    """No two of the same id in it. Two different ids of one key: once in a lifetime, unless someone is at pains to make
    them; the caller tells them apart, and the second just isn't found."""

    def __init__(self, keys: UInt64, places: Int64) -> None:
        """`keys` ascend."""
        self._keys, self._places = keys, places

    @classmethod
    def of(cls, keys: UInt64) -> "Index":
        """Of keys in any order; the place of each is where it stands."""
        order = np.argsort(keys)
        return cls(keys.take(order), order)

    def __len__(self) -> int:
        return len(self._keys)

    def find(self, sought: UInt64) -> tuple[Int64, Int64]:
        """Which of `sought` may be there, and the place of each that may."""
        if not len(self) or not len(sought):
            return _NOTHING, _NOTHING
        # In their order the search stays where it is; looking all over takes several times as long.
        order = np.argsort(sought)
        met, places = self.find_ascending(sought.take(order))
        return order.take(met), places

    def find_ascending(self, sought: UInt64) -> tuple[Int64, Int64]:
        """The same for keys that ascend."""
        if not len(self):
            return _NOTHING, _NOTHING
        at = np.minimum(np.searchsorted(self._keys, sought), len(self) - 1)
        met = np.flatnonzero(self._keys.take(at) == sought)
        return met, self._places.take(at.take(met))

    def add(self, keys: UInt64, places: Int64) -> None:
        """`keys` ascend."""
        at = np.searchsorted(self._keys, keys)
        self._keys, self._places = np.insert(self._keys, at, keys), np.insert(self._places, at, places)
