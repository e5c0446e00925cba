"""`python -m server serve`: the `hypocenter` command."""

from server.cli import main

if __name__ == "__main__":
    main()
