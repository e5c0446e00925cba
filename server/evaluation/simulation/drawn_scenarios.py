"""Scenarios on generated systems: hours in which nothing is wrong, and failures of every kind."""

from collections.abc import Iterable, Iterator
from random import Random
from typing import Any

from server.evaluation.simulation.generated import random_topology
from server.evaluation.simulation.scenario import Scenario
from server.evaluation.simulation.topology import Call, Send, Step, Topology

HOUR = "60m"
KINDS = (
    "slow",
    "exception",
    "wrong_return",
    "delay",
    "loss",
    "pool_leak",
    "retry_storm",
    "hang",
    "stuck",
    "slow_database",
    "database_down",
    "consumer_stopped",
    "bad_pod",
    "log_stops",
    "bad_deployment",
)


def quiet_hour(seed: int) -> Scenario:
    """An hour without a fault: load changes, bursts, a daily shape, deployments, sampling and config changes."""
    random = Random(f"quiet {seed}")
    topology = random_topology(seed)
    load = _load(random, topology, rate=round(random.uniform(1.0, 3.0), 2))
    load["daily"] = {"day": random.choice(("30m", "60m", "120m")), "amplitude": round(random.uniform(0, 0.7), 2)}
    load["changes"] = [
        {
            "at": f"{random.randint(8, 55)}m",
            "times": random.choice((0.5, 0.5, 2, 2, 3)),
            "for": f"{random.randint(2, 15)}m",
            "over": f"{random.choice((0, 5, 60))}s",
        }
        for _ in range(random.randint(0, 3))
    ]
    if random.random() < 0.4:
        load["bursts"] = {"every": f"{random.randint(60, 300)}s", "for": f"{random.randint(2, 20)}s", "times": 3}
    events: list[dict[str, Any]] = [_deployment(random, topology) for _ in range(random.randint(0, 3))]
    if random.random() < 0.4:
        events.append({"sampling": random.choice((0.1, 0.3, 0.5)), "at": f"{random.randint(8, 55)}m"})
    if random.random() < 0.4:
        events.append({"configure": random.choice(_instrumented(topology)), "at": f"{random.randint(8, 55)}m"})
    # Users ask for other things than before.
    load["changes"] += [
        {
            "entry": random.choice(sorted(load["entries"])),
            "at": f"{random.randint(8, 55)}m",
            "times": random.choice((0.2, 0.5, 2, 5)),
            "for": f"{random.randint(2, 15)}m",
            "over": f"{random.choice((0, 5, 60))}s",
        }
        for _ in range(random.randint(0, 2))
    ]
    return Scenario.model_validate(
        {
            "about": "Nothing is wrong.",
            "kind": "quiet",
            "topology": topology,
            "load": load,
            "events": events,
            "duration": HOUR,
            "seed": seed,
        }
    )


def failure(seed: int, kind: str = "") -> Scenario:
    """A generated system that works for some minutes and then breaks, in the way of `kind` or in any."""
    random = Random(f"failure {seed} {kind}")
    kind = kind or random.choice(KINDS)
    topology = random_topology(random.randrange(2**32))
    while not (broken := _Breakage(random, topology)).has(kind):
        topology = random_topology(random.randrange(2**32))
    fault, cause, events = broken.of(kind)
    return Scenario.model_validate(
        {
            "kind": kind,
            "topology": topology,
            "load": _load(random, topology, rate=5),
            "faults": [fault | {"at": "4m"}],
            "events": events,
            "duration": "6m",
            "seed": seed,
            "expected": {"causes": [cause]},
        }
    )


