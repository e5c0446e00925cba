"""The half of the `hypocenter` command that speaks to a running Hypocenter over the wire.

`app` is a typer application; its commands stand by themselves, so it can be mounted without a name:

    main = typer.Typer()
    main.add_typer(app)

Exit codes: 0 done, 1 the server said no or something does not hold, 2 wrong usage or input, 3 nothing answers.
"""

from clients.cli.app import app

__all__ = ["app"]
