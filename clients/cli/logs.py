"""`hypocenter logs search` and `hypocenter templates`: what was written."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Annotated

import typer
from hypocenter.client import LogSearch
from hypocenter.v1 import log_pb2, log_service_pb2
from hypocenter.v1.log_service_pb2 import SearchLogsResponse
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from rich.table import Table
from rich.text import Text

from clients.cli.connection import DEFAULT_ADDRESS, Address, Json, Limit, connect
from clients.cli.documents import print_document
from clients.cli.terminal import clock, moment, safe, shown, stderr, stdout, table

app = typer.Typer(no_args_is_help=True, help="Log records that are still held.")
_MAX_PAGE = 1000
_LEVELS = ("", "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
_LESS = "name a service or a shorter time"
_INCOMPLETE = {
    SearchLogsResponse.INCOMPLETE_REASON_BYTES: f"there was more to look through than one search may read; {_LESS}",
    SearchLogsResponse.INCOMPLETE_REASON_TIME: f"there was more to look through than one search has time for; {_LESS}",
    SearchLogsResponse.INCOMPLETE_REASON_BUSY: "others were searching all the while; try again",
}
_STYLES = {"WARN": "yellow", "ERROR": "red", "FATAL": "bold red"}


@app.command()
def search(
    words: Annotated[list[str] | None, typer.Argument(metavar="[WORDS...]", help="All must occur.")] = None,
    filter: Annotated[
        str, typer.Option("--filter", metavar="EXPRESSION", help="For example: severity_number >= 17.")
    ] = "",
    service: Annotated[str, typer.Option(help="Only this service.")] = "",
    limit: Limit = 50,
    address: Address = DEFAULT_ADDRESS,
    json: Json = False,
) -> None:
    """Search log records that are still held, newest first."""
    if service:
        quoted = service.replace("\\", "\\\\").replace('"', '\\"')
        filter = " AND ".join(filter_ for filter_ in (f'service_name = "{quoted}"', filter) if filter_)
    with connect(address) as client:
        found = client.search_logs(" ".join(words or []), filter=filter, page_size=min(limit, _MAX_PAGE))
        entries = list(islice(found, limit))
    if json:
        print_document(SearchLogsResponse(entries=entries, incomplete_reason=found.incomplete_reason))
        return
    stdout().print(_table(entries) if entries else "Nothing found.")
    warn_incomplete(found)


def _table(entries: Iterable[log_pb2.LogEntry]) -> Table:
    rows = table("!TIME", "LEVEL", "SERVICE", "BODY", "TRACE")
    for entry in entries:
        nano = entry.record.time_unix_nano or entry.record.observed_time_unix_nano
        rows.add_row(
            clock(nano) if nano else "",
            _level(entry.record.severity_number),
            shown(entry.service_name),
            shown(body_text(entry.record.body), limit=500),
            shown(entry.record.trace_id.hex(), "dim"),
        )
    return rows


def templates(
    service: Annotated[str, typer.Option(help="Only this service.")] = "",
    limit: Limit = 50,
    address: Address = DEFAULT_ADDRESS,
    json: Json = False,
) -> None:
    """List the recurring shapes of log messages, most frequent first."""
    with connect(address) as client:
        found = list(islice(client.list_log_templates(service, page_size=min(limit, _MAX_PAGE)), limit))
    if json:
        print_document(log_service_pb2.ListLogTemplatesResponse(templates=found))
        return
    if not found:
        stdout().print("No templates yet.")
        return
    rows = table(">COUNT", "LEVEL", "SERVICE", "TEMPLATE", "!LAST SEEN", "ID")
    for template in found:
        rows.add_row(
            str(template.count),
            _level(template.max_severity_number),
            shown(template.service.service_name),
            shown(template.text, limit=500),
            moment(template.last_seen_time),
            shown(template.template_id, "dim"),
        )
    stdout().print(rows)


def body_text(body: AnyValue) -> str:
    """A body as text: a string as it is, anything else in protobuf's short form."""
    if body.HasField("string_value"):
        return body.string_value
    return safe(" ".join(str(body).split()))


def warn_incomplete(found: LogSearch) -> None:
    """Say on standard error that there may be more, when there may."""
    if found.incomplete_reason:
        reason = _INCOMPLETE.get(found.incomplete_reason, "the server ended the search early")
        stderr().print(Text(f"records may be missing: {reason}", style="yellow"))


def _level(number: int) -> Text:
    # OTLP's severity numbers come in fours.
    name = _LEVELS[(number + 3) // 4] if 0 <= number <= 24 else str(number)
    return Text(name, style=_STYLES.get(name, ""))
