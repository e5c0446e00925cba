"""How long and how much."""

import os
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
CACHE = REPOSITORY / ".cache"


@dataclass(frozen=True, slots=True)
class Options:
    """`quick` is for seeing that everything runs: its numbers mean little."""

    quick: bool = False
    # Rounds of each measurement, interleaved with those of its baseline.
    rounds: int = 5
    # Of the `memory` and `collector` benchmarks.
    minutes: float = 10.0
    # Of the `kills` benchmark.
    kills: int = 20
    # Whether `latency` also tells what the server did while requests waited longest.
    stalls: bool = False

    def sized(self, full: int, quick: int) -> int:
        return quick if self.quick else full

    def lasting(self, full: float, quick: float) -> float:
        """Seconds."""
        return quick if self.quick else full


def loghub() -> Path | None:
    """The folder of log corpora; None when there is none."""
    configured = os.environ.get("HYPOCENTER_LOGHUB", "")
    folder = Path(configured) if configured else REPOSITORY.parent / "shared" / "loghub"
    return folder if folder.is_dir() else None
