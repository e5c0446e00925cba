"""All rows, and a run of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from google.protobuf.message import DecodeError

from clients.conformance import grpc_rows, http_rows, json_rows
from clients.conformance.errors import NoAnswerError
from clients.conformance.receiver import DoorMissingError, Receiver
from clients.conformance.row import Level, Row, Seen, Verdict, judged, skipped

ROWS: tuple[Row, ...] = (*grpc_rows.ROWS, *http_rows.ROWS, *json_rows.ROWS)


@dataclass(frozen=True, slots=True)
class Result:
    row: Row
    seen: Seen


def run(receiver: Receiver, begin: Callable[[Row], None], rows: Sequence[Row] = ROWS) -> list[Result]:
    """One after the other, `begin` before each. Rows of a door that is missing are skipped."""
    results = []
    for row in rows:
        begin(row)
        results.append(Result(row, _seen(row, receiver)))
    return results


def conformant(results: Sequence[Result]) -> bool:
    """Whether no row that MUST hold failed."""
    return not any(item.row.level is Level.MUST and item.seen.verdict is Verdict.FAIL for item in results)


def _seen(row: Row, receiver: Receiver) -> Seen:
    try:
        return row.check(receiver)
    except DoorMissingError as missing:
        return skipped(str(missing))
    except NoAnswerError as error:
        return judged(False, f"no answer: {error}")
    except (DecodeError, ValueError) as error:
        # A success that can't be read is none.
        return judged(False, f"the answer can't be read: {error}")
