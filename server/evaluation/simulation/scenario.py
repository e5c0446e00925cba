"""A scenario: what runs, what is done to it, what breaks, and what should be found."""

from typing import Annotated, Any, TypeAlias

from pydantic import Discriminator, Field, Tag, model_validator

from server.config import SECOND
from server.evaluation.simulation.faults import Fault, PoolLeak
from server.evaluation.simulation.load import Load
from server.evaluation.simulation.topology import Duration, Share, Topology, Written

START = 1_750_000_000 * SECOND


class Deployment(Written):
    """Pods are replaced one after the other by those of a new version."""

    at: Duration
    deploy: str
    version: str
    # Between one pod and the next.
    every: Duration = 5 * SECOND
    # Lines that only the new version writes, once for each pod.
    starts_with: tuple[str, ...] = ()
    # Log statements of the operations that the new version words in another way.
    rewords: dict[str, str] = Field(default_factory=dict)


class ConfigChange(Written):
    """A service reads its configuration again, and says so in a log record with this event name."""

    at: Duration
    configure: str
    log: str = "configuration reloaded"
    event_name: str = "config.changed"


class Sampling(Written):
    """From now on this share of the traces is kept."""

    at: Duration
    sampling: Share


_EVENTS = ("deploy", "configure", "sampling")


def _event(value: Any) -> str | None:
    """Told by the one key that names it."""
    names = value if isinstance(value, dict) else type(value).model_fields
    return next((name for name in _EVENTS if name in names), None)


Event: TypeAlias = Annotated[
    Annotated[Deployment, Tag("deploy")]
    | Annotated[ConfigChange, Tag("configure")]
    | Annotated[Sampling, Tag("sampling")],
    Discriminator(
        _event, custom_error_type="event", custom_error_message="an event has one of the keys " + ", ".join(_EVENTS)
    ),
]


class Cause(Written):
    """What should be named for one incident."""

    service: str
    # Other right answers: an edge has two ends.
    also: tuple[str, ...] = ()
    # The number of the pod, or its name where the scenario is recorded.
    pod: int | str | None = None
    edge: str = ""
    operation: str = ""
    # Part of a log line whose template should be evidence.
    log: str = ""

    @property
    def services(self) -> tuple[str, ...]:
        return (self.service, *self.also)


class Expected(Written):
    causes: tuple[Cause, ...] = ()
    # As many as there are causes when absent.
    incidents: Annotated[int, Field(ge=0)] | None = None
    # Services that must not be first.
    not_blamed: tuple[str, ...] = ()
    # Words that must stand in the title or the summary of an incident.
    says: str = ""
    # Whether the incident must have ended by the end of the scenario.
    ended: bool | None = None

    @property
    def incident_count(self) -> int:
        return len(self.causes) if self.incidents is None else self.incidents


class Scenario(Written):
    """Times are durations from the start. Without a topology the folder holds recorded logs and spans."""

    about: str = ""
    # Kind of failure, for reports.
    kind: str = ""
    topology: Topology | None = None
    load: Load | None = None
    duration: Duration = 300 * SECOND
    seed: int = 1
    # Share of the traces that are kept from the start.
    sampling: Share = 1.0
    events: tuple[Event, ...] = ()
    faults: tuple[Fault, ...] = ()
    expected: Expected = Expected()
    start_unix_nano: int = START
    # When the fault of a recorded scenario began.
    inject_unix_nano: int | None = None

    @model_validator(mode="after")
    def _complete(self) -> "Scenario":
        if self.topology is None:
            if self.faults or self.events or self.load:
                raise ValueError("topology: is missing; faults, events and load need one")
            return self
        if self.load is None:
            raise ValueError("load: is missing; write a rate and its entries")
        for entry in self.load.entries:
            self.topology.operation(entry, "load.entries")
        for number, fault in enumerate(self.faults):
            fault.check(self.topology, f"faults.{number}")
            if isinstance(fault, PoolLeak) and fault.pool not in self.topology.services[fault.service].pools:
                raise ValueError(f"faults.{number}: {fault.service} has no pool {fault.pool!r}")
        self._check_expected(self.topology)
        for number, event in enumerate(self.events):
            name = event.deploy if isinstance(event, Deployment) else getattr(event, "configure", "")
            if name and name not in self.topology.services:
                raise ValueError(f"events.{number}: there is no service {name!r}")
        return self

    def _check_expected(self, topology: Topology) -> None:
        wanted = [
            (f"causes.{number}", name) for number, cause in enumerate(self.expected.causes) for name in cause.services
        ]
        wanted += [("not_blamed", name) for name in self.expected.not_blamed]
        for where, name in wanted:
            if name not in topology.services:
                known = ", ".join(sorted(topology.services))
                raise ValueError(f"expected.{where}: there is no service {name!r}, only {known}")

    @property
    def begin_unix_nano(self) -> int | None:
        """When the first fault begins; None when there is none."""
        if self.faults:
            return self.start_unix_nano + min(fault.at for fault in self.faults)
        return self.inject_unix_nano
