"""The half of the `hypocenter` command that runs the engine itself: one module a command, each with its `app`."""