class _Breakage:
    def __init__(self, random: Random, topology: Topology) -> None:
        self._random = random
        self._topology = topology
        # What is rarely used, or never, can't be seen to break.
        calls = sorted(set(_travelled(topology)))
        self._inner = [call for call in calls if not self._database(call[1])]
        self._sends = any(isinstance(step, Send) for step in _steps(topology, calls))
        self._to_database = [call for call in calls if self._database(call[1])]
        # Whose callers say whom they call: nobody can name the others.
        self._named = [call for call in self._to_database if topology.services[call[0]].kinds]

    def has(self, kind: str) -> bool:
        """Whether there is anything that can break in this way."""
        if kind == "consumer_stopped":
            return bool(self._inner and self._sends)
        if kind in ("slow_database", "database_down"):
            return bool(self._inner and self._named)
        return bool(self._inner and self._to_database)

    def of(self, kind: str) -> tuple[dict[str, Any], dict[str, Any], list[dict[str, Any]]]:
        """Fault, expected cause, events."""
        services, random = self._topology.services, self._random
        caller, reference, _ = random.choice(self._inner)
        callee, _, operation = reference.partition("/")
        at = {"service": callee, "operation": operation}
        cause: dict[str, Any] = {"service": callee}
        if kind in ("slow", "exception", "wrong_return", "hang", "stuck"):
            return {"kind": kind, **at, **({"factor": 40} if kind == "slow" else {"share": 0.6})}, cause, []
        if kind in ("delay", "loss", "retry_storm"):
            edge = {"kind": kind, "edge": f"{caller} -> {callee}"}
            if kind == "retry_storm":
                return {**edge, "times": 20}, {"service": caller}, []
            how: dict[str, Any] = {"by": "250ms"} if kind == "delay" else {"share": 0.5}
            return {**edge, **how}, {**cause, "also": [caller], "edge": edge["edge"]}, []
        if kind == "pool_leak":
            caller, _, pool = random.choice(self._to_database)
            return {"kind": kind, "service": caller, "pool": pool, "left": 0}, {"service": caller}, []
        if kind in ("slow_database", "database_down"):
            database = random.choice(self._named)[1].partition("/")[0]
            if kind == "database_down":
                return {"kind": "down", "service": database}, {"service": database}, []
            return {"kind": "slow", "service": database, "factor": 50}, {"service": database}, []
        if kind == "consumer_stopped":
            consumer = next(iter(self._topology.queues.values())).consumer.partition("/")[0]
            return {"kind": kind, "service": consumer}, {"service": consumer}, []
        if kind == "bad_pod":
            pod = random.randrange(services[callee].pods)
            # Of an only pod nothing is said by naming it.
            named = {"pod": pod} if services[callee].pods > 1 else {}
            return {"kind": "exception", **at, "pod": pod}, {**cause, **named}, []
        if kind == "log_stops":
            last = services[callee].operations[operation][-1]
            return {"kind": kind, **at, "log": getattr(last, "log", "")}, cause, []
        event = {"deploy": callee, "version": "9.0.0", "at": "3m55s", "every": "1s"}
        return {"kind": "exception", **at, "share": 0.5}, cause, [event]

    def _database(self, reference: str) -> bool:
        return bool(self._topology.services[reference.partition("/")[0]].database)


def _travelled(topology: Topology) -> Iterator[tuple[str, str, str]]:
    """Caller, callee's operation and pool of every call that each request of its entry makes."""
    front, service = next(iter(topology.services.items()))
    waiting = [(front, name) for name in service.operations if name != "consume"]
    known = set(waiting)
    while waiting:
        name, operation = waiting.pop()
        for step in topology.services[name].operations[operation]:
            if isinstance(step, Call) and step.share >= 1:
                yield name, step.call, step.pool
                callee, _, called = step.call.partition("/")
                if (callee, called) not in known:
                    known.add((callee, called))
                    waiting.append((callee, called))


def _steps(topology: Topology, calls: Iterable[tuple[str, str, str]]) -> Iterator[Step]:
    """Of all operations that every request of its entry comes by."""
    front = next(iter(topology.services))
    reached = {f"{front}/{name}" for name in topology.services[front].operations} | {call[1] for call in calls}
    for reference in sorted(reached):
        service, _, operation = reference.partition("/")
        yield from topology.services[service].operations[operation]


def _load(random: Random, topology: Topology, rate: float) -> dict[str, Any]:
    front, service = next(iter(topology.services.items()))
    names = [name for name in service.operations if name != "consume"]
    return {"rate": rate, "entries": {f"{front}/{name}": round(random.uniform(0.3, 1.0), 2) for name in names}}


def _instrumented(topology: Topology) -> list[str]:
    return [name for name, service in topology.services.items() if not service.database]


def _deployment(random: Random, topology: Topology) -> dict[str, Any]:
    return {
        "deploy": random.choice(_instrumented(topology)),
        "version": f"7.{random.randint(0, 99)}.0",
        "at": f"{random.randint(8, 55)}m",
        "starts_with": random.sample(("cache warmed with {n} entries", "migrated {n} rows", "plan {uuid} loaded"), 2),
    }
