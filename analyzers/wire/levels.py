"""The levels above the records, found one way or the other."""

from analyzers.native import NativeLevels, native
from analyzers.wire.one_by_one import outline_one_by_one
from analyzers.wire.outline import Outline, StrangeWireError
from analyzers.wire.wire import Wire


def outline(wire: Wire) -> Outline:
    """Raises `StrangeWireError`."""
    library = native()
    if library is None:
        return outline_one_by_one(wire)
    levels = library.levels(wire.data, len(wire))
    if levels is None:
        raise StrangeWireError
    return _outline_of(levels, wire.data)


def _outline_of(levels: NativeLevels, data: bytes) -> Outline:
    """The same from what was met, in that order."""
    resources: list[list[bytes]] = []
    scopes: list[list[bytes]] = []
    found = Outline(places=(levels.start, levels.end))
    for kind, first, second in levels.events.tolist():
        match kind:
            case NativeLevels.GROUP:
                resources.append([])
            case NativeLevels.RESOURCE:
                resources[-1].append(data[first:second])
            case NativeLevels.PART:
                scopes.append([])
                found.groups.append(len(resources) - 1)
            case NativeLevels.SCOPE:
                scopes[-1].append(data[first:second])
            case NativeLevels.RUN:
                found.parts.append(len(scopes) - 1)
                found.counts.append(first)
    # Said twice, the two are merged, which is what joining their bytes means.
    found.resources.extend(map(b"".join, resources))
    found.scopes.extend(map(b"".join, scopes))
    return found
