"""`hypocenter eval DIR`: score a folder of recorded failures."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from clients.replay import ReplayError
from server.evaluation.evaluate import evaluate, find_cases
from server.evaluation.report import case_table, document, online_lines, total_table

app = typer.Typer()


@app.command("eval")
def evaluate_command(
    folder: Annotated[Path, typer.Argument(help="One case, or a folder of many.")],
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the scores as JSON; - for stdout.")] = None,
) -> None:
    """Replay every case below FOLDER through the real pipeline and print how well it did."""
    console = Console(stderr=True)
    try:
        paths = find_cases(folder)
        scores = []
        with Progress(console=console, disable=not console.is_terminal) as progress:
            task = progress.add_task("cases", total=len(paths))
            for number, score in enumerate(evaluate(paths), start=1):
                scores.append(score)
                progress.advance(task)
                if not console.is_terminal:
                    print(f"{number}/{len(paths)} {score.name}", file=sys.stderr)
    except ReplayError as error:
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
    for line in online_lines(scores):
        out.print(line, highlight=False)
