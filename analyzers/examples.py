"""Log records that may be shown as examples, in columns until it is known which are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzers.columns import Bools, Int32, Int64, UInt64
from analyzers.exemplar import KEPT, WARN, LogExemplar, log_exemplars

_CHARS = 500


@dataclass(frozen=True, slots=True)
class Examples:
    """Records of several groups; `group`, `scope` and `exception` are numbers that say which."""

    group: Int64
    time: Int64
    trace_id: UInt64
    span_id: UInt64
    body: "pa.StringArray"
    scope: Int64
    exception: Int64

    def __len__(self) -> int:
        return len(self.group)

    @staticmethod
    def joined(parts: Sequence["Examples"]) -> "Examples":
        """All of them. At least one is needed."""
        return Examples(
            np.concatenate([part.group for part in parts]),
            np.concatenate([part.time for part in parts]),
            np.concatenate([part.trace_id for part in parts]),
            np.concatenate([part.span_id for part in parts]),
            pa.concat_arrays([part.body for part in parts]),
            np.concatenate([part.scope for part in parts]),
            np.concatenate([part.exception for part in parts]),
        )

    def take(self, places: Int64) -> "Examples":
        return Examples(
            self.group.take(places),
            self.time.take(places),
            self.trace_id.take(places, axis=0),
            self.span_id.take(places),
            self.texts(places),
            self.scope.take(places),
            self.exception.take(places),
        )

    def texts(self, places: Int64) -> "pa.StringArray":
        return self.body.take(pa.array(places))

    def best(self, severity: Int64) -> "Examples":
        """The oldest of each group, as `oldest` chooses them; `severity` is that of each group."""
        most = wanted(severity).take(self.group)
        return self.take(oldest(self.group, self.time, ordered(self.trace_id[:, 0]), most, self.texts)[0])

    def shown(self, of: Int64, severity: Int64) -> tuple["Examples", Int64, Bools]:
        """Those that may be kept when groups are put together: `of` says for each group into which one. Ordered by that
        number, with it, and whether `keep_logs` has to look at it again because not all that orders it is here."""
        target, trace_id = of.take(self.group), self.trace_id
        columns = (target, self.time, ordered(trace_id[:, 0]), ordered(trace_id[:, 1]), ordered(self.span_id))
        order = np.lexsort(columns[::-1])
        target = target.take(order)
        first = starts(target)
        size = np.diff(np.append(first, len(target)))
        calm: Bools = severity.take(self.group.take(order)) < WARN
        before: Int64 = np.cumsum(calm) - calm
        kept: Bools = ~calm | (before == np.repeat(before.take(first), size))
        rank: Int64 = np.cumsum(kept) - kept
        kept &= rank - np.repeat(rank.take(first), size) < KEPT
        doubtful = np.repeat(np.logical_or.reduceat(_alike(order, *columns), first), size)
        chosen = np.flatnonzero(kept | doubtful)
        return self.take(order.take(chosen)), target.take(chosen), doubtful.take(chosen)

    def exemplars(
        self, severity: Int64, pods: Sequence[str], scopes: Sequence[str], exceptions: Sequence[str]
    ) -> list[LogExemplar]:
        """Each; severity and pod are those of its group."""
        return log_exemplars(
            len(self),
            self.time.tolist(),
            _ids(self.trace_id),
            _ids(self.span_id),
            pc.utf8_slice_codeunits(self.body, 0, _CHARS).to_pylist(),
            severity.take(self.group).tolist(),
            map(pods.__getitem__, self.group.tolist()),
            map(scopes.__getitem__, self.scope.tolist()),
            map(exceptions.__getitem__, self.exception.tolist()),
        )


def oldest(
    group: Int64, time: Int64, ids: UInt64, most: Int64, texts: Callable[[Int64], "pa.StringArray"]
) -> tuple[Int64, Int64]:
    """Places of the oldest of each group, as many as `most` says and no two alike, ordered by group, and the rank of
    each from 0 on. Of equal time those with the smallest id or text: arrival must not decide."""
    order = np.lexsort((ids, time, group))
    alike = _alike(order, group, time, ids)
    if alike.any():
        # Texts are looked at where nothing else tells.
        doubtful = order[alike | np.append(alike[1:], False)]
        text = np.zeros(len(order), dtype=np.int64)
        text[doubtful] = pc.rank(texts(doubtful), tiebreaker="dense").to_numpy()
        order = np.lexsort((text, ids, time, group))
        order = order[~_alike(order, group, time, ids, text)]
    first = starts(group.take(order))
    rank = np.arange(len(order)) - np.repeat(first, np.diff(np.append(first, len(order))))
    chosen = np.flatnonzero(rank < most.take(order))
    return order.take(chosen), rank.take(chosen)


def wanted(severity: Int64 | Int32) -> Int64:
    """How many of a group are kept: one example of what is no trouble is enough to show it."""
    return np.where(severity >= WARN, KEPT, 1)


def ordered(ids: UInt64) -> UInt64:
    """Words of ids as numbers that are ordered as their bytes are."""
    return ids.byteswap()


def starts(ordered_numbers: Int64) -> Int64:
    """Where each stretch of equal ones begins; there is at least one."""
    return np.append(0, np.flatnonzero(ordered_numbers[1:] != ordered_numbers[:-1]) + 1)


def _alike(order: Int64, *columns: Int64 | UInt64) -> Bools:
    """Which are like the one before in their order."""
    alike = np.ones(len(order), dtype=np.bool_)
    alike[:1] = False
    for column in columns:
        sorted_ = column.take(order)
        alike[1:] &= sorted_[1:] == sorted_[:-1]
    return alike


def _ids(words: UInt64) -> list[bytes]:
    """The bytes of each; empty for none."""
    size = words[:1].nbytes
    data = words.tobytes()
    there: list[bool] = np.any(words.reshape(len(words), -1), axis=1).tolist()
    return [data[place * size : (place + 1) * size] if known else b"" for place, known in enumerate(there)]
