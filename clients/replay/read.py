"""Reading recordings: case folders, single files of rows, and files of OTLP JSON lines."""

from __future__ import annotations

from pathlib import Path

from clients.replay import otlp_json
from clients.replay.case import Case, LogRow, SpanRow, make_case
from clients.replay.errors import Place, ReplayError
from clients.replay.fields import Fields
from clients.replay.label import read_label
from clients.replay.lines import read_objects
from clients.replay.rows import log_row, span_row

_ENDINGS = (".jsonl", ".jsonl.gz")


def read_case(path: Path | str) -> Case:
    """The recording at `path`: a folder with logs.jsonl and spans.jsonl (or other OTLP files), or a single file.

    Each may be gzipped; what a line holds is told from the line. Raises ReplayError with the place and a remedy.
    """
    path = Path(path)
    logs: list[LogRow] = []
    spans: list[SpanRow] = []
    skipped = 0
    for file in _files(path) if path.is_dir() else [path]:
        for place, values in read_objects(file):
            # A line of the Collector may carry any signal, and an export of nothing at all is an empty object.
            if not values or otlp_json.SIGNALS & values.keys():
                if otlp_json.LOGS in values:
                    logs.extend(otlp_json.log_rows(place, values))
                elif otlp_json.SPANS in values:
                    spans.extend(otlp_json.span_rows(place, values))
                else:
                    skipped += 1
            elif "start_unix_nano" in values or "parent_span_id" in values or file.name.startswith("spans."):
                spans.append(span_row(Fields(place, values)))
            elif "time_unix_nano" in values or "body" in values or file.name.startswith("logs."):
                logs.append(log_row(Fields(place, values)))
            else:
                problem = f"is neither a log nor a span (it has {', '.join(sorted(values))})"
                remedy = "Logs need time_unix_nano, service and body; spans start_unix_nano and end_unix_nano"
                raise ReplayError(place, problem, f"{remedy}; OTLP lines begin with resourceLogs or resourceSpans")
    label = path / "label.json"
    found = read_label(label) if path.is_dir() and label.is_file() else None
    return make_case([path], logs, spans, found, skipped)


def _files(folder: Path) -> list[Path]:
    chosen: list[Path] = []
    for stem in ("logs", "spans"):
        here = [folder / f"{stem}{ending}" for ending in _ENDINGS if (folder / f"{stem}{ending}").is_file()]
        if len(here) > 1:
            remedy = "Delete or move one of them, so that nothing is sent twice"
            raise ReplayError(Place(folder), f"holds both {here[0].name} and {here[1].name}", remedy)
        chosen += here
    chosen = chosen or sorted(file for file in folder.iterdir() if file.name.endswith(_ENDINGS))
    if not chosen:
        problem = "holds no logs.jsonl, spans.jsonl or other .jsonl file, gzipped or not"
        raise ReplayError(Place(folder), problem, "Name a case folder, or a file of OTLP JSON lines")
    return chosen
