"""What Hypocenter reaches, measured against named baselines in the same run: `python -m tests.benchmarks --help`."""
