"""`hypocenter ask`: a question in words, an answer with its sources."""

from __future__ import annotations

from typing import Annotated

import typer
from google.protobuf.json_format import MessageToDict
from hypocenter.v1 import root_cause_service_pb2
from rich.text import Text

from clients.cli.connection import DEFAULT_ADDRESS, Address, Json, connect
from clients.cli.documents import print_values
from clients.cli.terminal import safe, stdout


def ask(
    question: Annotated[list[str], typer.Argument(metavar="QUESTION...", help="For example: why is checkout slow?")],
    incident: Annotated[str, typer.Option(help="The incident it is about.")] = "",
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds to wait for the whole answer.")] = 120.0,
    address: Address = DEFAULT_ADDRESS,
    json: Json = False,
) -> None:
    """Ask about incidents, logs and services; the answer names its sources."""
    if incident and not incident.startswith("incidents/"):
        incident = f"incidents/{incident}"
    console = stdout()
    texts: list[str] = []
    citations: list[root_cause_service_pb2.Citation] = []
    with connect(address) as client:
        for part in client.answer_question(" ".join(question), incident=incident, timeout=timeout):
            if part.HasField("citation"):
                citations.append(part.citation)
            else:
                texts.append(part.text)
                if not json:
                    # Paragraphs of the answer stay paragraphs; each line is made safe by itself.
                    lines = [safe(line, limit=100_000) for line in part.text.split("\n")]
                    console.print(Text("\n".join(lines)), end="", soft_wrap=True)
    if json:
        print_values({"text": "".join(texts), "citations": [MessageToDict(citation) for citation in citations]})
        return
    console.print()
    if citations:
        console.print()
        console.print(Text("From", style="bold"))
        for line in dict.fromkeys(map(_source, citations)):
            console.print(Text(f"  {line}"))


def _source(citation: root_cause_service_pb2.Citation) -> str:
    kind = citation.WhichOneof("source")
    if kind == "incident":
        return safe(citation.incident)
    if kind == "template_id":
        return f"template {safe(citation.template_id)}"
    return f"trace {safe(citation.trace_id)}"
