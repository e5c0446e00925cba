"""What incidents can be filtered and ordered by."""

from enum import Enum
from typing import TypeVar

from rca.incident import Incident, Severity, State
from server.api.filter import Filter, FilterField, parse_filter, parse_time
from server.api.ordering import Order, OrderField, parse_order

_DEFAULT_ORDER = "start_time desc"
_Choice = TypeVar("_Choice", bound=Enum)


def incident_filter(text: str) -> Filter[Incident]:
    return parse_filter(text, _FILTER_FIELDS)


def incident_order(text: str) -> Order[Incident]:
    return parse_order(text or _DEFAULT_ORDER, _ORDER_FIELDS)


def _choose(kind: type[_Choice], text: str) -> _Choice:
    """A member by its name, with or without the enum's own name in front as in the API."""
    wanted = text.upper().removeprefix(f"{kind.__name__.upper()}_")
    for member in kind:
        if member.name == wanted:
            return member
    raise ValueError("write one of " + ", ".join(member.name for member in kind))


def _state(text: str) -> str:
    return _choose(State, text).value


def _severity(text: str) -> int:
    return _choose(Severity, text).value


def _services(incident: Incident) -> tuple[str, ...]:
    return tuple(name for key in incident.services for name in {key.name, str(key)})


def _root_cause(incident: Incident) -> tuple[str, ...]:
    cause = incident.root_cause
    return () if cause is None else (cause.name, str(cause))


def _known(unix_nano: int) -> tuple[int, ...]:
    return (unix_nano,) if unix_nano else ()


_FILTER_FIELDS: tuple[FilterField[Incident], ...] = (
    FilterField("state", lambda incident: (incident.state.value,), _state),
    FilterField("severity", lambda incident: (incident.severity.value,), _severity, ordered=True),
    FilterField("service_name", _services),
    FilterField("root_cause", _root_cause),
    FilterField("start_time", lambda incident: _known(incident.start_unix_nano), parse_time, ordered=True),
    FilterField("end_time", lambda incident: _known(incident.end_unix_nano), parse_time, ordered=True),
    FilterField("create_time", lambda incident: _known(incident.create_unix_nano), parse_time, ordered=True),
    FilterField("update_time", lambda incident: _known(incident.update_unix_nano), parse_time, ordered=True),
)
_ORDER_FIELDS: tuple[OrderField[Incident], ...] = (
    OrderField("start_time", lambda incident: incident.start_unix_nano),
    OrderField("update_time", lambda incident: incident.update_unix_nano),
    OrderField("severity", lambda incident: incident.severity.value),
)
