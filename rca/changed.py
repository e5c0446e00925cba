"""What was changed shortly before something broke: the first question on every call, and evidence like any other."""

from collections.abc import Iterable, Mapping, Sequence

from analyzers.anomaly import Anomaly
from analyzers.changes import GRACE, Change
from analyzers.service import ServiceKey
from rca.diagnosis import Evidence

SIGNAL = "change"
Changes = Mapping[ServiceKey, Sequence[Change]]

_SECOND = 1_000_000_000
# A change is known to its bucket. An onset is known to a window or two where nothing tells it exactly, and reported
# early rather than late.
_SLACK, _VAGUE = 10 * _SECOND, 30 * _SECOND
# What counts of a change as old as the grace period, where the newest counts full.
_LEAST = 0.5
# Findings that any deployment brings: other wording is no failure.
_NOVELTY = frozenset({"new_template", "template_rate"})
_ERROR = 17


def blamed_change(changes: Iterable[Change], found: Sequence[Anomaly]) -> Change | None:
    """The newest change that what was found of its service may have come of."""
    onset, exact = began(found)
    early, late = onset - GRACE, onset + (_SLACK if exact else _VAGUE)
    fitting = [item for item in changes if early <= item.time_unix_nano <= late]
    return max(fitting, key=lambda item: (item.time_unix_nano, item.kind), default=None)


def change_evidence(change: Change, found: Sequence[Anomaly], most: float) -> Evidence:
    """Counts `most` right after the change, less later."""
    elapsed = max(0, began(found)[0] - change.time_unix_nano)
    when = f"{round(elapsed / _SECOND)} s before" if elapsed > 0 else "about the time"
    return Evidence(
        signal=SIGNAL,
        contribution=most * (1 - (1 - _LEAST) * elapsed / GRACE),
        description=f"{change}, {when} it departed from normal",
    )


def began(found: Sequence[Anomaly]) -> tuple[int, bool]:
    """When it began, and whether a record tells so; else it is the start of the window it was found in."""
    exact = [item.onset_unix_nano for item in found if item.onset_unix_nano > item.start_unix_nano]
    return (min(exact), True) if exact else (min(item.onset_unix_nano for item in found), False)


def only_reworded(found: Iterable[Anomaly]) -> bool:
    """Whether all that is known of a service are log lines that are new, more or fewer, none of them an error."""
    return all(
        item.detector in _NOVELTY and not any(seen.severity >= _ERROR for seen in item.exemplars) for item in found
    )
