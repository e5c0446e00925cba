"""An incident without what one service, one trace or one stretch of time told about it."""

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from analyzers.anomaly import Anomaly
from analyzers.erasure import Selection
from analyzers.exemplar import LogExemplar
from analyzers.service import ServiceKey
from rca.diagnosis import Evidence, RootCause, RuledOut, SimilarIncident
from rca.following import Following
from rca.graph import Edge, Node
from rca.incident import Incident, State

ERASED = "[erased]"
_GONE = ServiceKey("", "", ERASED)
_Value = TypeVar("_Value")


def erased(incident: Incident, selection: Selection) -> Incident:
    """The incident as it was where nothing of it is to go. One that has nothing else to tell keeps its id and its
    times, and is resolved."""
    if selection.kind == "time":
        inside = selection.overlaps(
            incident.start_unix_nano, max(incident.seen_unix_nano, incident.start_unix_nano + 1)
        )
        return _husk(incident) if inside else incident
    gone = frozenset(item.anomaly_id for item in incident.anomalies if _about(item, selection))
    changed = _Eraser(selection, gone).value(incident)
    if changed == incident:
        return incident
    if not changed.services or (incident.anomalies and not changed.anomalies):
        return _husk(incident)
    return replace(changed, revision=incident.revision + 1)


def erased_anomaly(anomaly: Anomaly, selection: Selection) -> Anomaly | None:
    """None when it is about what is to go."""
    if _about(anomaly, selection) or selection.overlaps(anomaly.start_unix_nano, anomaly.end_unix_nano):
        return None
    return _Eraser(selection, frozenset()).value(anomaly)


def _about(anomaly: Anomaly, selection: Selection) -> bool:
    return selection.names(anomaly.service) or (anomaly.peer is not None and selection.names(anomaly.peer))


def _husk(incident: Incident) -> Incident:
    if incident.title == ERASED:
        return incident
    return Incident(
        incident_id=incident.incident_id,
        title=ERASED,
        state=State.RESOLVED,
        severity=incident.severity,
        services=(_GONE,),
        anomalies=(),
        start_unix_nano=incident.start_unix_nano,
        create_unix_nano=incident.create_unix_nano,
        update_unix_nano=incident.update_unix_nano,
        end_unix_nano=incident.end_unix_nano or incident.seen_unix_nano,
        resolve_unix_nano=incident.resolve_unix_nano or incident.update_unix_nano,
        seen_unix_nano=incident.seen_unix_nano,
        revision=incident.revision + 1,
    )


class _Eraser:
    """Walks through all of an incident: drops what is about the service, and takes its name out of every text."""

    def __init__(self, selection: Selection, anomalies: frozenset[str]) -> None:
        self._selection = selection
        self._anomalies = anomalies
        name = selection.service
        names = sorted({name, name.rpartition("/")[2]} - {""}, key=len, reverse=True)
        # Not within a longer name: "cart" is not "cart-cache".
        inner = "|".join(map(re.escape, names))
        self._name = re.compile(rf"(?<![\w./-])(?:[\w.-]+/)*(?:{inner})(?![\w-])") if names else None
        self._trace = selection.trace_id.hex()

    def value(self, value: _Value) -> _Value:
        found: Any = self._value(value)
        return found  # type: ignore[no-any-return]

    def _value(self, value: Any) -> Any:
        if isinstance(value, str):
            return value if type(value) is not str else self._text(value)
        if isinstance(value, ServiceKey):
            return _GONE if self._selection.names(value) else value
        if isinstance(value, tuple):
            return tuple(self._value(item) for item in value if not self._drops(item))
        if isinstance(value, Mapping):
            return {key: self._value(item) for key, item in value.items()}
        if is_dataclass(value) and not isinstance(value, type):
            changes = {}
            for field in fields(value):
                before = getattr(value, field.name)
                after = self._value(before)
                if after is not before and after != before:
                    changes[field.name] = after
            return replace(value, **changes) if changes else value
        return value

    def _text(self, text: str) -> str:
        if self._trace:
            return text.replace(self._trace, ERASED)
        return self._name.sub(ERASED, text) if self._name else text

    def _drops(self, item: object) -> bool:
        names = self._selection.names
        match item:
            case ServiceKey():
                return names(item)
            case Anomaly():
                return _about(item, self._selection)
            case RootCause() | RuledOut() | Node():
                return names(item.service)
            case Following():
                return names(item.service) or names(item.first)
            case Edge():
                return names(item.client) or names(item.server)
            case LogExemplar():
                return self._selection.takes_log(item)
            case Evidence():
                return bool(self._anomalies.intersection(item.anomaly_ids))
            case SimilarIncident():
                return bool(self._selection.service) and item.root_cause == self._selection.service
            case bytes():
                return item == self._selection.trace_id
        return False
