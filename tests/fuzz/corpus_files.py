"""The inputs that are kept: a folder a target, a file an input."""

from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"


def inputs() -> list[Path]:
    return sorted(path for path in CORPUS.glob("*/*") if path.is_file())
