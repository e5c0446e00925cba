"""`hypocenter replay`: recorded logs and spans, sent again."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer
from hypocenter.client.channel import Tls, bearer, open_channel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from clients.cli.connection import FAILED, UNREACHABLE, WRONG_USAGE, Json, credentials, fail
from clients.cli.documents import print_values
from clients.cli.durations import parse_duration
from clients.cli.terminal import clock, safe, stderr, stdout
from clients.replay import (
    OtlpSender,
    Pace,
    ReplayError,
    SendError,
    Stretch,
    Totals,
    WallClock,
    lay_out,
    merge_cases,
    read_case,
    to_otlp_requests,
)
from clients.replay import replay as run

DEFAULT_ENDPOINT = "127.0.0.1:4317"


@dataclass(frozen=True, slots=True)
class Speed:
    """Event seconds a second; None is as fast as it goes."""

    factor: float | None


def parse_speed(text: str) -> Speed:
    """ "max", or a number above 0. Raises typer.BadParameter for anything else."""
    if text == "max":
        return Speed(None)
    try:
        factor = float(text)
    except ValueError:
        factor = 0.0
    if not 0 < factor < float("inf"):
        raise typer.BadParameter(f"{text!r} is not a speed: write 1, 10, 0.5 or max")
    return Speed(factor)


def replay(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", help="Case folders, files of rows, or OTLP JSON lines.")
    ],
    endpoint: Annotated[
        str, typer.Option(envvar="HYPOCENTER_OTLP", metavar="HOST:PORT", help="Any OTLP/gRPC endpoint.")
    ] = DEFAULT_ENDPOINT,
    speed: Annotated[
        Speed, typer.Option(parser=parse_speed, metavar="SPEED", help="1 as recorded, 10 ten times as fast, or max.")
    ] = "max",  # type: ignore[assignment]
    shift_to_now: Annotated[
        bool, typer.Option("--shift-to-now", help="Move all times: at max the last record is now, at 1 the first.")
    ] = False,
    before: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Send this first, moved to end just before the rest begins.")
    ] = None,
    shuffle: Annotated[
        int, typer.Option(parser=parse_duration, metavar="DURATION", help="Mix batches within this much event time.")
    ] = "0",  # type: ignore[assignment]
    seed: Annotated[int, typer.Option(help="The same seed shuffles alike.")] = 0,
    batch_size: Annotated[int, typer.Option(min=1, help="Rows in a batch, logs and spans together.")] = 500,
    batch_time: Annotated[
        int | None, typer.Option(parser=parse_duration, metavar="DURATION", help="End a batch after this event time.")
    ] = None,
    gzip: Annotated[bool, typer.Option("--gzip", help="Compress, as a Collector does.")] = False,
    json: Json = False,
) -> None:
    """Send recorded logs and spans to an OTLP endpoint, in the order of their times."""
    if batch_time == 0:
        fail("--batch-time must be more than 0", WRONG_USAGE)
    try:
        case = merge_cases([read_case(path) for path in paths])
        prelude = read_case(before) if before is not None else None
    except ReplayError as error:
        fail(str(error), WRONG_USAGE)
    stretches = lay_out(case, prelude, shift_to_unix_nano=time.time_ns() if shift_to_now else None, speed=speed.factor)
    batches = chain.from_iterable(
        to_otlp_requests(
            stretch.case,
            batch_size=batch_size,
            batch_nano=batch_time,
            shift_nano=stretch.shift_nano,
            shuffle_nano=shuffle,
            seed=seed,
        )
        for stretch in stretches
    )
    wall = WallClock()
    target, plaintext = _target(endpoint)
    found = credentials()
    tls = found.tls if not plaintext else None
    if endpoint.startswith("https://"):
        tls = tls or Tls()
    begun = wall.now()
    try:
        with (
            open_channel(target, tls=tls, insecure=tls is None and (plaintext or found.insecure)) as channel,
            _progress(sum(len(s.case.logs) + len(s.case.spans) for s in stretches)) as progress,
        ):
            sender = OtlpSender(channel, metadata=bearer(found.token), gzip=gzip)
            pace = Pace(speed.factor, _first(stretches), wall)
            totals = run(batches, sender, pace, on_batch=progress.show, on_retry=progress.warn)
    except SendError as error:
        if error.unreachable:
            hint = 'start it with "hypocenter serve", or name another with --endpoint HOST:PORT'
            fail(f"nothing takes OTLP at {target} ({error.message}): {hint}", UNREACHABLE)
        fail(f"{target} refuses everything ({error.message}): is it an OTLP/gRPC port? See --endpoint", FAILED)
    _report(totals, wall.now() - begun, sum(s.case.skipped_metrics for s in stretches), json)
    if totals.rejected:
        raise typer.Exit(FAILED)


def _target(endpoint: str) -> tuple[str, bool]:
    """HOST:PORT, and whether a scheme asks for plaintext."""
    parts = urlsplit(endpoint)
    if parts.scheme in ("http", "https") and parts.netloc:
        return parts.netloc, parts.scheme == "http"
    return endpoint, False


def _first(stretches: tuple[Stretch, ...]) -> int:
    times = (s.case.first_unix_nano + s.shift_nano for s in stretches if s.case.first_unix_nano is not None)
    return min(times, default=0)


class _Progress:
    def __init__(self, bar: Progress, total: int) -> None:
        self._bar = bar
        self._task = bar.add_task("sending", total=total, reached="")

    def show(self, totals: Totals) -> None:
        reached = clock(totals.last_unix_nano) if totals.last_unix_nano else ""
        self._bar.update(self._task, completed=totals.logs.sent + totals.spans.sent, reached=reached)

    def warn(self, message: str, wait: float) -> None:
        self._bar.console.print(Text(f"{safe(message)}; again in {wait:.1f} s", style="yellow"))


@contextmanager
def _progress(total: int) -> Iterator[_Progress]:
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[reached]}", markup=False),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=stderr(), disable=not sys.stderr.isatty(), transient=True) as bar:
        yield _Progress(bar, total)


def _report(totals: Totals, seconds: float, skipped_metrics: int, json: bool) -> None:
    if json:
        print_values(asdict(totals) | {"skipped_metrics": skipped_metrics, "duration_seconds": round(seconds, 3)})
        return
    console = stdout()
    console.print(f"{totals.logs.sent} logs and {totals.spans.sent} spans sent in {seconds:.1f} s")
    console.print(f"{totals.batches} batches, {totals.retries} retries, {totals.rejected} rows rejected")
    if totals.first_unix_nano:
        console.print(f"event time {clock(totals.first_unix_nano)} to {clock(totals.last_unix_nano)}")
    if skipped_metrics:
        console.print(f"{skipped_metrics} lines with metrics or nothing in them were passed over")
    for message, count in totals.messages.items():
        stderr().print(Text(f"the endpoint said, {count} times: {safe(message)}", style="yellow"))
