"""What was changed, and what is no change."""

import msgspec
import pytest

from analyzers.changes import GRACE, ChangeKind, Running, note_event, tells_of_change

SECOND = 1_000_000_000
STEP = 5 * SECOND


class History:
    """Buckets one after the other."""

    def __init__(self) -> None:
        self.running = Running()
        self.now = 1_750_000_000 * SECOND

    def bucket(self, version: str = "", pods: tuple[str, ...] = (), events: tuple[str, ...] = ()) -> bool:
        self.now += STEP
        versions = dict.fromkeys(version.split(), 10) if version else {}
        return self.running.note(versions, dict.fromkeys(pods, 10), events, self.now)

    def minute(self, version: str = "", pods: tuple[str, ...] = ()) -> None:
        for _ in range(12):
            self.bucket(version, pods)

    @property
    def said(self) -> list[str]:
        return [str(item) for item in self.running.telling]


@pytest.fixture
def history() -> History:
    return History()


def test_what_was_there_from_the_beginning_is_no_change(history: History) -> None:
    history.minute("1.0", ("a", "b"))
    assert history.said == []
    assert history.running.last(history.now) is None


def test_a_new_version_opens_a_time_of_grace(history: History) -> None:
    history.minute("1.0", ("a-1", "a-2"))
    assert history.bucket("1.0 1.1", ("a-1", "a-2", "b-1"))
    change = history.running.last(history.now)
    assert change is not None
    assert (change.kind, change.before, change.after) == (ChangeKind.VERSION, "1.0", "1.1")
    history.minute("1.1", ("b-1", "b-2"))
    # Its pods are no second change, and its taking over is none.
    history.minute("1.1", ("b-1", "b-2"))
    assert history.said == ["version 1.0 -> 1.1"]
    assert history.running.last(change.time_unix_nano + GRACE) == change
    assert history.running.last(change.time_unix_nano + GRACE + 1) is None


def test_going_back_is_a_change_too(history: History) -> None:
    history.minute("1.0")
    for _ in range(3):
        history.minute("1.1")
    for _ in range(3):
        history.minute("1.0")
    assert history.said == ["version 1.0 -> 1.1", "version 1.1 -> 1.0"]


def test_two_versions_side_by_side_are_one_change(history: History) -> None:
    history.minute("1.0")
    for number in range(100):
        history.bucket("1.0" if number % 2 else "1.1")
    assert history.said == ["version 1.0 -> 1.1"]


def test_a_restarted_pod_is_no_new_set(history: History) -> None:
    history.minute("1.0", ("a", "b", "c"))
    history.minute("1.0", ("a", "b", "d"))
    assert history.said == []


def test_many_new_pods_at_once_are(history: History) -> None:
    history.minute("", ("a", "b", "c"))
    history.bucket("", ("a", "b", "d"))
    began = history.now
    history.bucket("", ("a", "d", "e"))
    history.minute("", ("d", "e", "f"))
    [change] = history.running.telling
    assert (change.kind, change.before, change.time_unix_nano) == (ChangeKind.PODS, "3", began)


def test_pods_that_appear_one_by_one_while_a_service_is_new_are_not(history: History) -> None:
    for pods in ("a", "ab", "abc", "abcd"):
        history.bucket("", tuple(pods))
    assert history.said == []


def test_events_and_routine(history: History) -> None:
    history.minute("1.0")
    history.bucket("1.0", events=("config.changed: pool",))
    assert history.said == ["configuration changed (config.changed: pool)"]
    for _ in range(10):
        history.minute("1.0")
        history.bucket("1.0", events=("config.changed: pool",))
    # Read again every minute: nothing was changed.
    assert history.said == []
    assert history.running.last(history.now) is None
    history.bucket("1.1")
    assert history.said == ["version 1.0 -> 1.1"]


def test_a_bucket_is_taken_in_once(history: History) -> None:
    history.minute("1.0")
    later = history.now + STEP
    assert history.running.note({"1.1": 1}, {}, (), later)
    assert not history.running.note({"1.2": 1}, {}, (), later - STEP)
    assert not history.running.note({"1.2": 1}, {}, (), later)


def test_memory_is_bounded_and_outlives_a_restart(history: History) -> None:
    for number in range(1000):
        history.bucket(
            f"1.{number}", tuple(f"pod-{number}-{each}" for each in range(3)), (f"config.changed: {number}",)
        )
    assert len(history.running.changes) == 8
    assert (len(history.running.versions), len(history.running.pods)) == (100, 500)
    packed = msgspec.msgpack.encode(history.running)
    assert msgspec.msgpack.decode(packed, type=Running) == history.running


def test_who_has_no_name_of_its_own_changes_nothing(history: History) -> None:
    history.minute("1.0", ("a", "b"))
    history.minute("<other>", ("<other>",))
    assert history.said == []


@pytest.mark.parametrize(
    "name",
    ["config.changed", "configuration.reload", "app.settings.updated", "feature_flag.change", "deployment.finished"],
)
def test_names_that_tell_of_a_change(name: str) -> None:
    assert tells_of_change(name)


@pytest.mark.parametrize("name", ["", "exception", "feature_flag.evaluation", "session.start", "config.read", "device"])
def test_names_that_do_not(name: str) -> None:
    assert not tells_of_change(name)


def test_events_are_bounded() -> None:
    events: dict[str, int] = {}
    for number in range(100):
        note_event(events, "config.changed", f"pool {number} " + "x" * 1000, 2)
    note_event(events, "config.changed", "pool 0 " + "x" * 1000, 3)
    assert len(events) == 20
    assert all(len(text) <= 200 for text in events)
    assert next(iter(events.values())) == 5
