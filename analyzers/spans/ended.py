"""Which span was which operation."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analyzers.columns import Int64, UInt64
from analyzers.service import ServiceKey
from analyzers.spans.groups import Groups
from analyzers.spans.lexicon import Lexicon
from analyzers.spans.rows import SpanRows


@dataclass(frozen=True, slots=True)
class Ended:
    """Spans that ended in one bucket, in event-time order, as they were sent: repeated ones are there again."""

    # 0 for none.
    span_id: UInt64
    # Place in `operations`, which are services and their operations.
    operation: Int64
    operations: Sequence[tuple[ServiceKey, str]]

    @classmethod
    def of(cls, rows: SpanRows, lexicon: Lexicon) -> "Ended":
        resources, names = lexicon.resources.known, lexicon.names.known
        codes = rows["resource"].astype(np.int64) * len(names) + rows["name"]
        groups = Groups.by(codes, len(resources) * len(names))
        operations = [
            (resources[code // len(names)].service, names[code % len(names)]) for code in groups.codes.tolist()
        ]
        return cls(np.ascontiguousarray(rows["span"]), groups.of, operations)
