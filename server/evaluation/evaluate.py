"""Every case scored in the three ways of DESIGN section 6."""

import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from clients.replay import Case, Label, Place, ReplayError, read_case
from rca.incident import Incident
from server.evaluation.given import Mode, ranked
from server.evaluation.online import run_online
from server.evaluation.scoring import Rank, rank_of

_NANOS = 1_000_000_000
# The injection time of the recordings is uncertain by about a minute; what opens that close before is no false alarm.
_UNCERTAIN = 60 * _NANOS


@dataclass(frozen=True, slots=True)
class OnlineScore:
    """`detected` needs an incident that was opened at or after the injection; `delay` is in seconds of event time."""

    detected: bool
    delay: float | None
    incidents: int
    false_alarms: int
    # Event time without a fault, in hours.
    quiet_hours: float
    rank: Rank | None


@dataclass(frozen=True, slots=True)
class CaseScore:
    """A mode that doesn't apply to the case has no entry; a rank of None means that it wasn't among the candidates."""

    name: str
    system: str
    fault_type: str
    causes: tuple[str, ...]
    given: dict[Mode, Rank | None]
    online: OnlineScore | None


def find_cases(root: Path) -> list[Path]:
    """Folders at or below `root` that hold a label, sorted. Raises `ReplayError`."""
    if not root.is_dir():
        raise ReplayError(Place(root), "is not a folder", "Name the folder of one case, or of many")
    found = sorted(path.parent for path in root.rglob("label.json"))
    if not found:
        raise ReplayError(Place(root), "holds no label.json at any depth", "A case is a folder with a label.json")
    return found


def evaluate(paths: list[Path]) -> Iterator[CaseScore]:
    """Scores one case after the other, so that progress can be shown. Raises `ReplayError`."""
    normals: dict[Path, Case] = {}
    for path in paths:
        case = read_case(path)
        label = case.label
        if label is None:
            raise ReplayError(Place(path), "holds no readable label.json", "Add one; see the README on cases")
        normal = None
        if label.normal_dir:
            folder = path.parent / label.normal_dir
            normal = normals[folder] if folder in normals else normals.setdefault(folder, read_case(folder))
        yield _score(path, case, label, normal)


def _score(path: Path, case: Case, label: Label, normal: Case | None) -> CaseScore:
    causes = label.root_cause_services
    given = {
        mode: rank_of(candidates, causes)
        for mode in Mode
        if causes and (candidates := ranked(case, normal, mode)) is not None
    }
    online = None
    first = case.first_unix_nano or 0
    if not causes or label.inject_unix_nano is None or label.inject_unix_nano > first:
        online = _online(case, label, normal)
    return CaseScore(path.name, path.parent.name, label.fault_type, causes, given, online)


def _online(case: Case, label: Label, normal: Case | None) -> OnlineScore:
    run = run_online(case, normal)
    moment = label.inject_unix_nano if label.root_cause_services else None
    if moment is None:
        return OnlineScore(False, None, 0, len(run.incidents), run.duration / _NANOS / 3600, None)
    early = [item for item in run.incidents if item.create_unix_nano < moment - _UNCERTAIN]
    late = [item for item in run.incidents if item.create_unix_nano >= moment - _UNCERTAIN]
    first = case.first_unix_nano or 0
    quiet = max(0, moment - _UNCERTAIN - first) + _length(normal)
    return OnlineScore(
        detected=bool(late),
        delay=(late[0].create_unix_nano - moment) / _NANOS if late else None,
        incidents=len(late),
        false_alarms=len(early),
        quiet_hours=quiet / _NANOS / 3600,
        rank=_incident_rank(late, label.root_cause_services),
    )


def _incident_rank(incidents: list[Incident], causes: tuple[str, ...]) -> Rank | None:
    """In the first incident; later ones are what should not have been opened."""
    if not incidents or incidents[0].diagnosis is None:
        return None
    return rank_of(incidents[0].diagnosis.root_causes, causes)


def _length(case: Case | None) -> int:
    if case is None:
        return 0
    return (case.last_unix_nano or 0) - (case.first_unix_nano or 0)


def median_delay(scores: list[CaseScore]) -> float | None:
    delays = [item.online.delay for item in scores if item.online is not None and item.online.delay is not None]
    return statistics.median(delays) if delays else None
