"""`hypocenter demo`."""

from pathlib import Path
from typing import Annotated

import typer

from clients.demo.demo import DemoOptions, run_demo
from clients.shop import Fault

app = typer.Typer()
_DEFAULT = DemoOptions()


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="End after the incident instead of on Ctrl-C.")] = False,
    fault: Annotated[Fault, typer.Option(help="What to break.")] = _DEFAULT.fault,
    rate: Annotated[float, typer.Option(min=0.1, help="Requests per second.")] = _DEFAULT.rate,
    seed: Annotated[int, typer.Option(help="Of everything random.")] = _DEFAULT.seed,
    normal: Annotated[
        float, typer.Option(help="Seconds of normal traffic before the fault.")
    ] = _DEFAULT.normal_seconds,
    wait: Annotated[float, typer.Option(help="Seconds to wait for the incident.")] = _DEFAULT.wait_seconds,
    data_dir: Annotated[Path | None, typer.Option(help="Kept afterwards, so that the next run remembers.")] = None,
) -> None:
    """Start Hypocenter and a small shop, break the shop, and show the incident with its root cause."""
    raise typer.Exit(
        run_demo(
            DemoOptions(
                once=once,
                fault=fault,
                rate=rate,
                seed=seed,
                normal_seconds=normal,
                wait_seconds=wait,
                data_dir=data_dir,
            )
        )
    )
