"""`hypocenter eval DIR`: score a folder of recorded failures and of scenarios, or simulated systems."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from clients.replay import ReplayError
from server.evaluation.evaluate import CaseScore, evaluate, find_cases
from server.evaluation.report import (
    case_table,
    document,
    fault_table,
    kind_table,
    online_lines,
    total_table,
    unmet_lines,
    wrong_lines,
)
from server.evaluation.simulated import Simulated, evaluate_simulated
from server.evaluation.simulation import ScenarioError

app = typer.Typer()


@app.command("eval")
def evaluate_command(
    folder: Annotated[Path | None, typer.Argument(help="One case or scenario, or a folder of many.")] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Play each simulated scenario with this many seeds.")] = 1,
    simulated_hours: Annotated[
        int, typer.Option(min=0, help="Hours of generated systems without a fault; each takes a minute or two.")
    ] = 0,
    simulated_failures: Annotated[int, typer.Option(min=0, help="Failures of generated systems, kinds in turn.")] = 0,
    first_seed: Annotated[int, typer.Option(help="Seed of the first generated system; it counts up.")] = 1,
    jobs: Annotated[int, typer.Option(min=1, help="Generated systems at once, a process each.")] = 1,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the scores as JSON; - for stdout.")] = None,
) -> None:
    """Replay every case and every scenario below FOLDER through the real pipeline and print how well it did."""
    wanted = Simulated(simulated_hours, simulated_failures, first_seed, jobs)
    if folder is None and not wanted.runs:
        raise typer.BadParameter("name a folder of cases, or --simulated-hours or --simulated-failures")
    try:
        scores = _scored(folder, seeds, wanted)
    except (ReplayError, ScenarioError) as error:
        print(f"hypocenter: {error}", file=sys.stderr)
        raise typer.Exit(2) from error
    text = json.dumps(document(scores), indent=1, allow_nan=False)
    if json_file == Path("-"):
        print(text)
        return
    if json_file is not None:
        json_file.write_text(text + "\n", encoding="utf-8")
    out = Console(width=None if sys.stdout.isatty() else 160)
    out.print(case_table(scores))
    out.print(total_table(scores))
    if any(score.given for score in scores):
        out.print(fault_table(scores))
    out.print(kind_table(scores))
    for line in (*wrong_lines(scores), *unmet_lines(scores), *online_lines(scores)):
        out.print(line, highlight=False, soft_wrap=True)


def _scored(folder: Path | None, seeds: int, wanted: Simulated) -> list[CaseScore]:
    """All scores, with the progress on standard error. Raises `ReplayError` and `ScenarioError`."""
    console = Console(stderr=True)
    paths = find_cases(folder) if folder is not None else []
    scores = []
    with Progress(console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("cases", total=None if seeds > 1 else len(paths) + wanted.runs)
        for score in _each(paths, seeds, wanted):
            scores.append(score)
            progress.advance(task)
            if not console.is_terminal:
                print(f"{len(scores)} {score.name}", file=sys.stderr, flush=True)
    return scores


def _each(paths: list[Path], seeds: int, wanted: Simulated) -> Iterator[CaseScore]:
    yield from evaluate(paths, seeds)
    yield from evaluate_simulated(wanted)
