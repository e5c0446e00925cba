"""`hypocenter graph`: who calls whom."""

from __future__ import annotations

import time
from typing import Annotated

import typer
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from hypocenter.v1 import root_cause_service_pb2, service_graph_pb2
from rich.table import Table
from rich.text import Text

from clients.cli.connection import DEFAULT_ADDRESS, Address, Json, connect
from clients.cli.documents import print_document
from clients.cli.durations import parse_duration
from clients.cli.terminal import safe, shown, stdout, table


def graph(
    service: Annotated[str, typer.Option(help="Only around this service.")] = "",
    depth: Annotated[int, typer.Option(min=0, max=10, help="Hops around the service; 0 means 2.")] = 0,
    since: Annotated[
        int | None, typer.Option(parser=parse_duration, metavar="DURATION", help="Only the last 15m, 1h, ...")
    ] = None,
    address: Address = DEFAULT_ADDRESS,
    json: Json = False,
) -> None:
    """Show which services call which, how often, how fast, and how often in vain."""
    start = end = None
    if since is not None:
        now = time.time_ns()
        start, end = Timestamp(), Timestamp()
        start.FromNanoseconds(max(now - since, 0))
        end.FromNanoseconds(now)
    with connect(address) as client:
        found = client.get_service_graph(service_name=service, depth=depth, start_time=start, end_time=end)
    if json:
        print_document(root_cause_service_pb2.GetServiceGraphResponse(service_graph=found))
        return
    console = stdout()
    if not found.nodes and not found.edges:
        console.print("No services seen yet.")
        return
    console.print(_edges(found))
    console.print()
    console.print(_nodes(found))


def _edges(found: service_graph_pb2.ServiceGraph) -> Table:
    rows = table("CALLER → CALLED", ">CALLS", ">FAILED", ">P50", ">P95", "")
    for edge in sorted(found.edges, key=lambda edge: -edge.request_count):
        notes = []
        if edge.asynchronous:
            notes.append("through a queue")
        if edge.basis == service_graph_pb2.ServiceEdge.BASIS_PEER_ATTRIBUTE:
            notes.append("seen by the caller only")
        rows.add_row(
            Text(f"{safe(edge.client)} → {safe(edge.server)}"),
            str(edge.request_count),
            _share(edge.failed_request_count, edge.request_count),
            _milliseconds(edge.p50_duration),
            _milliseconds(edge.p95_duration),
            Text(", ".join(notes), style="dim"),
        )
    return rows


def _nodes(found: service_graph_pb2.ServiceGraph) -> Table:
    rows = table("SERVICE", ">SPANS", ">ERRORS", ">LOGS", "")
    for node in sorted(found.nodes, key=lambda node: node.service_name):
        inferred = node.kind == service_graph_pb2.ServiceNode.KIND_INFERRED
        rows.add_row(
            shown(node.service_name),
            str(node.span_count),
            _share(node.error_count, node.span_count),
            str(node.log_count),
            Text("sends nothing itself" if inferred else "", style="dim"),
        )
    return rows


def _share(part: int, whole: int) -> Text:
    if not part:
        return Text("0", style="dim")
    share = f" ({part / whole:.1%})" if whole else ""
    return Text(f"{part}{share}", style="red")


def _milliseconds(duration: Duration) -> str:
    nano = duration.ToNanoseconds()
    return f"{nano / 1e6:,.1f} ms" if nano else ""
