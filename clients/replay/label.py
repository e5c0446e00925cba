"""What was wrong in a case, from its label.json."""

from __future__ import annotations

import json
from pathlib import Path

from clients.replay.case import Label
from clients.replay.errors import Place, ReplayError
from clients.replay.fields import Fields


def read_label(path: Path) -> Label:
    """Raises ReplayError when the file is not a label. Fields it does not know are left alone."""
    place = Place(path)
    try:
        value = json.loads(path.read_bytes())
    except OSError as error:
        raise ReplayError(place, f"cannot be read ({error.strerror})", "Check its permissions") from error
    except (ValueError, RecursionError) as error:
        raise ReplayError(place, f"is not JSON ({error})", "Correct it, or delete the file to go without") from error
    if not isinstance(value, dict):
        raise ReplayError(place, "is not a JSON object", "Correct it, or delete the file to go without")
    fields = Fields(place, value)
    services = _texts(fields, "root_cause_services")
    if not services and fields.text("root_cause_service"):
        services = (fields.text("root_cause_service"),)
    return Label(
        root_cause_services=services,
        root_cause_pod=fields.text("root_cause_pod"),
        fault_type=fields.text("fault_type"),
        inject_unix_nano=fields.number("inject_unix_nano") if fields.has("inject_unix_nano") else None,
        fault_window_unix_nano=_window(fields, "fault_window_unix_nano"),
        nezha_window_unix_nano=_window(fields, "nezha_window_unix_nano"),
        normal_dir=fields.text("normal_dir"),
        inner_label=fields.text("inner_label"),
    )


def _texts(fields: Fields, field: str) -> tuple[str, ...]:
    value = fields.value(field)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise fields.error(field, "must be a list of strings", 'Write ["service", ...]')
    return tuple(str(item) for item in value)


def _window(fields: Fields, field: str) -> tuple[int, int] | None:
    value = fields.value(field)
    if value is None:
        return None
    if isinstance(value, list) and len(value) == 2:
        begin, end = value
        if isinstance(begin, int) and isinstance(end, int):
            return begin, end
    raise fields.error(field, "must be two whole numbers", "Write [first nanosecond, last nanosecond]")
