"""What was changed on purpose: versions, pods and configuration, and when."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from analyzers.census import OTHER

_SECOND = 1_000_000_000
# For so long after a change, new log lines and others than before are to be expected, and a fault may come of it.
GRACE = 300 * _SECOND
# Pods that appear within this time of one another appear together, and a version that was gone for as long is gone.
_TOGETHER = 60 * _SECOND
# Event names, of which no convention has settled any yet: what, and what became of it.
_EVENT = re.compile(
    r"(config|configuration|setting|settings|properties|feature_?flag|deployment|release|rollout)s?"
    r"[._-]?(change|changed|update|updated|reload|reloaded|refresh|refreshed|applied|completed|finished|started)",
    re.IGNORECASE,
)
# Different ones kept of one service and bucket, and characters of each.
_MAX_EVENTS, _EVENT_CHARS = 20, 200
# Remembered of one service.
_MAX_CHANGES, _MAX_VERSIONS, _MAX_PODS = 8, 100, 500
# A configuration read again this often, as far as is remembered, is routine.
_ROUTINE = 4


class ChangeKind(StrEnum):
    VERSION = "version"
    PODS = "pods"
    CONFIG = "config"


@dataclass(frozen=True, slots=True)
class Change:
    """`before` and `after` are versions, numbers of pods, or nothing and what the event said."""

    kind: ChangeKind
    before: str
    after: str
    # Start of the bucket in which it was first seen, event time.
    time_unix_nano: int

    def __str__(self) -> str:
        match self.kind:
            case ChangeKind.VERSION:
                return f"version {self.before} -> {self.after}"
            case ChangeKind.PODS:
                return f"{self.after} new pods where {self.before} ran before"
            case ChangeKind.CONFIG:
                return f"configuration changed ({self.after})"


@dataclass(slots=True)
class Running:
    """What runs of one service, and how that changed lately. Bounded; `note` is called with every bucket, in order."""

    # When each was last seen.
    versions: dict[str, int] = field(default_factory=dict)
    pods: dict[str, int] = field(default_factory=dict)
    # The version that most of it has; empty before one was seen.
    version: str = ""
    # Pods that appeared together last, and when the first and the last of them did.
    born: tuple[str, ...] = ()
    born_from: int = 0
    born_until: int = 0
    # Whether those are the first of all, which is no change.
    founding: bool = True
    # Oldest first.
    changes: tuple[Change, ...] = ()
    # Start of the newest bucket taken in; older ones say nothing new.
    noted: int = 0

    def note(self, versions: Mapping[str, int], pods: Mapping[str, int], events: Iterable[str], now: int) -> bool:
        """Take in who sent how much, and events of a changed configuration, in the bucket that starts now. Whether
        there was a version that had never been seen."""
        if now <= self.noted:
            return False
        self.noted = now
        fresh = self._note_versions(versions, now)
        self._note_pods(pods, now)
        for text in sorted(events):
            self._add(Change(ChangeKind.CONFIG, "", text, now))
        return fresh

    @property
    def telling(self) -> tuple[Change, ...]:
        """Changes that are no routine, oldest first."""
        texts = [item.after for item in self.changes if item.kind is ChangeKind.CONFIG]
        return tuple(
            item for item in self.changes if item.kind is not ChangeKind.CONFIG or texts.count(item.after) < _ROUTINE
        )

    def last(self, now: int) -> Change | None:
        """The change whose grace period it is; the newest of several."""
        return next((item for item in reversed(self.telling) if 0 <= now - item.time_unix_nano <= GRACE), None)

    def _note_versions(self, versions: Mapping[str, int], now: int) -> bool:
        known = {name: count for name, count in versions.items() if name and name != OTHER}
        if not known:
            return False
        fresh = sorted(known.keys() - self.versions.keys())
        main = max(sorted(known), key=lambda name: known[name])
        before = self.version
        if before and fresh:
            for name in fresh:
                self._add(Change(ChangeKind.VERSION, before, name, now))
        elif before and main != before and now - self.versions.get(before, now) > _TOGETHER:
            # Rolled back, unless it is the end of what began with its first appearance.
            newest = [item.after for item in self.changes if item.kind is ChangeKind.VERSION][-1:]
            if newest != [main]:
                self._add(Change(ChangeKind.VERSION, before, main, now))
        if not before or now - self.versions.get(before, 0) > _TOGETHER:
            self.version = main
        self.versions = _newest(self.versions | dict.fromkeys(known, now), _MAX_VERSIONS)
        return bool(before and fresh)

    def _note_pods(self, pods: Mapping[str, int], now: int) -> None:
        known = sorted(name for name in pods if name and name != OTHER)
        fresh = [name for name in known if name not in self.pods]
        if fresh and (not self.born or now - self.born_until >= _TOGETHER):
            self.founding = not self.born
            self.born, self.born_from = (), now
        if fresh:
            self.born, self.born_until = (*self.born, *fresh)[:_MAX_PODS], now
        # Those that were there when the new ones came.
        earlier = [name for name, seen in self.pods.items() if self.born_from - seen <= _TOGETHER]
        before = [name for name in earlier if name not in self.born]
        self.pods = _newest(self.pods | dict.fromkeys(known, now), _MAX_PODS)
        if not fresh or self.founding or len(self.born) < 2 or len(self.born) < len(before):
            return
        if all(self.born_from - item.time_unix_nano > _TOGETHER for item in self.changes):
            self._add(Change(ChangeKind.PODS, str(len(before)), str(len(self.born)), self.born_from))

    def _add(self, change: Change) -> None:
        same = [item for item in self.changes if (item.kind, item.after) == (change.kind, change.after)]
        if change.kind is ChangeKind.CONFIG and len(same) >= _ROUTINE:
            # Only when it last was is news.
            self.changes = (*(item for item in self.changes if item is not same[0]), change)
        else:
            self.changes = (*self.changes, change)[-_MAX_CHANGES:]


def tells_of_change(event_name: str) -> bool:
    """Whether events of this name say that a configuration was changed or a release went out."""
    return _EVENT.search(event_name) is not None


def note_event(events: dict[str, int], event_name: str, text: str, count: int) -> None:
    """Add an event to those of a service and bucket; `text` is the template of its record."""
    said = f'{event_name}: "{text}"' if text else event_name
    said = said[:_EVENT_CHARS]
    if said in events or len(events) < _MAX_EVENTS:
        events[said] = events.get(said, 0) + count


def _newest(seen: dict[str, int], limit: int) -> dict[str, int]:
    """The `limit` that were seen last."""
    if len(seen) <= limit:
        return seen
    return dict(sorted(seen.items(), key=lambda item: (-item[1], item[0]))[:limit])
