"""The `hypocenter` command: what runs the engine from here, what speaks to a running one from clients."""

import importlib
import sys

import typer

# Command to module. Imported only when asked for: the engine's libraries take over a second to load, and somebody who
# types `hypocenter incidents list` at three in the morning shall not wait for them.
_ENGINE = {
    "serve": "server.commands.serve",
    "eval": "server.commands.evaluate",
    "analyze": "server.commands.analyze",
    "doctor": "server.commands.doctor",
    "backup": "server.commands.backup",
    "restore": "server.commands.restore",
    "forget": "server.commands.forget",
    "demo": "clients.demo.command",
    "conformance": "clients.conformance.command",
}
_REMOTE = "clients.cli"


def main(arguments: list[str] | None = None) -> None:
    """Run one command; exits with its code."""
    words = sys.argv[1:] if arguments is None else arguments
    wanted = next((word for word in words if not word.startswith("-")), "")
    modules = [_ENGINE[wanted]] if wanted in _ENGINE else [_REMOTE] if wanted else [*_ENGINE.values(), _REMOTE]
    program = typer.Typer(
        name="hypocenter",
        help="Something broke in production: what broke first, how do we know, and what fixed it last time?",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    # Keeps a lone command from becoming the program itself.
    program.callback()(lambda: None)
    for module in modules:
        program.add_typer(importlib.import_module(module).app)
    program(args=words, prog_name="hypocenter")
