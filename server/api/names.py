"""What callers call things by."""

import re
from collections.abc import Iterable

from analyzers.service import ServiceKey
from rca.incident import Incident
from rca.store.base import IncidentStore
from server.errors import FieldViolation, InvalidInputError, NotFoundError

_INCIDENT = re.compile(r"incidents/([A-Za-z0-9_.-]{1,128})")


def parse_incident(name: str, field: str) -> str:
    """The id in "incidents/{incident}". Raises `InvalidInputError` about `field`."""
    if not name:
        raise InvalidInputError(FieldViolation(field, 'is required; write "incidents/{incident}"'))
    found = _INCIDENT.fullmatch(name)
    if found is None:
        raise InvalidInputError(FieldViolation(field, 'is not a name of an incident; write "incidents/{incident}"'))
    return found[1]


def find_incident(store: IncidentStore, name: str, field: str) -> Incident:
    """Raises `NotFoundError` and, about `field`, `InvalidInputError`."""
    incident = store.get(parse_incident(name, field))
    if incident is None:
        raise NotFoundError(f"there is no incident {name!r}")
    return incident


def matching_services(name: str, services: Iterable[ServiceKey]) -> list[ServiceKey]:
    """Those called so, by bare name or in full ("environment/namespace/name"), sorted."""
    return sorted(key for key in set(services) if name in (key.name, str(key)))


def find_service(name: str, services: Iterable[ServiceKey], field: str) -> ServiceKey:
    """The one called so. Raises `NotFoundError`, and `InvalidInputError` when several are."""
    found = matching_services(name, services)
    if not found:
        raise NotFoundError(f"there is no service {name!r} in what is held")
    # In full it is one, even if another's bare name reads the same.
    in_full = [key for key in found if str(key) == name]
    if len(found) > 1 and len(in_full) != 1:
        choice = ", ".join(str(key) for key in found)
        raise InvalidInputError(FieldViolation(field, f"names several services; write one of {choice}"))
    return (in_full or found)[0]
