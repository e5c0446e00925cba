"""The ceiling: read from where the system says it, and held before the kernel does."""

from pathlib import Path

import pytest

from server.config import MemoryAmount
from server.memory import Memory, available_bytes, ceiling_of, give_back, resident_bytes
from tests.running_server import wait_until
from tests.server.test_throttle import Clock

MEMINFO = "MemTotal:        2048 kB\nMemFree:         1000 kB\n"


def system(root: Path, files: dict[str, str]) -> int:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return available_bytes(root)


def test_a_machine_without_control_groups(tmp_path: Path) -> None:
    assert system(tmp_path, {"proc/meminfo": MEMINFO}) == 2048 * 1024


def test_a_system_that_says_nothing_has_no_ceiling(tmp_path: Path) -> None:
    assert system(tmp_path, {}) == 0
    assert ceiling_of(MemoryAmount(share=0.75), 0) == 0


@pytest.mark.parametrize(
    ("files", "found"),
    [
        # A container of its own: the group stands at the top.
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "100000\n"}, 100_000),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "max\n"}, 2048 * 1024),
        # A unit below a slice with less.
        (
            {
                "proc/self/cgroup": "0::/a.slice/b.service\n",
                "sys/fs/cgroup/a.slice/memory.max": "70000",
                "sys/fs/cgroup/a.slice/b.service/memory.max": "90000",
            },
            70_000,
        ),
        # Where it is slowed down before it is ended.
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "9", "sys/fs/cgroup/memory.high": "8"}, 8),
        # Version 1, in a container: /proc tells the name outside.
        (
            {
                "proc/self/cgroup": "5:cpu,cpuacct:/x\n4:memory:/docker/x\n",
                "sys/fs/cgroup/memory/memory.limit_in_bytes": "50000",
                "sys/fs/cgroup/cpu/memory.limit_in_bytes": "1",
            },
            50_000,
        ),
        ({"proc/self/cgroup": "4:memory:/x\n", "sys/fs/cgroup/memory/x/memory.limit_in_bytes": "60000"}, 60_000),
        # Version 1 has a number for no limit.
        ({"proc/self/cgroup": "4:memory:/\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": f"{2**63 - 4096}"}, 2**21),
    ],
)
def test_the_least_of_the_limits_counts(tmp_path: Path, files: dict[str, str], found: int) -> None:
    assert system(tmp_path, {"proc/meminfo": MEMINFO, **files}) == found


def test_the_ceiling_is_an_amount_or_a_share() -> None:
    assert ceiling_of(MemoryAmount(bytes=500), 1000) == 500
    assert ceiling_of(MemoryAmount(share=0.75), 1000) == 750
    assert ceiling_of(MemoryAmount(), 1000) == 0


def test_what_this_process_has_is_read_here_and_now() -> None:
    before = resident_bytes()
    held = bytearray(b"x") * (64 * 2**20)
    assert resident_bytes() - before > 48 * 2**20
    del held
    give_back()
    assert resident_bytes() - before < 32 * 2**20
    assert resident_bytes() < available_bytes()


class Machine:
    """A process whose size a test sets; what it drops when asked to is counted."""

    def __init__(self, ceiling: int = 1000) -> None:
        self.used = 0
        self.spare = 0
        self.asked = 0
        self.clock = Clock()
        self.memory = Memory(ceiling, (self._relieve,), lambda: self.used, self.clock)

    def at(self, used: int, drained: bool = False) -> bool:
        """Whether it is closed then."""
        self.clock.now += 10
        self.used = used
        self.memory.look(drained)
        return self.memory.closed

    def stuck_after(self, seconds: float) -> bool:
        self.clock.now += seconds
        return self.memory.stuck

    def _relieve(self) -> None:
        self.asked += 1
        self.used -= self.spare
        self.spare = 0


def test_it_closes_at_the_ceiling_and_opens_below_the_lower_mark() -> None:
    machine = Machine()
    assert [machine.at(used) for used in (500, 999, 1000, 999, 860, 849, 999)] == [
        False,
        False,
        True,
        True,
        True,
        False,
        False,
    ]


def test_with_nothing_left_to_work_off_it_opens_as_soon_as_it_is_below_the_ceiling() -> None:
    machine = Machine()
    assert machine.at(1100)
    assert machine.at(1001, drained=True)
    assert not machine.at(999, drained=True)


def test_what_is_spare_goes_first_and_not_all_the_time() -> None:
    machine = Machine()
    machine.at(849)
    assert machine.asked == 0
    machine.spare = 300
    assert not machine.at(1100)
    assert (machine.used, machine.asked) == (800, 1)
    machine.at(950)
    assert machine.asked == 2
    machine.memory.look(drained=False)
    assert machine.asked == 2


def test_stuck_is_closed_for_seconds_with_nothing_left_to_work_off() -> None:
    machine = Machine()
    # 10 s each.
    assert [(machine.at(1100, drained), machine.memory.stuck) for drained in (False, False, True, False, True)] == [
        (True, False),
        (True, False),
        (True, True),
        (True, False),
        (True, True),
    ]
    machine.memory.let_in()
    machine.memory.look(drained=True)
    assert [machine.stuck_after(seconds) for seconds in (0, 4.9, 0.2)] == [False, False, True]
    machine.at(100)
    assert [machine.stuck_after(seconds) for seconds in (0, 60)] == [False, False]


def test_without_a_ceiling_nobody_looks() -> None:
    memory = Memory(0, (), lambda: 2**60)
    memory.start(lambda: True)
    assert not memory.closed
    memory.stop()


def test_it_looks_by_itself_once_started() -> None:
    machine = Machine()
    machine.used = 2000
    machine.memory.start(lambda: True)
    try:
        wait_until(lambda: machine.memory.closed, 10, lambda: "it never looked")
        machine.used = 10
        wait_until(lambda: not machine.memory.closed, 10, lambda: "it looked once")
    finally:
        machine.memory.stop()


def test_the_log_tells_of_it_now_and_then(caplog: pytest.LogCaptureFixture) -> None:
    machine = Machine()
    for _ in range(4):
        machine.at(1100)
        machine.at(100)
    # 20 s each: of the first and of the third time.
    told = ["told to wait" in record.getMessage() for record in caplog.records]
    assert told == [True, False, True, False]
