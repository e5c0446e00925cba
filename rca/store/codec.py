"""An incident as a store holds it: bytes to get it back from, and text to find it by."""

import re
from collections.abc import Iterator
from dataclasses import replace

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import PydanticSerializationError

from rca.incident import Incident
from rca.store.base import StoreError

# Grows when older programs could misread what newer ones write. A new field with a default needs no new format.
FORMAT = 1

# Where an identifier like OrderTimeoutException has its joints.
_JOINT = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class _Header(BaseModel):
    format: int


class _Envelope(BaseModel):
    model_config = ConfigDict(
        ser_json_bytes="base64", val_json_bytes="base64", ser_json_inf_nan="constants", extra="ignore"
    )

    format: int
    incident: Incident


def encode(incident: Incident) -> bytes:
    """JSON, in UTF-8. Raises `StoreError` for text that is not valid Unicode."""
    try:
        return (
            _Envelope.model_construct(format=FORMAT, incident=owned(incident))
            .model_dump_json(warnings="error")
            .encode()
        )
    except PydanticSerializationError as error:
        raise StoreError(f"incident {incident.incident_id!r} can't be stored: {error}") from error


def decode(data: bytes) -> Incident:
    """What `encode` was given. Fields it doesn't know are ignored; a newer format is a `StoreError`."""
    try:
        envelope = _Envelope.model_validate_json(data)
    except ValidationError as error:
        check_format(_format(data))
        raise StoreError(f"a stored incident can't be read: {error}") from error
    check_format(envelope.format)
    return envelope.incident


def check_format(number: int) -> None:
    """Raises `StoreError` when `number` is newer than this program."""
    if number > FORMAT:
        raise StoreError(
            f"incidents are stored in format {number}, this program reads up to {FORMAT}:"
            " run the newer version that wrote them, or give this one a data_dir of its own"
        )


def searchable(incident: Incident) -> str:
    """Title, services, hypotheses, subjects of anomalies (templates, operations, edges), exception types, resolution.

    Identifiers also stand there split into their words, so that `timeout` finds OrderTimeoutException.
    """
    lines = list(dict.fromkeys(line for line in _lines(incident) if line))
    joined = "\n".join(lines)
    words = dict.fromkeys(word for word in re.findall(r"\w+", joined) if _JOINT.search(word))
    return "\n".join((joined, *(_JOINT.sub(" ", word) for word in words)))


def owned(incident: Incident) -> Incident:
    """The same, sharing nothing that can change."""
    return replace(incident, labels=dict(incident.labels))


def _lines(incident: Incident) -> Iterator[str]:
    yield incident.title
    yield from (str(service) for service in incident.services)
    if incident.diagnosis is not None:
        yield from (cause.hypothesis for cause in incident.diagnosis.root_causes)
    for anomaly in incident.anomalies:
        yield anomaly.subject
        yield from (exemplar.exception_type for exemplar in anomaly.exemplars)
    yield incident.resolution


def _format(data: bytes) -> int:
    try:
        return _Header.model_validate_json(data).format
    except ValidationError:
        return FORMAT
