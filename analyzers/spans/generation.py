"""Spans remembered for those that belong to them and come later."""

from dataclasses import dataclass

import numpy as np

from analyzers.columns import Int64, UInt64
from analyzers.spans.family import FamilyBuilder
from analyzers.spans.index import Index
from analyzers.spans.rows import NO_ROWS, ROW, SpanRows, keys_of, same


@dataclass(slots=True)
class GenerationState:
    """Packed: `rows` as they are held, `waiting` int64."""

    since: int = 0
    rows: bytes = b""
    waiting: bytes = b""


class Generation:
    """Spans that came within one stretch of waiting, from `since` on."""

    def __init__(self, since: int = 0) -> None:
        self.since = since
        self._held = NO_ROWS
        self._count = 0
        self._index = Index.of(keys_of(NO_ROWS))
        # Children that came before their parent.
        self._waiting = np.zeros(0, dtype=np.int64)
        self._waiting_keys = np.zeros(0, dtype=np.uint64)
        # Of the rows that are of the present family: the first, and their places in it.
        self._first = 0
        self._places: list[Int64] = []

    def __len__(self) -> int:
        return self._count

    @property
    def rows(self) -> SpanRows:
        """Not a copy."""
        return self._held[: self._count]

    def begin(self) -> None:
        """From here on another family is joined."""
        self._first, self._places = self._count, []

    def into(self, family: FamilyBuilder, numbers: Int64) -> Int64:
        """The places of rows in the family, where those go that are not there."""
        found = np.empty(len(numbers), dtype=np.int64)
        here = numbers >= self._first
        if here.any():
            found[here] = np.concatenate(self._places)[numbers[here] - self._first]
        if not here.all():
            distinct, place = np.unique(numbers[~here], return_inverse=True)
            found[~here] = family.bring(self._held.take(distinct))[place]
        return found

    def add(self, rows: SpanRows, keys: UInt64, order: Int64, waiting: Int64, places: Int64) -> None:
        """`keys` are those of the rows, and ascend in `order`; `waiting` are those without a parent; `places` are those
        of the rows in their family."""
        before = self._count
        self._reserve(before + len(rows))
        self._count += len(rows)
        self._held[before : self._count] = rows
        self._places.append(places)
        added = self._held[before : self._count]
        # Never asked for again; so nobody has to remember what it meant.
        added["peer"] = -1
        heard = np.ones(len(rows), dtype=np.bool_)
        heard[waiting] = False
        added["name"][heard] = -1
        self._index.add(keys.take(order), order + before)
        self._waiting = np.concatenate([self._waiting, waiting + before])
        self._waiting_keys = np.concatenate([self._waiting_keys, keys_of(rows.take(waiting), "parent")])

    def seen(self, rows: SpanRows, keys: UInt64, order: Int64) -> Int64:
        """Which of these it has already; `keys` ascend, and are those of the rows in `order`."""
        which, places = self._index.find_ascending(keys)
        which = order.take(which)
        return which[same(rows.take(which), "span", self._held.take(places))]

    def parents(self, rows: SpanRows, children: Int64, keys: UInt64) -> tuple[Int64, Int64]:
        """Which of the children, which are rows, have their parent here, and which it is; `keys` are those of their
        parents."""
        which, places = self._index.find(keys)
        sound = same(rows.take(children.take(which)), "parent", self._held.take(places))
        return which[sound], places[sound]

    def take_children(self, index: Index, rows: SpanRows) -> tuple[Int64, Int64]:
        """Children that waited for one of `rows`, which `index` finds, and the place there of the parent of each. They
        wait no longer."""
        which, parents = index.find(self._waiting_keys)
        children = self._waiting.take(which)
        sound = same(self._held.take(children), "parent", rows.take(parents))
        met = np.zeros(len(self._waiting), dtype=np.bool_)
        met[which[sound]] = True
        self._waiting, self._waiting_keys = self._waiting[~met], self._waiting_keys[~met]
        return children[sound], parents[sound]

    def state(self) -> GenerationState:
        return GenerationState(self.since, self.rows.tobytes(), self._waiting.tobytes())

    @classmethod
    def restored(cls, state: GenerationState) -> "Generation":
        generation = cls(state.since)
        generation._held = np.frombuffer(state.rows, dtype=ROW).copy()
        generation._count = generation._first = len(generation._held)
        generation._index = Index.of(keys_of(generation._held))
        generation._waiting = np.frombuffer(state.waiting, dtype=np.int64)
        generation._waiting_keys = keys_of(generation._held.take(generation._waiting), "parent")
        return generation

    def _reserve(self, count: int) -> None:
        """Twice the room when there is too little, so that growing costs no more than adding."""
        if count > len(self._held):
            held = np.zeros(max(count, 2 * len(self._held)), dtype=ROW)
            held[: self._count] = self.rows
            self._held = held
