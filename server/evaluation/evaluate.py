"""Every case scored in the three ways of DESIGN section 6."""

import statistics
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from clients.replay import Case, Label, Place, ReplayError, read_case
from rca.incident import Incident
from server.evaluation.given import Mode, ranked
from server.evaluation.inner import comparable, inner_rank
from server.evaluation.online import run_online
from server.evaluation.played import play_scenario
from server.evaluation.scoring import OnlineScore, Rank, rank_of, told_at
from server.evaluation.simulation import read_scenario
from server.evaluation.simulation.reading import FILE as SCENARIO

_NANOS = 1_000_000_000
# The injection time of the recordings is uncertain by about a minute; what opens that close before is no false alarm.
_UNCERTAIN = 60 * _NANOS


@dataclass(frozen=True, slots=True)
class CaseScore:
    """A mode that doesn't apply to the case has no entry; a rank of None means that it wasn't among the candidates."""

    name: str
    system: str
    fault_type: str
    causes: tuple[str, ...]
    given: dict[Mode, Rank | None]
    online: OnlineScore | None
    # Of a scenario, a sentence for each expectation that was not met.
    unmet: tuple[str, ...] = ()
    # Of a scenario, the seed it was simulated with.
    seed: int | None = None
    # At the inner-service level, as `inner` says.
    inner: dict[Mode, Rank | None] = field(default_factory=dict)
    # Whom the first candidate names and what it says of it.
    blamed: dict[Mode, str] = field(default_factory=dict)


def find_cases(root: Path) -> list[Path]:
    """Folders at or below `root` that hold a label or a scenario, sorted. Raises `ReplayError`."""
    if not root.is_dir():
        raise ReplayError(Place(root), "is not a folder", "Name the folder of one case, or of many")
    found = sorted({path.parent for name in ("label.json", SCENARIO) for path in root.rglob(name)})
    if not found:
        remedy = f"A case is a folder with a label.json, or with a {SCENARIO}"
        raise ReplayError(Place(root), f"holds no label.json or {SCENARIO} at any depth", remedy)
    return found


def evaluate(paths: list[Path], seeds: int = 1) -> Iterator[CaseScore]:
    """Scores one case after the other, so that progress can be shown.

    A simulated scenario is played `seeds` times, with its own seed and those that follow.
    Raises `ReplayError` and `ScenarioError`.
    """
    normals: dict[Path, Case] = {}
    for path in paths:
        if (path / SCENARIO).is_file():
            yield from _scenario(path, seeds)
            continue
        case = read_case(path)
        label = case.label
        if label is None:
            raise ReplayError(Place(path), "holds no readable label.json", "Add one; see the README on cases")
        normal = None
        if label.normal_dir:
            folder = path.parent / label.normal_dir
            normal = normals[folder] if folder in normals else normals.setdefault(folder, read_case(folder))
        yield _score(path, case, label, normal)


def _scenario(path: Path, seeds: int) -> Iterator[CaseScore]:
    scenario = read_scenario(path)
    for seed in range(scenario.seed, scenario.seed + (seeds if scenario.topology is not None else 1)):
        played = play_scenario(scenario.model_copy(update={"seed": seed}), path)
        causes = tuple(name for cause in scenario.expected.causes for name in cause.services)
        yield CaseScore(path.name, path.parent.name, scenario.kind, causes, {}, played.score, played.unmet, seed)


def _score(path: Path, case: Case, label: Label, normal: Case | None) -> CaseScore:
    causes = label.root_cause_services
    found = {mode: one for mode in Mode if causes and (one := ranked(case, normal, mode)) is not None}
    given = {mode: rank_of(one.causes, causes) for mode, one in found.items()}
    blamed = {mode: one.causes[0].hypothesis if one.causes else "nobody" for mode, one in found.items()}
    inner = {
        mode: inner_rank(
            one.causes, one.anomalies, one.statements, label, max(one.pods.get(name, 0) for name in causes)
        )
        for mode, one in found.items()
        if comparable(label, one.statements)
    }
    online = None
    first = case.first_unix_nano or 0
    if not causes or label.inject_unix_nano is None or label.inject_unix_nano > first:
        online = _online(case, label, normal)
    return CaseScore(path.name, path.parent.name, label.fault_type, causes, given, online, inner=inner, blamed=blamed)


def _online(case: Case, label: Label, normal: Case | None) -> OnlineScore:
    run = run_online(case, normal)
    moment = label.inject_unix_nano if label.root_cause_services else None
    if moment is None:
        return OnlineScore(False, None, 0, len(run.incidents), run.duration / _NANOS / 3600, None, 0)
    since = moment - _UNCERTAIN
    early = [item for item in run.incidents if item.create_unix_nano < since]
    told = sorted((when, item.incident_id, item) for item in run.incidents if (when := told_at(item, since)))
    late = [item for _, _, item in told]
    first = case.first_unix_nano or 0
    quiet = max(0, since - first) + _length(normal)
    return OnlineScore(
        detected=bool(late),
        delay=(told[0][0] - moment) / _NANOS if told else None,
        incidents=len(late),
        false_alarms=len(early),
        quiet_hours=quiet / _NANOS / 3600,
        rank=_incident_rank(late, label.root_cause_services),
        recorded=((case.last_unix_nano or 0) - moment) / _NANOS,
        came_back=bool(late) and late[0] in early,
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
