"""The levels above the records read in Python: there are few of them."""

from collections.abc import Iterator

from analyzers.wire.outline import Outline, StrangeWireError
from analyzers.wire.side_by_side import VARINT_BYTES
from analyzers.wire.wire import Wire

# In ResourceLogs and ResourceSpans alike, and in ScopeLogs and ScopeSpans.
_GROUPS = 1
_UNKNOWN = 0
_RESOURCE, _SCOPES = 1, 2
_SCOPE, _RECORDS = 1, 2
_RECORDS_TAG = _RECORDS << 3 | 2


def outline_one_by_one(wire: Wire) -> Outline:
    """See `outline`."""
    data, found = wire.data, Outline()
    for number, first, last in _fields(data, 0, len(wire)):
        if number == _GROUPS:
            _read_group(data, first, last, found)
    return found


def _read_group(data: bytes, start: int, end: int, found: Outline) -> None:
    group, resource = len(found.resources), list[bytes]()
    for number, first, last in _fields(data, start, end):
        if number == _RESOURCE:
            resource.append(data[first:last])
        elif number == _SCOPES:
            _read_part(data, first, last, group, found)
    found.resources.append(b"".join(resource))


def _read_part(data: bytes, start: int, end: int, group: int, found: Outline) -> None:
    part, scope, at = len(found.scopes), list[bytes](), start
    while at < end:
        if data[at] == _RECORDS_TAG:
            at = _read_run(data, at, end, part, found)
            continue
        number, first, at = _field(data, at)
        if number == _SCOPE:
            scope.append(data[first:at])
        elif number == _RECORDS:
            # Two bytes of tag where one would do: legal, and nobody's writing.
            raise StrangeWireError
    found.scopes.append(b"".join(scope))
    found.groups.append(group)


def _read_run(data: bytes, start: int, end: int, part: int, found: Outline) -> int:
    """Records side by side; returns where they end. The one loop over records there is, so it does the least."""
    before, mark, at = len(found.marks), found.marks.append, start
    mark(at)
    while at < end and data[at] == _RECORDS_TAG:
        size = data[at + 1]
        if size < 0x80:
            at += size + 2
        elif (high := data[at + 2]) < 0x80:
            # The first byte brings 0x80 too much, and three bytes come before the record.
            at += size + (high << 7) - 0x7D
        else:
            tag, (_, first, at) = at, _field(data, at)
            if first > tag + 1 + VARINT_BYTES:
                raise StrangeWireError
        mark(at)
    found.parts.append(part)
    found.counts.append(len(found.marks) - before - 1)
    return at


def _fields(data: bytes, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Number of each length-delimited field (others count as unknown), and where its value starts and ends."""
    at = start
    while at < end:
        number, first, at = _field(data, at)
        yield number, first, at


def _field(data: bytes, at: int) -> tuple[int, int, int]:
    tag, at = _varint(data, at)
    match tag & 7:
        case 2:
            size, first = _varint(data, at)
            return tag >> 3, first, first + size
        # Of these types no field here is, whatever its number.
        case 0:
            return _UNKNOWN, at, _varint(data, at)[1]
        case 1:
            return _UNKNOWN, at, at + 8
        case 5:
            return _UNKNOWN, at, at + 4
    raise StrangeWireError


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Its value and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
