"""Generated systems scored: hours in which nothing is wrong, and failures of every kind."""

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context

from server.config import Config, StoreConfig
from server.evaluation.evaluate import CaseScore
from server.evaluation.online import EVALUATION
from server.evaluation.played import play_scenario
from server.evaluation.simulation.drawn_scenarios import KINDS, failure, quiet_hour
from server.evaluation.simulation.scenario import Scenario

# As it is shipped, so that the hours say what a user would have seen.
SHIPPED = Config(store=StoreConfig(kind="memory"))


@dataclass(frozen=True, slots=True)
class Simulated:
    """How much to simulate. Seeds count up from `first_seed`; each is another system."""

    hours: int = 0
    failures: int = 0
    first_seed: int = 1
    jobs: int = 1

    @property
    def runs(self) -> int:
        return self.hours + self.failures


def evaluate_simulated(wanted: Simulated) -> Iterator[CaseScore]:
    """Scores one run after the other; failures take the kinds in turn."""
    seeds = range(wanted.first_seed, wanted.first_seed + max(wanted.hours, wanted.failures))
    runs: list[Callable[[], CaseScore]] = [partial(score_hour, seed) for seed in seeds[: wanted.hours]]
    runs += [
        partial(score_failure, seed, KINDS[number % len(KINDS)]) for number, seed in enumerate(seeds[: wanted.failures])
    ]
    if wanted.jobs == 1:
        for run in runs:
            yield run()
        return
    with ProcessPoolExecutor(wanted.jobs, mp_context=get_context("spawn")) as pool:
        for done in [pool.submit(run) for run in runs]:
            yield done.result()


def score_hour(seed: int) -> CaseScore:
    return _score(f"hour-{seed}", quiet_hour(seed), SHIPPED)


def score_failure(seed: int, kind: str) -> CaseScore:
    scenario = failure(seed, kind)
    return _score(f"{scenario.kind}-{seed}", scenario, EVALUATION)


def _score(name: str, scenario: Scenario, config: Config) -> CaseScore:
    played = play_scenario(scenario, config=config)
    causes = tuple(service for cause in scenario.expected.causes for service in cause.services)
    return CaseScore(name, "simulated", scenario.kind, causes, {}, played.score, played.unmet, scenario.seed)
