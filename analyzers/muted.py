"""Services that go on working and write next to nothing of what they always wrote: what they log was changed."""

from collections.abc import Container, Iterable

from analyzers.service_baseline import ServiceBaseline
from analyzers.summary import ServiceSummary

# Templates that must be known to come, records of each and of all that are expected since, and the share of these that
# one of them may still have.
_SEVERAL, _EACH, _ALL, _LEFT = 2, 0.5, 2.0, 0.2


def muted(summary: ServiceSummary, known: ServiceBaseline, start_unix_nano: int, end_unix_nano: int) -> Container[str]:
    """Templates of a level that is not written any more, as far as its work tells; WARN and above left out.

    All of the level are gone, or were from some moment between start and end on: were work cut short somewhere, what
    comes before that would be written all the same. Where only records tell of the work, it is done by those that are
    no debugging.
    """
    work = known.exposure(summary)
    if work <= 0:
        return frozenset()
    ordinary = [item for item in known.templates if item not in known.severe and item not in known.debug]
    levels = (ordinary, known.debug) if known.traced else (known.debug,)
    gone = (level for level in levels if _gone(level, work, summary, known, start_unix_nano, end_unix_nano))
    return frozenset(item for level in gone for item in level)


def _gone(
    level: Iterable[str],
    work: float,
    summary: ServiceSummary,
    known: ServiceBaseline,
    start_unix_nano: int,
    end_unix_nano: int,
) -> bool:
    expected, left, last = [], 0.0, start_unix_nano
    for template_id in level:
        rate = known.templates.get(template_id)
        if rate is None or (usual := rate.expected(work)) < _EACH:
            continue
        expected.append(usual)
        if (seen := summary.templates.get(template_id)) is not None:
            left, last = max(left, seen.count / usual), max(last, seen.last_unix_nano or end_unix_nano)
    since = 1.0 if left <= _LEFT else (end_unix_nano - last) / (end_unix_nano - start_unix_nano)
    return sum(usual * since >= _EACH for usual in expected) >= _SEVERAL and sum(expected) * since >= _ALL
