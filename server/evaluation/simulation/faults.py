"""What can be broken, and the board that says what is broken now."""

from collections.abc import Iterator
from typing import Annotated, Literal, TypeAlias, TypeVar

from pydantic import Field

from server.config import SECOND
from server.evaluation.simulation.topology import Duration, Share, Topology, Written


class _Fault(Written):
    """Begins `at` after the start and lasts `for`, or to the end."""

    at: Duration
    lasts: Duration | None = Field(default=None, alias="for")

    def check(self, topology: Topology, where: str) -> None:
        """Raises ValueError when it names what is not there."""


class _AtService(_Fault):
    service: str
    # All of them when empty.
    operation: str = ""
    # The number of the pod, from 0; all of them when absent.
    pod: int | None = Field(default=None, ge=0)
    # Of the requests there, how many are hit.
    share: Share = 1.0

    def check(self, topology: Topology, where: str) -> None:
        operations = topology.services.get(self.service)
        operation = self.operation or (next(iter(operations.operations)) if operations else "")
        topology.operation(f"{self.service}/{operation}", where)
        if operations and self.pod is not None and self.pod >= operations.pods:
            raise ValueError(f"{where}: {self.service} has no pod {self.pod}, only 0 to {operations.pods - 1}")


class _OnEdge(_Fault):
    # "caller -> callee"
    edge: str = Field(pattern=r"^\S+ -> \S+$")
    share: Share = 1.0

    @property
    def ends(self) -> tuple[str, str]:
        caller, _, callee = self.edge.partition(" -> ")
        return caller, callee

    def check(self, topology: Topology, where: str) -> None:
        for name in self.ends:
            if name not in topology.services:
                raise ValueError(f"{where}: there is no service {name!r}")


class Slow(_AtService):
    """Its own work takes `factor` times as long: a stolen CPU, a bad query plan."""

    kind: Literal["slow"]
    factor: float = Field(gt=0)


class Throws(_AtService):
    """Throws, logs the stack, fails; what would have come after is not done."""

    kind: Literal["exception"]
    type: str = "IllegalStateException"
    message: str = "state of {order} is not valid"


class WrongReturn(_AtService):
    """Answers with an error message instead of a result: no exception, no failed span, an ERROR line."""

    kind: Literal["wrong_return"]
    log: str = "cannot process {order}: no result"


class Hang(_AtService):
    """Does nothing for `hangs` before it goes on; callers run into their timeouts."""

    kind: Literal["hang"]
    hangs: Duration = 30 * SECOND


class Stuck(_AtService):
    """Never finishes: no span, no closing log line, no answer."""

    kind: Literal["stuck"]


class Down(_AtService):
    """Refuses connections and says nothing."""

    kind: Literal["down"]


class ConsumerStopped(_AtService):
    """Takes no messages any more, without a word."""

    kind: Literal["consumer_stopped"]


class LogStops(_AtService):
    """The statement that contains `log` is not reached any more; with `skips`, nor is anything after it."""

    kind: Literal["log_stops"]
    log: str
    skips: bool = False


class PoolLeak(_AtService):
    """Connections of the pool are not given back: only `left` can be had."""

    kind: Literal["pool_leak"]
    pool: str
    left: int = Field(default=1, ge=0)


class Delay(_OnEdge):
    """Packets of the edge are held back, each way half of `by`."""

    kind: Literal["delay"]
    by: Duration


class Loss(_OnEdge):
    """Requests of the edge get lost: the caller waits for its timeout."""

    kind: Literal["loss"]


class RetryStorm(_OnEdge):
    """A bug of the caller: every call is made `times` times more, whatever is answered."""

    kind: Literal["retry_storm"]
    times: int = Field(ge=1, le=100)


class EarlyTimeout(_OnEdge):
    """The caller gives up `after` so long: a timeout that was set too short."""

    kind: Literal["early_timeout"]
    after: Duration


class Silence(_Fault):
    """Telemetry of these services gets lost, of all when none is named; they work on."""

    kind: Literal["silence"]
    services: tuple[str, ...] = ()


Fault: TypeAlias = Annotated[
    Slow
    | Throws
    | WrongReturn
    | Hang
    | Stuck
    | Down
    | ConsumerStopped
    | LogStops
    | PoolLeak
    | Delay
    | Loss
    | RetryStorm
    | EarlyTimeout
    | Silence,
    Field(discriminator="kind"),
]
_At = TypeVar("_At", bound=_AtService)
_On = TypeVar("_On", bound=_OnEdge)


class FaultBoard:
    """Which faults are on."""

    def __init__(self) -> None:
        self.on: list[Fault] = []

    def at(self, kind: type[_At], service: str, operation: str, pod: int) -> Iterator[_At]:
        """Those of the kind that hit there, whatever their share."""
        for fault in self.on:
            if (
                isinstance(fault, kind)
                and fault.service == service
                and fault.operation in ("", operation)
                and fault.pod in (None, pod)
            ):
                yield fault

    def between(self, kind: type[_On], caller: str, callee: str) -> Iterator[_On]:
        for fault in self.on:
            if isinstance(fault, kind) and fault.ends == (caller, callee):
                yield fault

    def silent(self, service: str) -> bool:
        return any(isinstance(item, Silence) and (not item.services or service in item.services) for item in self.on)
