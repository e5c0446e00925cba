"""What a run ran on."""

import importlib.metadata
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from analyzers.native import native_state

_PACKAGES = ("grpcio", "protobuf", "opentelemetry-proto", "pyarrow", "numpy", "networkx")


@dataclass(frozen=True, slots=True)
class Machine:
    """Of one moment. `load` is the load average of the last minute: other people's work is in every number."""

    cpu: str
    cpus: int
    python: str
    packages: str
    load: float
    native_ingest: str

    @classmethod
    def now(cls) -> "Machine":
        versions = " ".join(f"{name} {importlib.metadata.version(name)}" for name in _PACKAGES)
        return cls(
            _cpu(),
            len(os.sched_getaffinity(0)),
            platform.python_version(),
            versions,
            os.getloadavg()[0],
            native_state(),
        )

    def __str__(self) -> str:
        return (
            f"{self.cpus} x {self.cpu}, Python {self.python}, {self.packages}; native ingest {self.native_ingest};"
            f" load average {self.load:.2f}"
        )

    def to_json(self) -> dict[str, object]:
        return {
            "cpu": self.cpu,
            "cpus": self.cpus,
            "python": self.python,
            "packages": self.packages,
            "load": self.load,
            "native_ingest": self.native_ingest,
        }


@dataclass(frozen=True, slots=True)
class Cores:
    """Which cores the server under test has, and which the client; the same where there is only one."""

    server: frozenset[int]
    client: frozenset[int]

    @classmethod
    def split(cls) -> "Cores":
        known = sorted(os.sched_getaffinity(0))
        return cls(frozenset(known[:1]), frozenset(known[1:] or known))

    @property
    def apart(self) -> bool:
        return not self.server & self.client


@contextmanager
def pinned(cores: frozenset[int]) -> Iterator[None]:
    """This thread, and what it starts meanwhile, on these cores only."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def cpu_seconds(pid: int) -> float:
    """User and system time of a process, all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_bytes(pid: int) -> int:
    """Memory of a process that is in use now."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
