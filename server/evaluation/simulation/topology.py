"""What there is to simulate, as it is written in a scenario: services, operations, their steps, queues."""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, model_validator

from server.config import SECOND
from server.config import Duration as AnyDuration


def _spelled(value: object) -> object:
    if isinstance(value, int):
        raise ValueError("write a duration with its unit, for example 30s or 5m")
    return value


# Nanoseconds, written as in the configuration.
Duration = Annotated[AnyDuration, BeforeValidator(_spelled)]
Share = Annotated[float, Field(ge=0, le=1)]
Severity = Literal["DEBUG", "INFO", "WARN", "ERROR"]
MILLISECOND = SECOND // 1000


class Written(BaseModel):
    """Anything of a scenario file: a key that is not known is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Work(Written):
    """Time on a core of the pod, log-normal: the median, and the deviation of the logarithm."""

    work: Duration
    spread: float = Field(default=0.3, ge=0, le=3)


class Wait(Written):
    """Time that passes without a core."""

    wait: Duration
    spread: float = Field(default=0.3, ge=0, le=3)


class Log(Written):
    """A log statement. {order}, {user}, {sku}, {ip}, {uuid}, {n}, {amount}, {ms} and {name} stand for values."""

    log: str
    severity: Severity = "INFO"
    # Of the requests that come here, how many write it.
    share: Share = 1.0
    # Becomes the record's exception.type.
    exception: str = ""


class Call(Written):
    """A call that is waited for, of "service/operation"."""

    call: str
    timeout: Duration = 2 * SECOND
    # How often again after a failure, and how long after.
    retries: int = Field(default=0, ge=0, le=20)
    backoff: Duration = 50 * MILLISECOND
    # Of the service's own pools, the one to take a connection from.
    pool: str = ""
    share: Share = 1.0
    # A failure is logged as a warning, and the rest goes on.
    optional: bool = False


class Parallel(Written):
    """Calls at the same time; goes on when all are answered."""

    parallel: tuple[Call, ...]


class Send(Written):
    """A message into a queue; goes on at once."""

    send: str
    share: Share = 1.0


class Fail(Written):
    """The operation fails for this share of the requests, in good times too."""

    fail: str
    message: str = "{order} is not valid"
    share: Share = 0.01


_STEPS = ("work", "wait", "log", "call", "parallel", "send", "fail")


def _step(value: Any) -> str | None:
    """Told by the one key that names it."""
    names = value if isinstance(value, dict) else type(value).model_fields
    return next((name for name in _STEPS if name in names), None)


Step: TypeAlias = Annotated[
    Annotated[Work, Tag("work")]
    | Annotated[Wait, Tag("wait")]
    | Annotated[Log, Tag("log")]
    | Annotated[Call, Tag("call")]
    | Annotated[Parallel, Tag("parallel")]
    | Annotated[Send, Tag("send")]
    | Annotated[Fail, Tag("fail")],
    Discriminator(
        _step,
        custom_error_type="step",
        custom_error_message="a step has one of the keys " + ", ".join(_STEPS),
    ),
]


class Regular(Written):
    """A log statement that comes by itself, from every pod."""

    every: Duration
    log: str
    severity: Severity = "INFO"


class Service(Written):
    operations: dict[str, tuple[Step, ...]]
    pods: int = Field(default=1, ge=1, le=50)
    version: str = "1.0.0"
    # Requests a pod works on at once, and its cores.
    workers: int = Field(default=32, ge=1)
    cores: int = Field(default=4, ge=1)
    # How long a request waits for a worker before it is turned away.
    patience: Duration = 5 * SECOND
    pools: dict[str, int] = {}
    regular: tuple[Regular, ...] = ()
    # Whether it sends spans and logs at all.
    traces: bool = True
    logs: bool = True
    # A database, or another system that is seen by its callers' spans alone: PostgreSQL is "postgresql".
    database: str = ""
    body: Literal["plain", "json", "map", "logfmt"] = "plain"
    # Whether logs carry trace and span ids.
    log_ids: bool = True
    # service.name in its logs, where it is another than in its spans.
    log_name: str = ""
    # What its callers call it at, where that is not its name.
    address: str = ""
    # Whether spans say their kind and who was called; or that, and that their kind is internal.
    kinds: bool | Literal["internal"] = True
    # Share of its spans that get lost on the way.
    spans_lost: Share = 0.0
    # How far its clocks are ahead, and behind.
    clock_ahead: Duration = 0
    clock_behind: Duration = 0

    @property
    def seen(self) -> tuple[bool, bool]:
        """Whether spans and logs of it arrive."""
        return self.traces and not self.database, self.logs and not self.database


class Queue(Written):
    # "service/operation" that works on the messages.
    consumer: str
    # Messages a pod works on at once.
    consumers: int = Field(default=2, ge=1)
    # Whoever consumes begins a trace of its own, and its span names that of the message as a link.
    linked: bool = False


class Topology(Written):
    services: dict[str, Service]
    queues: dict[str, Queue] = {}
    environment: str = "prod"
    namespace: str = ""
    # What takes a hop between two services, one way.
    network: Duration = MILLISECOND // 2

    @model_validator(mode="after")
    def _complete(self) -> "Topology":
        for name, queue in self.queues.items():
            self.operation(queue.consumer, f"queues.{name}.consumer")
        for name, service in self.services.items():
            for operation, steps in service.operations.items():
                where = f"services.{name}.operations.{operation}"
                for step in steps:
                    self._check(step, service, where)
        return self

    def operation(self, reference: str, where: str) -> tuple[str, str]:
        """Service and operation of "service/operation". Raises ValueError when there is no such thing."""
        service, _, operation = reference.partition("/")
        if service not in self.services:
            raise ValueError(f"{where}: there is no service {service!r}, only {', '.join(sorted(self.services))}")
        if operation not in self.services[service].operations:
            known = ", ".join(repr(name) for name in self.services[service].operations)
            raise ValueError(f"{where}: {service} has no operation {operation!r}, only {known}")
        return service, operation

    def _check(self, step: Step, service: Service, where: str) -> None:
        calls = step.parallel if isinstance(step, Parallel) else (step,) if isinstance(step, Call) else ()
        for call in calls:
            self.operation(call.call, where)
            if call.pool and call.pool not in service.pools:
                raise ValueError(f"{where}: there is no pool {call.pool!r}; list it under the service's pools")
        if isinstance(step, Send) and step.send not in self.queues:
            raise ValueError(f"{where}: there is no queue {step.send!r}; list it under queues")
