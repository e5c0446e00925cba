"""How a service calls another: connections, the network, timeouts, retries, and the caller's half of the trace."""

from collections.abc import Callable, Generator, Sequence
from functools import lru_cache
from typing import Any

from opentelemetry.proto.trace.v1.trace_pb2 import Span

from server.evaluation.simulation.faults import Delay, EarlyTimeout, Loss, PoolLeak, RetryStorm
from server.evaluation.simulation.kernel import Gate, Process
from server.evaluation.simulation.telemetry import Attributes, Line, Telemetry, attribute
from server.evaluation.simulation.topology import MILLISECOND, Call
from server.evaluation.simulation.work import drawn
from server.evaluation.simulation.world import Context, Outcome, Pod, World

Handle = Callable[[Pod, str, Context, Gate], Process]
Calling = Generator[int | Gate, Any, Outcome]
_REFUSED_AFTER = MILLISECOND


class FailedError(Exception):
    """An operation failed; what it has logged, it has logged."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        super().__init__(outcome)


class Caller:
    def __init__(self, world: World, telemetry: Telemetry, handle: Handle) -> None:
        self._world = world
        self._telemetry = telemetry
        self._handle = handle
        self._random = world.random("calling")

    def call(self, pod: Pod, operation: str, context: Context, call: Call) -> Calling:
        """One call with its retries. Raises `FailedError` when it fails and is not optional."""
        callee, _, _ = call.call.partition("/")
        for storm in self._world.board.between(RetryStorm, pod.service, callee):
            for _ in range(storm.times if self._random.random() < storm.share else 0):
                self._world.kernel.start(_ignored(self._attempt(pod, operation, context, call)))
        outcome = yield from self._attempt(pod, operation, context, call)
        for attempt in range(call.retries):
            if not outcome.error:
                break
            text = f"attempt {attempt + 1} of calling {callee} failed: {outcome.message}, trying again"
            self._log(pod, operation, context, Line("WARN", text))
            yield drawn(self._random, call.backoff, 0.2)
            outcome = yield from self._attempt(pod, operation, context, call)
        if outcome.error and call.optional:
            self._log(pod, operation, context, Line("WARN", f"going on without {callee}: {outcome.message}"))
            return Outcome()
        if outcome.error:
            text = f"{operation} failed, {callee} could not be used: {outcome.message}"
            self._log(pod, operation, context, Line("ERROR", text))
            raise FailedError(Outcome("UpstreamError", f"{callee} failed"))
        if outcome.wrong:
            self._log(pod, operation, context, Line("ERROR", f"{callee} answered with an error message, giving up"))
        return outcome

    def call_all(self, pod: Pod, operation: str, context: Context, calls: Sequence[Call]) -> Calling:
        """Several at once; the worst outcome."""
        gates = [self._world.kernel.gate() for _ in calls]
        for call, gate in zip(calls, gates, strict=True):
            self._world.kernel.start(_told(self.call(pod, operation, context, call), gate))
        outcomes: list[Outcome] = []
        for gate in gates:
            outcomes.append((yield gate))
        failed = next((item for item in outcomes if item.error), None)
        if failed is not None:
            raise FailedError(failed)
        return next((item for item in outcomes if item.wrong), Outcome())

    def _attempt(self, pod: Pod, operation: str, context: Context, call: Call) -> Calling:
        if call.pool:
            pool = pod.pools[call.pool]
            if not (yield pool.take(call.timeout)):
                patience = call.timeout // MILLISECOND
                text = f"pool {call.pool}: connection is not available, timed out after {patience} ms"
                self._log(pod, operation, context, Line("ERROR", text, "ConnectionPoolTimeout"))
                return Outcome("ConnectionPoolTimeout", f"no connection in pool {call.pool}")
        outcome = yield from self._exchange(pod, context, call)
        if call.pool:
            pod.pools[call.pool].give()
        return outcome

    def _exchange(self, pod: Pod, context: Context, call: Call) -> Calling:
        kernel = self._world.kernel
        name, _, operation = call.call.partition("/")
        service = self._world.topology.services[name]
        span_id, begun = self._random.randbytes(8), kernel.now
        patience = call.timeout
        for early in self._world.board.between(EarlyTimeout, pod.service, name):
            if self._random.random() < early.share:
                patience = min(patience, early.after)
        answer = kernel.gate(patience)
        inside = Context(context.trace_id, span_id, context.sampled, context.values)
        kernel.start(self._travel(pod, name, operation, inside, answer))
        outcome: Outcome | None = yield answer
        if outcome is None:
            outcome = Outcome("Timeout", f"no answer from {name} within {patience // MILLISECOND} ms")
        address = service.address or name
        attributes, title = _described(name, address, operation, service.database, not service.seen[0])
        self._telemetry.span(
            pod, context, span_id, title, Span.SPAN_KIND_CLIENT, begun, error=outcome.error, attributes=attributes
        )
        return outcome

    def _travel(self, caller: Pod, name: str, operation: str, context: Context, answer: Gate) -> Process:
        """There, through the callee, and back."""
        world = self._world
        hop = world.topology.network
        for delay in world.board.between(Delay, caller.service, name):
            if self._random.random() < delay.share:
                hop += delay.by // 2
        for loss in world.board.between(Loss, caller.service, name):
            if self._random.random() < loss.share:
                return
        yield drawn(self._random, hop, 0.1)
        pod = world.pick(name)
        if world.refuses(pod):
            yield _REFUSED_AFTER
            answer.open(Outcome("ConnectionRefused", f"connection to {name} refused"))
            return
        reached = world.kernel.gate()
        world.kernel.start(self._handle(pod, operation, context, reached))
        outcome = yield reached
        yield drawn(self._random, hop, 0.1)
        answer.open(outcome)

    def _log(self, pod: Pod, operation: str, context: Context, line: Line) -> None:
        self._telemetry.log(pod, line, f"{pod.service}.client", context, context.parent_id)


def resize_pools(world: World) -> None:
    """Pools as large as written, but for those that leak now."""
    for name, pods in world.pods.items():
        for pod in pods:
            for pool, size in world.topology.services[name].pools.items():
                leaks = [item.left for item in world.board.at(PoolLeak, name, "", pod.number) if item.pool == pool]
                pod.pools[pool].resize(min([size, *leaks]))


def _ignored(calling: Calling) -> Process:
    try:
        yield from calling
    except FailedError:
        return


def _told(calling: Calling, gate: Gate) -> Process:
    try:
        gate.open((yield from calling))
    except FailedError as failed:
        gate.open(failed.outcome)


@lru_cache
def _described(name: str, address: str, operation: str, database: str, silent: bool) -> tuple[Attributes, str]:
    """Attributes of the caller's span, and its name."""
    if database:
        return (
            attribute("db.system.name", database),
            attribute("db.namespace", name),
            attribute("db.operation.name", operation.split()[0]),
            attribute("db.query.text", operation),
            attribute("server.address", address),
        ), operation
    method = operation.split()[0]
    known = (attribute("server.address", address), attribute("http.request.method", method))
    # Of somebody else's service, no instrumentation knows the route.
    return known, method if silent else operation
