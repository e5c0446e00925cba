"""Lines of JSON, plain or gzipped, with the place of each for error messages."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from clients.replay.case import JsonValue
from clients.replay.errors import Place, ReplayError

_GZIP_MAGIC = b"\x1f\x8b"


def read_objects(path: Path) -> Iterator[tuple[Place, dict[str, JsonValue]]]:
    """Each line's object. Empty lines are passed over. Raises ReplayError for anything else."""
    number = 0
    try:
        with _open(path) as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    place = Place(path, number)
                    yield place, _parse(line, place)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        remedy = "Copy or record the file again: it is cut short or damaged"
        raise ReplayError(Place(path, number + 1), f"cannot be unpacked ({error})", remedy) from error
    except OSError as error:
        raise ReplayError(
            Place(path), f"cannot be read ({error.strerror or error})", "Check the path and its permissions"
        ) from error


def _open(path: Path) -> BinaryIO:
    file = path.open("rb")
    magic = file.read(2)
    file.seek(0)
    if magic != _GZIP_MAGIC:
        return file
    with file:
        return cast(BinaryIO, gzip.open(path))


def _parse(line: bytes, place: Place) -> dict[str, JsonValue]:
    try:
        value = json.loads(line)
    except UnicodeDecodeError as error:
        raise ReplayError(place, f"is not UTF-8 ({error.reason})", "Convert the file to UTF-8") from error
    except json.JSONDecodeError as error:
        problem = f"is not JSON ({error.msg} at column {error.colno})"
        remedy = "Write one whole JSON object on each line; a cut last line can be deleted"
        raise ReplayError(place, problem, remedy) from error
    except RecursionError as error:
        raise ReplayError(place, "is nested too deeply", "Flatten the value, or delete the line") from error
    if not isinstance(value, dict):
        remedy = "Write one whole JSON object on each line"
        raise ReplayError(place, f"holds a JSON {type(value).__name__}, not an object", remedy)
    return value
