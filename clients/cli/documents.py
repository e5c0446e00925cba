"""Writing for programs: protobuf's JSON, pure ASCII, on standard output."""

from __future__ import annotations

import json
import sys

from google.protobuf.json_format import MessageToJson
from google.protobuf.message import Message


def print_document(message: Message) -> None:
    """One message as one document, with its empty fields, so that a program finds what it looks for."""
    sys.stdout.write(_json(message, indent=2) + "\n")


def print_line(message: Message) -> None:
    """One message as one line, at once."""
    sys.stdout.write(_json(message, indent=None) + "\n")
    sys.stdout.flush()


def print_values(values: object) -> None:
    """What is no message of the API, as one document."""
    sys.stdout.write(json.dumps(values, indent=2) + "\n")


def _json(message: Message, indent: int | None) -> str:
    return MessageToJson(message, indent=indent, always_print_fields_with_no_presence=True, ensure_ascii=True)
