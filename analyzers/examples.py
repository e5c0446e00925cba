"""Log records that may be shown as examples, in columns until it is known which are."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzers.columns import Bools, Int64, LogBatch, UInt64
from analyzers.exemplar import KEPT, WARN, LogExemplar

_CHARS = 500


@dataclass(frozen=True, slots=True)
class Examples:
    """Records of several groups; `group` is a number that says which. Ordered within a group as exemplars are."""

    group: Int64
    time: Int64
    severity: Int64
    trace_id: UInt64
    span_id: UInt64
    body: "pa.StringArray"
    pod: Sequence[str]
    scope: Sequence[str]
    exception_type: Sequence[str]

    def __len__(self) -> int:
        return len(self.group)

    @staticmethod
    def of(batch: LogBatch, rows: Int64, group: Int64) -> "Examples":
        """Some rows of a batch, with the group each is in."""
        resources, scopes, exceptions = batch.resources, batch.scopes, batch.exception_type
        return Examples(
            group,
            batch.time_unix_nano[rows],
            batch.severity[rows].astype(np.int64),
            batch.trace_id[rows],
            batch.span_id[rows],
            batch.body.take(pa.array(rows)),
            [resources[place].pod for place in batch.resource[rows].tolist()],
            [scopes[place] for place in batch.scope[rows].tolist()],
            [exceptions.get(row, "") for row in rows.tolist()] if exceptions else [""] * len(rows),
        )

    @staticmethod
    def joined(parts: Sequence["Examples"]) -> "Examples":
        """All of them. At least one is needed."""
        return Examples(
            np.concatenate([part.group for part in parts]),
            np.concatenate([part.time for part in parts]),
            np.concatenate([part.severity for part in parts]),
            np.concatenate([part.trace_id for part in parts]),
            np.concatenate([part.span_id for part in parts]),
            pa.concat_arrays([part.body for part in parts]),
            [pod for part in parts for pod in part.pod],
            [scope for part in parts for scope in part.scope],
            [name for part in parts for name in part.exception_type],
        )

    @property
    def wanted(self) -> Int64:
        """How many of its group are kept: one example of what is no trouble is enough to show it."""
        return np.where(self.severity >= WARN, KEPT, 1)

    @property
    def order_id(self) -> UInt64:
        """The first half of the trace id, as bytes are ordered."""
        ids: UInt64 = self.trace_id[:, 0].byteswap()
        return ids

    def best(self) -> tuple["Examples", Int64]:
        """The oldest of each group, as many as are wanted and no two alike, and the rank of each from 0 on. Of equal
        time those with the smallest trace id or text: arrival must not decide."""
        ids, texts = self.order_id, pc.rank(self.body, tiebreaker="dense").to_numpy()
        order = np.lexsort((texts, ids, self.time, self.group))
        alike = np.ones(len(order), dtype=np.bool_)
        for column in (self.group, self.time, ids, texts):
            ordered = column[order]
            alike[1:] &= ordered[1:] == ordered[:-1]
        alike[:1] = False
        order = order[~alike]
        group = self.group[order]
        first = np.flatnonzero(np.r_[True, group[1:] != group[:-1]])
        rank = np.arange(len(group)) - np.repeat(first, np.diff(np.r_[first, len(group)]))
        chosen: Bools = rank < self.wanted[order]
        return self._taken(order[chosen]), rank[chosen]

    def exemplars(self) -> Iterator[tuple[int, LogExemplar]]:
        """Each with its group."""
        columns = zip(
            self.group.tolist(),
            self.time.tolist(),
            self.severity.tolist(),
            _ids(self.trace_id),
            _ids(self.span_id),
            self.body.to_pylist(),
            self.pod,
            self.scope,
            self.exception_type,
            strict=True,
        )
        for group, time, severity, trace_id, span_id, body, pod, scope, exception_type in columns:
            yield (
                group,
                LogExemplar(time, trace_id, span_id, body[:_CHARS], severity, pod, scope, exception_type),
            )

    def _taken(self, places: Int64) -> "Examples":
        chosen = places.tolist()
        return Examples(
            self.group[places],
            self.time[places],
            self.severity[places],
            self.trace_id[places],
            self.span_id[places],
            self.body.take(pa.array(places)),
            [self.pod[place] for place in chosen],
            [self.scope[place] for place in chosen],
            [self.exception_type[place] for place in chosen],
        )


def _ids(words: UInt64) -> list[bytes]:
    """The bytes of each; empty for none."""
    size = words[:1].nbytes
    data = words.tobytes()
    there: list[bool] = np.any(words.reshape(len(words), -1), axis=1).tolist()
    return [data[place * size : (place + 1) * size] if known else b"" for place, known in enumerate(there)]
