"""What runs: pods of services with their workers, cores, pools and clocks, and queues between them."""

import hashlib
from collections import deque
from dataclasses import dataclass, field
from random import Random

from server.evaluation.simulation.faults import Down, FaultBoard
from server.evaluation.simulation.kernel import Gate, Kernel, Slots
from server.evaluation.simulation.topology import Service, Topology
from server.evaluation.simulation.values import Values


def pod_name(service: str, version: str, number: int, seed: int) -> str:
    """As a Kubernetes deployment would name it: service, hash of what is deployed, and which one it is."""
    deployed = hashlib.sha256(f"{service}:{version}".encode()).hexdigest()[:9]
    which = hashlib.sha256(f"{seed}:{service}:{version}:{number}".encode()).hexdigest()[:5]
    return f"{service}-{deployed}-{which}"


@dataclass(slots=True, eq=False)
class Pod:
    """`clock` is how far it is ahead, in nanoseconds."""

    service: str
    number: int
    name: str
    version: str
    clock: int
    workers: Slots
    cores: Slots
    pools: dict[str, Slots]
    rewords: dict[str, str] = field(default_factory=dict)
    # Set when it is replaced: what it has begun it finishes.
    retired: bool = False


@dataclass(frozen=True, slots=True)
class Context:
    """What a request carries along: its trace, the span that asked, and what it is about."""

    trace_id: bytes
    parent_id: bytes
    sampled: bool
    values: Values


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a call ended: `error` is a type and empty for a success, `wrong` an answer that holds an error message."""

    error: str = ""
    message: str = ""
    wrong: bool = False


class MessageQueue:
    """Messages in the order sent, without limit."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._messages: deque[Context] = deque()
        self._waiting: deque[Gate] = deque()

    def put(self, message: Context) -> None:
        if self._waiting:
            self._waiting.popleft().open(message)
        else:
            self._messages.append(message)

    def get(self) -> Gate:
        """Opened with the next message."""
        gate = self._kernel.gate()
        if self._messages:
            gate.open(self._messages.popleft())
        else:
            self._waiting.append(gate)
        return gate


class World:
    """Everything that runs, and what is broken of it."""

    def __init__(self, kernel: Kernel, topology: Topology, seed: int, sampling: float) -> None:
        self.kernel = kernel
        self.topology = topology
        self.board = FaultBoard()
        self.sampling = sampling
        self.seed = seed
        self.queues = {name: MessageQueue(kernel) for name in topology.queues}
        self.pods: dict[str, list[Pod]] = {}
        self._turn: dict[str, int] = {}
        self._random: dict[str, Random] = {}
        for name, service in topology.services.items():
            self.pods[name] = [self.make_pod(name, service, number) for number in range(service.pods)]

    def random(self, purpose: str) -> Random:
        """One stream of chance for each purpose, so that one part does not disturb another."""
        if purpose not in self._random:
            self._random[purpose] = Random(f"{self.seed}:{purpose}")
        return self._random[purpose]

    def make_pod(self, name: str, service: Service, number: int, version: str = "") -> Pod:
        version = version or service.version
        return Pod(
            name,
            number,
            pod_name(name, version, number, self.seed),
            version,
            service.clock_ahead - service.clock_behind,
            Slots(self.kernel, service.workers),
            Slots(self.kernel, service.cores),
            {pool: Slots(self.kernel, size) for pool, size in service.pools.items()},
        )

    def pick(self, service: str) -> Pod:
        """The next pod in turn, broken or not: a balancer does not know."""
        pods = self.pods[service]
        turn = self._turn[service] = self._turn.get(service, -1) + 1
        return pods[turn % len(pods)]

    def refuses(self, pod: Pod) -> bool:
        return any(True for _ in self.board.at(Down, pod.service, "", pod.number))
