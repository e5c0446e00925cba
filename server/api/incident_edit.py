"""What a caller may change about an incident."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TypeVar

from hypocenter.v1 import incident_pb2, incident_service_pb2

from rca.incident import Incident, Severity
from server.api.messages.incidents import from_severity
from server.errors import FieldViolation, InvalidInputError

_FIELDS = ("title", "severity", "labels", "resolution")
_TITLE_CHARS = 300
_RESOLUTION_CHARS = 16_384
_LABELS = 64
_LABEL_KEY_CHARS = 128
_LABEL_VALUE_CHARS = 1024

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class IncidentEdit:
    """New values; None leaves a field as it is."""

    title: str | None = None
    severity: Severity | None = None
    labels: Mapping[str, str] | None = None
    resolution: str | None = None

    def apply(self, incident: Incident) -> Incident:
        """An incident equal to the given one where nothing changes."""
        return replace(
            incident,
            title=_or(self.title, incident.title),
            severity=_or(self.severity, incident.severity),
            labels=_or(self.labels, incident.labels),
            resolution=_or(self.resolution, incident.resolution),
        )


def read_edit(request: incident_service_pb2.UpdateIncidentRequest) -> IncidentEdit:
    """The masked fields, or without a mask those that are set. Raises `InvalidInputError`."""
    incident = request.incident
    if request.HasField("update_mask"):
        paths = set(request.update_mask.paths)
    else:
        paths = {field for field in _FIELDS if getattr(incident, field)}
    violations = [_unknown(path) for path in sorted(paths.difference(_FIELDS))]
    if not paths:
        violations.append(FieldViolation("update_mask", "nothing to change: name or set any of " + ", ".join(_FIELDS)))
    for path in _FIELDS:
        if path in paths:
            violations.extend(_CHECKS[path](incident))
    if violations:
        raise InvalidInputError(*violations)
    return IncidentEdit(
        title=incident.title if "title" in paths else None,
        severity=from_severity(incident.severity) if "severity" in paths else None,
        labels=dict(incident.labels) if "labels" in paths else None,
        resolution=incident.resolution if "resolution" in paths else None,
    )


def check_resolution(resolution: str, field: str) -> list[FieldViolation]:
    if len(resolution) <= _RESOLUTION_CHARS:
        return []
    return [FieldViolation(field, f"must have at most {_RESOLUTION_CHARS} characters")]


def _or(new: _Value | None, old: _Value) -> _Value:
    return old if new is None else new


def _unknown(path: str) -> FieldViolation:
    allowed = "can't be changed; name any of " + ", ".join(_FIELDS)
    if path == "state":
        allowed += "; the state is moved by AcknowledgeIncident and ResolveIncident"
    return FieldViolation("update_mask", f"{path!r} {allowed}")


def _check_title(incident: incident_pb2.Incident) -> Iterable[FieldViolation]:
    if not incident.title.strip() or len(incident.title) > _TITLE_CHARS:
        yield FieldViolation("incident.title", f"must have 1 to {_TITLE_CHARS} characters")


def _check_severity(incident: incident_pb2.Incident) -> Iterable[FieldViolation]:
    if from_severity(incident.severity) is None:
        yield FieldViolation("incident.severity", "must be one of LOW, MEDIUM, HIGH, CRITICAL")


def _check_labels(incident: incident_pb2.Incident) -> Iterable[FieldViolation]:
    if len(incident.labels) > _LABELS:
        yield FieldViolation("incident.labels", f"must be at most {_LABELS}")
    for key, value in incident.labels.items():
        if not key or len(key) > _LABEL_KEY_CHARS or len(value) > _LABEL_VALUE_CHARS:
            description = (
                f"{key[:40]!r}: keys have 1 to {_LABEL_KEY_CHARS}, values at most {_LABEL_VALUE_CHARS} characters"
            )
            yield FieldViolation("incident.labels", description)


def _check_resolution(incident: incident_pb2.Incident) -> Iterable[FieldViolation]:
    return check_resolution(incident.resolution, "incident.resolution")


_CHECKS: Mapping[str, Callable[[incident_pb2.Incident], Iterable[FieldViolation]]] = MappingProxyType(
    {"title": _check_title, "severity": _check_severity, "labels": _check_labels, "resolution": _check_resolution}
)
