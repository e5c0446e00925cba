"""What the user says about where incidents are kept."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path


@dataclass(frozen=True, slots=True)
class MemoryConfig:
    """Nothing survives the process."""


@dataclass(frozen=True, slots=True)
class LanceConfig:
    """Files in `data_dir`/incidents, made when missing, used by one process at a time."""

    data_dir: Path
    # Every commit adds a few small files; compacting them costs a tenth of a second.
    commits_per_optimize: int = 100
    # Must be more than nothing: searches under way still read the version before.
    keep_versions: timedelta = timedelta(minutes=1)

    def __post_init__(self) -> None:
        if self.commits_per_optimize < 1:
            raise ValueError(f"commits_per_optimize must be 1 or more, not {self.commits_per_optimize}")
        if self.keep_versions <= timedelta(0):
            raise ValueError(f"keep_versions must be more than 0, not {self.keep_versions}")


StoreConfig = MemoryConfig | LanceConfig
