"""Calls into edges."""

from collections.abc import Sequence

import numpy as np

from analyzers.census import OTHER_SERVICE
from analyzers.columns import Int64, Peer
from analyzers.exemplar import keep_spans
from analyzers.service import ServiceKey
from analyzers.spans.busiest import busiest
from analyzers.spans.calls import Calls
from analyzers.spans.children import Children
from analyzers.spans.columns import Columns
from analyzers.spans.groups import Groups, sketched
from analyzers.spans.slowest import slowest
from analyzers.summary import EdgeKey, EdgeStats, Summary

_OTHER_EDGE = EdgeKey(OTHER_SERVICE, OTHER_SERVICE)
_NEVER = 2**63 - 1


def count_edges(
    calls: Calls, counted: Int64, columns: Columns, children: Children, summary: Summary, limit: int
) -> int:
    """Those of which both halves are known, those whose callee is known by name alone, and what was taken from queues.
    Returns how many edges found no place among the `limit` of the summary; all these are counted as one from "<other>"
    to itself."""
    services, peers = columns.services, columns.lexicon.peers.known
    pair = columns.service.take(calls.caller) * len(services) + columns.service.take(calls.callee)
    known = Groups.by(pair * 2 + calls.asynchronous, 2 * len(services) ** 2)
    taking = columns.consuming & (columns.peer >= 0)
    halves = counted[(children.unanswered | taking).take(counted)]
    place = columns.service.take(halves) * len(peers) + columns.peer.take(halves)
    named = Groups.by(place * 2 + taking.take(halves), 2 * len(services) * len(peers))
    keys = [_known_edge(code, services) for code in known.codes.tolist()]
    keys += [_named_edge(code, services, peers) for code in named.codes.tolist()]
    first = np.full(len(known), _NEVER)
    np.minimum.at(first, known.of, calls.known)
    edges, folded = _admitted(keys, np.concatenate([first, named.first(halves)]), summary, limit)
    _count_known(edges[: len(known)], known, calls, columns)
    _count_lost(edges[: len(known)], known, calls, children)
    _count(edges[len(known) :], named, halves, columns)
    _keep_slowest(edges[len(known) :], named.of, halves, columns)
    return folded


def _known_edge(code: int, services: Sequence[ServiceKey]) -> EdgeKey:
    pair, asynchronous = divmod(code, 2)
    return EdgeKey(services[pair // len(services)], services[pair % len(services)], bool(asynchronous))


def _named_edge(code: int, services: Sequence[ServiceKey], peers: Sequence[Peer]) -> EdgeKey:
    pair, taken = divmod(code, 2)
    service, peer = services[pair // len(peers)], peers[pair % len(peers)]
    if taken:
        return EdgeKey(peer.service, service, asynchronous=True, inferred=True, consumed=True)
    return EdgeKey(service, peer.service, peer.asynchronous, inferred=True)


def _admitted(keys: Sequence[EdgeKey], first: Int64, summary: Summary, limit: int) -> tuple[list[EdgeStats], int]:
    """Where each is counted, and how many found no place. The first to appear have one; `first` is when each did."""
    found: dict[int, EdgeStats] = {}
    folded = 0
    order = first.tolist()
    for place in sorted(range(len(keys)), key=lambda place: (order[place], keys[place])):
        key = keys[place]
        if key not in summary.edges and len(summary.edges) >= limit:
            folded += 1
            key = _OTHER_EDGE
        found[place] = summary.edge(key)
    return [found[place] for place in range(len(keys))], folded


def _count_known(edges: Sequence[EdgeStats], groups: Groups, calls: Calls, columns: Columns) -> None:
    _count(edges, groups, calls.callee, columns)
    alone = np.flatnonzero(calls.alone)
    gap = columns.duration.take(calls.caller.take(alone)) - columns.duration.take(calls.callee.take(alone))
    for number, bins, weights in sketched(groups.of.take(alone), np.maximum(gap, 1), len(edges)):
        edges[number].gap.add_bins(bins, weights)
    # A caller that makes the same call several times is one example.
    members = np.unique(groups.of * len(columns.rows) + calls.caller)
    _keep_slowest(edges, members // len(columns.rows), members % len(columns.rows), columns)


def _count_lost(edges: Sequence[EdgeStats], groups: Groups, calls: Calls, children: Children) -> None:
    lost = groups.counts(np.flatnonzero(calls.alone & children.lost.take(calls.caller)))
    for edge, number in zip(edges, lost.tolist(), strict=True):
        edge.lost += number


def _count(edges: Sequence[EdgeStats], groups: Groups, answered: Int64, columns: Columns) -> None:
    """`answered` are the rows that tell how it went."""
    errors = groups.counts(np.flatnonzero(columns.error.take(answered)))
    for edge, calls, failed in zip(edges, groups.counts().tolist(), errors.tolist(), strict=True):
        edge.calls += calls
        edge.errors += failed
    for number, bins, weights in sketched(groups.of, columns.duration.take(answered), len(edges)):
        edges[number].duration.add_bins(bins, weights)
    for number, repeated, trace_id in busiest(columns, groups.of, answered):
        edges[number].add_trace(repeated, trace_id)


def _keep_slowest(edges: Sequence[EdgeStats], group: Int64, callers: Int64, columns: Columns) -> None:
    for number, found in slowest(columns, group, callers, [edge.slowest for edge in edges]):
        edges[number].slowest = keep_spans(edges[number].slowest, found)
