"""Spans remembered for those that come later."""

import numpy as np

from analyzers.spans.generation import Generation
from analyzers.spans.index import Index
from analyzers.spans.rows import ROW, SpanRows, keys_of


def rows(*ids: tuple[int, int, int]) -> SpanRows:
    """Trace, span and parent."""
    made = np.zeros(len(ids), dtype=ROW)
    for place, (trace, span, parent) in enumerate(ids):
        made[place]["trace_low"], made[place]["span"], made[place]["parent"] = trace, span, parent
    return made


def remembered(held: SpanRows, waiting: list[int]) -> Generation:
    generation, keys = Generation(), keys_of(held)
    generation.add(held, keys, np.argsort(keys), np.array(waiting, dtype=np.int64), np.arange(len(held)))
    return generation


def seen(generation: Generation, sought: SpanRows) -> list[int]:
    keys = keys_of(sought)
    order = np.argsort(keys)
    return sorted(generation.seen(sought, keys.take(order), order).tolist())


def test_the_trace_is_part_of_the_id() -> None:
    generation = remembered(rows((1, 5, 0), (2, 6, 0)), [])
    assert seen(generation, rows((2, 5, 0), (1, 5, 0), (2, 6, 0), (1, 6, 0))) == [1, 2]


def test_ids_that_share_a_key_are_told_apart() -> None:
    """A collision of keys joins no strangers."""
    generation = remembered(rows((1, 5, 0)), [])
    stranger = rows((7, 7, 0))
    assert generation.seen(stranger, keys_of(rows((1, 5, 0))), np.array([0])).tolist() == []
    assert generation.parents(stranger, np.array([0]), keys_of(rows((1, 5, 0))))[0].tolist() == []
    alike = keys_of(rows((1, 5, 0)))
    waiting = remembered(rows((1, 9, 5)), [0])
    assert waiting.take_children(Index.of(alike), stranger)[0].tolist() == []
    assert waiting.take_children(Index.of(alike), rows((1, 5, 0)))[0].tolist() == [0]


def test_children_wait_for_their_parent_once() -> None:
    generation = remembered(rows((1, 5, 3), (1, 6, 3), (1, 7, 4)), [0, 1, 2])
    parents = rows((1, 4, 0), (1, 3, 0), (2, 3, 0))
    index = Index.of(keys_of(parents))
    children, found = generation.take_children(index, parents)
    assert sorted(zip(children.tolist(), found.tolist(), strict=True)) == [(0, 1), (1, 1), (2, 0)]
    assert generation.take_children(index, parents)[0].tolist() == []


def test_going_on_from_a_checkpoint() -> None:
    generation = Generation.restored(remembered(rows((1, 5, 3), (1, 6, 5)), [0]).state())
    assert seen(generation, rows((1, 6, 0), (1, 8, 0))) == [0]
    parents = rows((1, 3, 0))
    assert generation.take_children(Index.of(keys_of(parents)), parents)[0].tolist() == [0]
    later = rows((1, 9, 0))
    generation.add(later, keys_of(later), np.array([0]), np.zeros(0, dtype=np.int64), np.array([0]))
    assert (len(generation), seen(generation, later)) == (3, [0])
