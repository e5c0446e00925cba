"""Opaque tokens: where to go on, bound to the request they were given for."""

import base64
import binascii
import hashlib
import json

from google.protobuf.message import Message

Part = str | int | float

_LONGEST = 4096


def binding(request: Message, *without: str) -> str:
    """The same for the same request, apart from the fields in `without`."""
    copy = type(request)()
    copy.CopyFrom(request)
    for field in without:
        copy.ClearField(field)
    text = request.DESCRIPTOR.full_name.encode() + b"\0" + copy.SerializeToString(deterministic=True)
    return hashlib.blake2b(text, digest_size=8).hexdigest()


def seal(bound_to: str, *parts: Part) -> str:
    return base64.urlsafe_b64encode(json.dumps([bound_to, *parts]).encode()).decode().rstrip("=")


def unseal(token: str, bound_to: str) -> tuple[Part, ...] | None:
    """The parts; None when the token is not one of ours, or was given for another request."""
    if len(token) > _LONGEST:
        return None
    try:
        parts = json.loads(base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        return None
    if not isinstance(parts, list) or not all(type(part) in (str, int, float) for part in parts):
        return None
    return tuple(parts[1:]) if parts[:1] == [bound_to] else None
