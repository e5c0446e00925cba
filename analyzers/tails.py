"""Some calls that take far longer than they usually do, for a while: packets sent again, a lock, one shard of many."""

from analyzers.baseline import Baseline
from analyzers.summary import Summary


def mark(bucket: Summary, baseline: Baseline) -> None:
    """Note of each operation and edge of a closed bucket whether many of its calls are far out. Buckets are counted and
    not calls, since one pause makes many calls wait at once."""
    for service, summary in bucket.services.items():
        known = baseline.services.get(service)
        for name, stats in summary.operations.items():
            learned = known.operations.get(name) if known is not None else None
            stats.timed = int(stats.self_time.count > 0)
            stats.slow = int(learned is not None and learned.self_time.far_out(stats.self_time, learned.negligible))
    for edge, calls in bucket.edges.items():
        calls.slow = 0
        seen = calls.duration if edge.inferred else calls.gap
        calls.timed = int(seen.count > 0)
        if (usual := baseline.edges.get(edge)) is not None:
            # What a single job asks for again and again is slow for one reason.
            if repeated := usual.repeated(calls):
                seen = seen.without_slowest(repeated)
            calls.slow = int((usual.duration if edge.inferred else usual.gap).far_out(seen))
