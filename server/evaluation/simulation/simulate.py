"""A scenario from beginning to end, as export requests in the order of event time."""

from collections.abc import Iterator
from functools import partial

from clients.replay import LogsBatch, TracesBatch
from server.config import SECOND
from server.evaluation.simulation.calling import resize_pools
from server.evaluation.simulation.faults import Fault, LogStops
from server.evaluation.simulation.kernel import Kernel, Process
from server.evaluation.simulation.load import IDLE
from server.evaluation.simulation.scenario import ConfigChange, Deployment, Event, Sampling, Scenario
from server.evaluation.simulation.serving import Server
from server.evaluation.simulation.telemetry import Line, Telemetry
from server.evaluation.simulation.topology import Regular
from server.evaluation.simulation.values import Values
from server.evaluation.simulation.work import drawn
from server.evaluation.simulation.world import Context, Pod, World


def simulate(scenario: Scenario, batch_nano: int = SECOND) -> Iterator[LogsBatch | TracesBatch]:
    """What would be sent, `batch_nano` of event time at once. The same scenario gives the same bytes.

    Raises ValueError for a scenario without a topology.
    """
    yield from _Simulation(scenario).run(batch_nano)


class _Simulation:
    def __init__(self, scenario: Scenario) -> None:
        if scenario.topology is None or scenario.load is None:
            raise ValueError("the scenario has no topology: it is recorded, not simulated")
        self._scenario = scenario
        self._topology, self._load = scenario.topology, scenario.load
        self._kernel = Kernel(scenario.start_unix_nano)
        self._world = World(self._kernel, scenario.topology, scenario.seed, scenario.sampling)
        self._telemetry = Telemetry(self._world)
        self._server = Server(self._world, self._telemetry)
        self._random = self._world.random("traffic")

    def run(self, batch_nano: int) -> Iterator[LogsBatch | TracesBatch]:
        self._begin()
        start, end = self._kernel.now, self._kernel.now + self._scenario.duration
        for until in range(start + batch_nano, end + batch_nano, batch_nano):
            self._kernel.run_until(min(until, end))
            yield from self._telemetry.export(self._kernel.now)

    def _begin(self) -> None:
        start = self._kernel.now
        for pods in self._world.pods.values():
            for pod in pods:
                self._begin_pod(pod)
        self._kernel.start(self._traffic())
        for fault in self._scenario.faults:
            self._kernel.at(start + fault.at, partial(self._switch, fault, True))
            if fault.lasts is not None:
                self._kernel.at(start + fault.at + fault.lasts, partial(self._switch, fault, False))
        for event in self._scenario.events:
            self._kernel.at(start + event.at, partial(self._happen, event))

    def _begin_pod(self, pod: Pod, lines: tuple[str, ...] = ()) -> None:
        for text in (f"{pod.service} {pod.version} starting", *lines, "listening on port 8080"):
            self._telemetry.log(pod, Line("INFO", text), f"{pod.service}.main")
        for name, queue in self._topology.queues.items():
            service, _, operation = queue.consumer.partition("/")
            for _ in range(queue.consumers if service == pod.service else 0):
                self._kernel.start(self._server.consume(pod, name, operation))
        for regular in self._topology.services[pod.service].regular:
            self._kernel.start(self._regularly(pod, regular))

    def _traffic(self) -> Process:
        start = self._kernel.now
        while True:
            shares = self._load.shares(self._kernel.now - start)
            rate = self._load.at(self._kernel.now - start)
            gap = self._random.expovariate(rate) * SECOND if rate > 0 else IDLE
            if gap >= IDLE:
                # The load may have changed by then: look again, which changes nothing for exponential gaps.
                yield IDLE
                continue
            yield round(gap)
            service, _, operation = self._random.choices(list(shares), list(shares.values()))[0].partition("/")
            trace_id = self._random.randbytes(16)
            sampled = self._world.sampling >= 1 or self._random.random() < self._world.sampling
            context = Context(trace_id, b"", sampled, Values(self._world.random("values")))
            pod = self._world.pick(service)
            if not self._world.refuses(pod):
                self._kernel.start(self._server.handle(pod, operation, context, self._kernel.gate()))

    def _regularly(self, pod: Pod, regular: Regular) -> Process:
        random = self._world.random("regular")
        yield random.randrange(max(regular.every, 1))
        while not pod.retired:
            text = Values(random).fill(regular.log)
            stopped = self._world.board.at(LogStops, pod.service, "", pod.number)
            if not any(item.log in regular.log for item in stopped) and not self._world.refuses(pod):
                self._telemetry.log(pod, Line(regular.severity, text), f"{pod.service}.main")
            yield drawn(random, regular.every, 0.02)

    def _switch(self, fault: Fault, on: bool) -> None:
        if on:
            self._world.board.on.append(fault)
        else:
            self._world.board.on.remove(fault)
        resize_pools(self._world)

    def _happen(self, event: Event) -> None:
        if isinstance(event, Sampling):
            self._world.sampling = event.sampling
        elif isinstance(event, ConfigChange):
            for pod in self._world.pods[event.configure]:
                line = Line("INFO", event.log, event_name=event.event_name)
                self._telemetry.log(pod, line, f"{pod.service}.config")
        else:
            self._kernel.start(self._deploy(event))

    def _deploy(self, event: Deployment) -> Process:
        pods = self._world.pods[event.deploy]
        for place, old in enumerate(list(pods)):
            new = self._world.make_pod(event.deploy, self._topology.services[event.deploy], old.number, event.version)
            new.rewords = dict(event.rewords)
            self._begin_pod(new, event.starts_with)
            pods[place] = new
            old.retired = True
            self._telemetry.log(old, Line("INFO", f"{old.service} {old.version} shutting down"), f"{old.service}.main")
            resize_pools(self._world)
            yield event.every
        return
