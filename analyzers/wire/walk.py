"""The fields of many messages of one kind, found one way or the other."""

from collections.abc import Mapping, Sequence

import numpy as np

from analyzers.columns import Int64
from analyzers.native import Native, native
from analyzers.wire.fields import Field, Repeated, Walk
from analyzers.wire.side_by_side import walk_side_by_side
from analyzers.wire.wire import Wire

_NONE: Mapping[int, Sequence[int]] = {}


def walk(
    wire: Wire,
    start: Int64,
    end: Int64,
    single: tuple[int, ...],
    repeated: tuple[int, ...] = (),
    names: Mapping[int, Sequence[int]] = _NONE,
) -> Walk:
    """Find the fields `single` and `repeated` (by tag, see `tag_of`) of the messages at `start` up to `end`.

    `names` holds for repeated fields that are attributes the first eight bytes, little endian, of the names that will
    be asked for: what surely has another name may be left out.
    """
    library = native()
    found = _walk(library, wire, start, end, single, {tag: names.get(tag, ()) for tag in repeated}) if library else None
    return found or walk_side_by_side(wire, start, end, single, repeated)


def _walk(
    library: Native,
    wire: Wire,
    start: Int64,
    end: Int64,
    single: tuple[int, ...],
    repeated: Mapping[int, Sequence[int]],
) -> Walk | None:
    found = library.walk(wire.data, start, end, single, repeated)
    if found is None:
        return None
    fields = {tag: Field(at, size) for tag, at, size in zip(single, found.at, found.size, strict=True)}
    return Walk(fields, {tag: _of(place, found.occurrences) for place, tag in enumerate(repeated)}, found.odd)


def _of(place: int, occurrences: Int64) -> Repeated:
    """Of one of the repeated fields."""
    here = occurrences[np.flatnonzero(occurrences[:, 0] == place)]
    return Repeated(here[:, 1], here[:, 2], here[:, 3])
