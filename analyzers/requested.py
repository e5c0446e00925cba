"""Log lines that tell what somebody asked for."""

import re

from analyzers.entrances import Entrances
from analyzers.service import ServiceKey

_ERROR = 17
# The beginning of a request line (RFC 9112, section 3), as access logs have it.
_REQUEST_LINE = re.compile(r"\b(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) (?:/|\*|<\*>|https?://)")


def asked_for(text: str, severity: int, service: ServiceKey, entrances: Entrances) -> bool:
    """Whether a line is about a request from outside, and is no error: whoever tries all doors is told that they are
    shut, in a warning each, and nothing is wrong."""
    return severity < _ERROR and _REQUEST_LINE.search(text) is not None and entrances.is_one(service)
