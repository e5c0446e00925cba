"""A scenario folder scored: simulated or read, sent through the real pipeline, held against what it expects."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from clients.replay import Batch, read_case, to_otlp_requests
from rca.incident import Incident
from server.config import SECOND, Config
from server.evaluation.expectation import unmet
from server.evaluation.online import EVALUATION, play
from server.evaluation.scoring import OnlineScore, rank_of
from server.evaluation.simulation import Scenario, simulate

_HOUR = 3600 * SECOND
# As long as a Collector may hold records; larger is faster.
_BATCH = 2 * SECOND


@dataclass(frozen=True, slots=True)
class Played:
    score: OnlineScore
    # A sentence for each expectation that was not met.
    unmet: tuple[str, ...]
    incidents: tuple[Incident, ...]


def play_scenario(scenario: Scenario, folder: Path | None = None, config: Config = EVALUATION) -> Played:
    """The scenario through the real pipeline. `folder` holds the records of one that has no topology.

    Raises `ReplayError` when those can't be read.
    """
    batches: Iterable[Batch]
    if scenario.topology is not None or folder is None:
        batches, duration = simulate(scenario, _BATCH), scenario.duration
    else:
        case = read_case(folder)
        batches = to_otlp_requests(case, batch_nano=SECOND)
        duration = (case.last_unix_nano or 0) - (case.first_unix_nano or 0)
    incidents, _ = play(batches, config)
    return Played(_scored(scenario, incidents, duration), unmet(scenario, incidents), incidents)


def _scored(scenario: Scenario, incidents: Sequence[Incident], duration: int) -> OnlineScore:
    begin, expected = scenario.begin_unix_nano, scenario.expected
    alone = [item for item in incidents if not item.merged_into]
    if begin is None or not expected.incident_count:
        return OnlineScore(False, None, 0, len(alone), duration / _HOUR, None, 0)
    late = [item for item in alone if item.create_unix_nano >= begin]
    names = [name for cause in expected.causes for name in cause.services]
    diagnosis = late[0].diagnosis if late else None
    quiet = begin - scenario.start_unix_nano if scenario.topology is not None else 0
    return OnlineScore(
        detected=bool(late),
        delay=(late[0].create_unix_nano - begin) / SECOND if late else None,
        incidents=len(late),
        false_alarms=len(alone) - len(late),
        quiet_hours=quiet / _HOUR,
        rank=rank_of(diagnosis.root_causes, names) if diagnosis is not None else None,
        failures=expected.incident_count,
    )
