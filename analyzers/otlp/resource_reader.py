"""Resources that were read before."""

from collections.abc import Sequence

import numpy as np
from opentelemetry.proto.resource.v1.resource_pb2 import Resource as ResourceMessage

from analyzers.columns import Int32
from analyzers.otlp.resources import decode_resource
from analyzers.service import Resource

# Resources remembered, and the longest that is.
_MEMO = 4096
_MEMO_BYTES = 4096


class ResourceReader:
    """Every request says the same of its senders again; it is read once."""

    def __init__(self) -> None:
        self._memo: dict[bytes, Resource] = {}

    def read_all(self, serialized: Sequence[bytes]) -> tuple[list[Resource], Int32]:
        """The different ones, and which of them each is."""
        known: dict[bytes, int] = {}
        which = np.array([known.setdefault(item, len(known)) for item in serialized], dtype=np.int32)
        return [self.read(item) for item in known], which

    def read(self, serialized: bytes) -> Resource:
        resource = self._memo.get(serialized)
        if resource is None:
            resource = decode_resource(ResourceMessage.FromString(serialized))
            if len(serialized) <= _MEMO_BYTES:
                if len(self._memo) >= _MEMO:
                    self._memo.clear()
                self._memo[serialized] = resource
        return resource
