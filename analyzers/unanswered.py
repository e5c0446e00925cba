"""Calls that fail for their caller although the callee knows nothing of it."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from analyzers.baseline import Baseline, EdgeBaseline
from analyzers.exemplar import SpanExemplar, repeated
from analyzers.halves import Half, Halves
from analyzers.rates import Rate
from analyzers.service import ServiceKey
from analyzers.sketch import Sketch
from analyzers.summary import EdgeKey, EdgeStats, Summary

# Caller and callee.
Pair: TypeAlias = tuple[ServiceKey, ServiceKey]

# Of the calls that were not answered, the share that must have been answered too late for it to be what happened; and
# where their caller hardly waits for as long as half of all calls usually take: of many at once some get lost.
_MOSTLY, _SOME = 0.5, 0.25
# Standard deviations of log durations: who always waited no longer would always have failed in one of forty calls. And
# those, with what departs by less of it (a share), from where a callee is slower than usual.
_USUAL, _SLOWER, _TOLERANCE = 2.0, 2.5, 0.2
# Calls of others that tell as much as they ever do of whom the same caller never called.
_STRANGER = 20.0


@dataclass(frozen=True, slots=True)
class Unanswered:
    """`failed` of `calls`; `usual` is how many it normally is. `early`: the callee answered, as fast as ever, and the
    caller had given up sooner than most answers take."""

    failed: int
    calls: int
    usual: Rate
    examples: tuple[SpanExemplar, ...]
    early: bool

    def surprise(self, tolerance: float) -> float:
        return self.usual.of_calls(self.failed, self.calls, tolerance, repeated(self.examples))


def unanswered(window: Summary, baseline: Baseline, tolerance: float) -> tuple[dict[Pair, Unanswered], int]:
    """Of each caller and callee what is most surprising; and at how many things one looked for that."""
    found: dict[Pair, Unanswered] = {}
    looked_at = 0
    usually = Usually(baseline)
    for pair, edges in _between(window).items():
        if _judged(pair[0], baseline):
            looked_at += 1
            _keep(found, pair, _by_edges(pair, edges, window, usually), tolerance)
    for pair, halves in Halves(baseline).unanswered(window).items():
        if _judged(pair[0], baseline):
            looked_at += len(halves)
            _keep(found, pair, (_by_half(pair, item, window, baseline) for item in halves), tolerance)
    return found, looked_at


def _keep(found: dict[Pair, Unanswered], pair: Pair, items: Iterator[Unanswered], tolerance: float) -> None:
    for item in items:
        known = found.get(pair)
        if known is None or item.surprise(tolerance) > known.surprise(tolerance):
            found[pair] = item


def _judged(client: ServiceKey, baseline: Baseline) -> bool:
    known = baseline.services.get(client)
    return known is not None and known.learned > 0


def _between(window: Summary) -> dict[Pair, list[tuple[int, EdgeStats]]]:
    """The edges between the same two, each with how many of its calls were not answered: first the one of calls that
    the callee said nothing of."""
    found: dict[Pair, list[tuple[int, EdgeStats]]] = {}
    for edge, stats in window.edges.items():
        if not edge.asynchronous:
            pair = found.setdefault((edge.client, edge.server), [])
            if edge.inferred:
                pair.insert(0, (stats.errors, stats))
            else:
                pair.append((stats.lost, stats))
    return found


def _by_edges(
    pair: Pair, edges: list[tuple[int, EdgeStats]], window: Summary, usually: "Usually"
) -> Iterator[Unanswered]:
    baseline = usually.baseline
    failing = [stats for failed, stats in edges if failed]
    failed = sum(failed for failed, _ in edges) - _astray(pair, window, baseline)
    if failing and failed > 0:
        unheard = window.edges.get(EdgeKey(*pair, inferred=True)) or EdgeStats()
        yield Unanswered(
            failed,
            sum(stats.calls for _, stats in edges),
            usually.of(pair),
            failing[0].slowest,
            _early(pair, unheard.errors, unheard.duration, window, baseline),
        )


def _by_half(pair: Pair, half: Half, window: Summary, baseline: Baseline) -> Unanswered:
    failed, stats = half.unanswered, half.stats
    early = _early(pair, failed, stats.self_time, window, baseline)
    return Unanswered(failed, stats.calls, half.usual, stats.failed, early)


def _early(pair: Pair, failed: int, waits: Sketch, window: Summary, baseline: Baseline) -> bool:
    """Whether `failed` calls, the slowest of those that took as long as `waits` tells for the caller, were given up too
    soon.

    The half of a call that ended after its caller's is known without what lies between the two. It may be of somebody
    else than the caller says, as where a proxy answers for an address.
    """
    if not failed:
        return False
    edges = [EdgeKey(*pair)]
    if edges[0] not in window.edges and pair[1] not in baseline.services:
        edges = [item for item in window.edges if item.client == pair[0] and not (item.asynchronous or item.inferred)]
    waited = waits.quantile(1.0 - failed / max(failed, waits.count) / 2.0)
    return any(_given_up(edge, failed, waited, window, baseline) for edge in edges)


def _given_up(edge: EdgeKey, failed: int, waited: float, window: Summary, baseline: Baseline) -> bool:
    """Whether so many were answered after all on this edge, as fast as ever."""
    answered, known = window.edges.get(edge), baseline.edges.get(edge)
    if answered is None or known is None or known.duration.count <= 0:
        return False
    usually = max(0.0, 1.0 - known.gap.count / known.duration.count)
    # Of those that are usually late, as many as chance may bring.
    chance = _USUAL * math.sqrt(answered.duration.count * usually * (1.0 - usually))
    late = answered.duration.count * (1.0 - usually) - answered.gap.count - chance
    middle, enough = (math.exp(known.duration.mean + far * math.sqrt(known.duration.variance)) for far in (0.0, _USUAL))
    return (
        late >= (_SOME if waited <= (1.0 + _TOLERANCE) * middle else _MOSTLY) * failed
        and waited <= enough
        and known.duration.surprise(answered.duration, _TOLERANCE) < _SLOWER
    )


def _astray(pair: Pair, window: Summary, baseline: Baseline) -> int:
    """Calls that failed with their callee, and of which its half is missing as it always is of some: it was lost, or
    its clock is off."""
    usual, usual_alone = (baseline.edges.get(EdgeKey(*pair, inferred=inferred)) for inferred in (False, True))
    answered = window.edges.get(EdgeKey(*pair))
    if answered is None or usual is None or usual_alone is None or not usual.errors.exposure:
        return 0
    return round(answered.errors * usual_alone.errors.exposure / usual.errors.exposure)


class Usually:
    """How many calls are not answered, as a baseline tells while it is not learned from."""

    def __init__(self, baseline: Baseline) -> None:
        self.baseline = baseline

    def of(self, pair: Pair) -> Rate:
        """Of all calls of the same two: those that are not answered are another edge, of which alone nothing is usual.
        Of a callee that is new, as all that the same caller calls tell: whoever is called answers, as a rule."""
        rate = Rate()
        for inferred in (False, True):
            known = self.baseline.edges.get(EdgeKey(*pair, inferred=inferred))
            if known is not None:
                rate = rate.with_also(_unanswered(known, inferred))
        if rate.exposure >= _STRANGER:
            return rate
        others = self._by_caller.get(pair[0], Rate())
        part = min(1.0, (_STRANGER - rate.exposure) / others.exposure) if others.exposure > 0 else 0.0
        rate = rate.with_also(Rate(others.count * part, others.exposure * part))
        return rate if rate.exposure > 0 else Rate(0.0, 1.0)

    # Not before it is asked for: there may be many calls, and mostly nobody calls anybody new in vain.
    @cached_property
    def _by_caller(self) -> dict[ServiceKey, Rate]:
        found: dict[ServiceKey, Rate] = {}
        for edge, known in self.baseline.edges.items():
            if not edge.asynchronous:
                rate = found.setdefault(edge.client, Rate())
                found[edge.client] = rate.with_also(_unanswered(known, edge.inferred))
        return found


def _unanswered(known: EdgeBaseline, inferred: bool) -> Rate:
    learned = known.errors if inferred else known.lost
    return learned if learned.exposure > 0 else Rate(0.0, known.calls.count)
