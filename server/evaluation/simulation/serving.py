"""How a pod works on a request: its steps, what breaks in them, and how it answers."""

from collections.abc import Generator
from functools import lru_cache, partial
from typing import Any, TypeAlias

from opentelemetry.proto.trace.v1.trace_pb2 import Span

from server.evaluation.simulation.calling import Caller, FailedError
from server.evaluation.simulation.faults import (
    ConsumerStopped,
    Hang,
    LogStops,
    Slow,
    Stuck,
    Throws,
    WrongReturn,
)
from server.evaluation.simulation.kernel import Gate, Process
from server.evaluation.simulation.telemetry import Attributes, Line, Telemetry, attribute
from server.evaluation.simulation.topology import (
    MILLISECOND,
    Call,
    Log,
    Parallel,
    Send,
    Step,
    Wait,
    Work,
)
from server.evaluation.simulation.work import drawn
from server.evaluation.simulation.world import Context, Outcome, Pod, World

Steps: TypeAlias = Generator[int | Gate, Any, Outcome]
_LOOK_AGAIN = 500 * MILLISECOND


class Server:
    """All pods' way of working. One for a world."""

    def __init__(self, world: World, telemetry: Telemetry) -> None:
        self._world = world
        self._telemetry = telemetry
        self._caller = Caller(world, telemetry, self.handle)
        self._random = world.random("serving")

    def handle(self, pod: Pod, operation: str, context: Context, answer: Gate) -> Process:
        """One request that has arrived at the pod; opens `answer` with an outcome."""
        kernel, service = self._world.kernel, self._world.topology.services[pod.service]
        if not (yield pod.workers.take(service.patience)):
            self._telemetry.log(pod, Line("ERROR", "request turned away: no worker became free"), pod.service)
            answer.open(Outcome("ResourceExhausted", "no worker became free"))
            return
        span_id = self._random.randbytes(8)
        begun = kernel.now
        inside = Context(context.trace_id, span_id, context.sampled, context.values)
        outcome = yield from self._guarded(pod, operation, inside)
        pod.workers.give()
        if outcome is None:
            return
        attributes = _http(operation, bool(outcome.error))
        self._telemetry.span(
            pod, context, span_id, operation, Span.SPAN_KIND_SERVER, begun, error=outcome.error, attributes=attributes
        )
        answer.open(outcome)

    def consume(self, pod: Pod, queue: str, operation: str) -> Process:
        """One of a pod's consumers, for as long as the pod is there."""
        kernel = self._world.kernel
        while not pod.retired:
            message: Context = yield self._world.queues[queue].get()
            while any(True for _ in self._world.board.at(ConsumerStopped, pod.service, operation, pod.number)):
                yield _LOOK_AGAIN
            context, linked = message, self._world.topology.queues[queue].linked
            if linked:
                context = Context(self._random.randbytes(16), b"", message.sampled, message.values)
            span_id = self._random.randbytes(8)
            begun = kernel.now
            inside = Context(context.trace_id, span_id, context.sampled, context.values)
            outcome = yield from self._guarded(pod, operation, inside)
            if outcome is not None:
                self._telemetry.span(
                    pod,
                    context,
                    span_id,
                    f"process {queue}",
                    Span.SPAN_KIND_CONSUMER,
                    begun,
                    error=outcome.error,
                    attributes=messaging(queue, "process"),
                    message=message if linked else None,
                )

    def _guarded(self, pod: Pod, operation: str, context: Context) -> Generator[int | Gate, Any, Outcome | None]:
        """The outcome; None when it never ends."""
        try:
            outcome = yield from self._work(pod, operation, context)
        except FailedError as failed:
            return failed.outcome
        return outcome

    def _work(self, pod: Pod, operation: str, context: Context) -> Generator[int | Gate, Any, Outcome | None]:
        board, name = self._world.board, pod.service
        steps = self._world.topology.services[name].operations[operation]
        last = len(steps) - 1
        for number, step in enumerate(steps):
            # What breaks, breaks in the middle: what is written at the beginning still is.
            if number == (last + 1) // 2 and board.on:
                broken = yield from self._breaks(pod, operation, context)
                if broken is not None:
                    return None if broken.error == "stuck" else broken
            if board.on and isinstance(step, Log):
                stopped = [item for item in board.at(LogStops, name, operation, pod.number) if item.log in step.log]
                if any(item.skips for item in stopped):
                    return Outcome()
                if stopped:
                    continue
            outcome = yield from self._step(pod, operation, context, step)
            if outcome.wrong:
                return outcome
        return Outcome()

    def _breaks(self, pod: Pod, operation: str, context: Context) -> Generator[int | Gate, Any, Outcome | None]:
        board, chance, where = self._world.board, self._random.random, (pod.service, operation, pod.number)
        for hang in board.at(Hang, *where):
            if chance() < hang.share:
                yield hang.hangs
        for stuck in board.at(Stuck, *where):
            if chance() < stuck.share:
                return Outcome("stuck")
        for wrong in board.at(WrongReturn, *where):
            if chance() < wrong.share:
                text = context.values.fill(wrong.log)
                self._log(pod, operation, context, Line("ERROR", text))
                return Outcome(message=text, wrong=True)
        for thrown in board.at(Throws, *where):
            if chance() < thrown.share:
                self._throw(pod, operation, context, thrown.type, thrown.message)
        return None

    def _step(self, pod: Pod, operation: str, context: Context, step: Step) -> Steps:
        if isinstance(step, Work):
            yield from self._on_core(pod, operation, step)
        elif isinstance(step, Wait):
            yield drawn(self._random, step.wait, step.spread)
        elif isinstance(step, Log):
            if step.share >= 1 or self._random.random() < step.share:
                text = context.values.fill(pod.rewords.get(step.log, step.log))
                self._log(pod, operation, context, Line(step.severity, text, step.exception))
        elif isinstance(step, Call):
            if step.share >= 1 or self._random.random() < step.share:
                return (yield from self._caller.call(pod, operation, context, step))
        elif isinstance(step, Parallel):
            return (yield from self._caller.call_all(pod, operation, context, step.parallel))
        elif isinstance(step, Send):
            if step.share >= 1 or self._random.random() < step.share:
                self._send(pod, context, step.send)
        elif self._random.random() < step.share:
            self._throw(pod, operation, context, step.fail, step.message)
        return Outcome()

    def _on_core(self, pod: Pod, operation: str, step: Work) -> Generator[int | Gate, Any, None]:
        yield pod.cores.take()
        duration = drawn(self._random, step.work, step.spread)
        for slow in self._world.board.at(Slow, pod.service, operation, pod.number):
            if slow.share >= 1 or self._random.random() < slow.share:
                duration = round(duration * slow.factor)
        yield duration
        pod.cores.give()

    def _throw(self, pod: Pod, operation: str, context: Context, kind: str, message: str) -> None:
        text = context.values.fill(message)
        stack = f"{kind}: {text}\n\tat {pod.service}.{_method(operation)}:{40 + len(kind)}\n\tat server.Worker.run:118"
        self._log(pod, operation, context, Line("ERROR", f"{operation} failed: {text}", kind, stack))
        raise FailedError(Outcome(kind, text))

    def _send(self, pod: Pod, context: Context, queue: str) -> None:
        span_id = self._random.randbytes(8)
        message = Context(context.trace_id, span_id, context.sampled, context.values)
        now = self._world.kernel.now
        self._telemetry.span(
            pod, context, span_id, f"send {queue}", Span.SPAN_KIND_PRODUCER, now, attributes=messaging(queue, "send")
        )
        put = self._world.queues[queue].put
        self._world.kernel.at(now + self._world.topology.network, partial(put, message))

    def _log(self, pod: Pod, operation: str, context: Context, line: Line) -> None:
        self._telemetry.log(pod, line, f"{pod.service}.{_method(operation)}", context, context.parent_id)


@lru_cache
def messaging(queue: str, what: str) -> Attributes:
    return (
        attribute("messaging.system", "queue"),
        attribute("messaging.destination.name", queue),
        attribute("messaging.operation.type", what),
    )


@lru_cache
def _http(operation: str, failed: bool) -> Attributes:
    return (attribute("http.route", operation), attribute("http.response.status_code", 500 if failed else 200))


@lru_cache
def _method(operation: str) -> str:
    """ "GET /products/{sku}" as a piece of code would be named."""
    words = "".join(letter if letter.isalnum() else " " for letter in operation).split()
    return "".join([words[0].lower(), *(word.title() for word in words[1:])]) if words else "handle"
