"""`python -m clients.demo`: the same as `hypocenter demo`."""

from clients.demo.command import app

if __name__ == "__main__":
    app(prog_name="python -m clients.demo")
