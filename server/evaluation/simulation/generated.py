"""Systems that nobody drew: services, calls and log statements from a seed, so that nothing is fitted to a few."""

from random import Random
from typing import Any

from server.evaluation.simulation.topology import Topology

_NAMES = (
    "account",
    "basket",
    "booking",
    "catalog",
    "delivery",
    "fraud",
    "gift",
    "history",
    "identity",
    "invoice",
    "journey",
    "ledger",
    "limits",
    "loyalty",
    "media",
    "member",
    "notice",
    "offer",
    "order",
    "partner",
    "payout",
    "plan",
    "price",
    "profile",
    "quote",
    "rating",
    "refund",
    "report",
    "route",
    "search",
    "seat",
    "session",
    "stock",
    "store",
    "tariff",
    "tax",
    "ticket",
    "token",
    "translate",
    "usage",
    "voucher",
    "wallet",
    "weather",
)
_DATABASES = ("postgresql", "mysql", "mongodb", "redis")
_BEGUN = ("handling", "received", "processing", "begin", "looking up", "checking", "开始处理")
_DONE = ("done with", "finished", "stored", "answered", "completed", "result sent for", "处理完成")
_NOISE = ("cache miss for {sku}", "{n} entries evicted", "slow answer, {ms} ms", "retrying lookup of {user}")
_VALUES = ("{order}", "{user}", "{sku}", "{order} of {user}", "{n} items of {sku}", "{uuid}")


def random_topology(seed: int) -> Topology:
    """Five to fourteen services in layers, with databases, an outside service and perhaps a queue behind them.

    The first service is the front; its operations are the entries. The same seed gives the same system.
    """
    random = Random(f"topology {seed}")
    names = random.sample(_NAMES, random.randint(5, 14))
    layers = {name: 0 if number == 0 else random.randint(1, 4) for number, name in enumerate(names)}
    drawing = _Drawing(random, names, layers)
    return Topology.model_validate(drawing.draw())


class _Drawing:
    def __init__(self, random: Random, names: list[str], layers: dict[str, int]) -> None:
        self._random = random
        self._names = names
        self._layers = layers
        self._operations = {name: self._operation_names(name) for name in names}
        self._databases = [f"{random.choice(names)}-db{number}" for number in range(random.randint(1, 3))]
        # What nobody has called so far must be called by somebody.
        self._uncalled = list(names[1:])
        self._written = 0

    def draw(self) -> dict[str, Any]:
        random, services = self._random, dict[str, Any]()
        consumer = random.choice(self._names[1:]) if random.random() < 0.6 else ""
        for name in sorted(self._names, key=self._layers.__getitem__):
            services[name] = self._service(name)
        front = self._names[0]
        for name in list(self._uncalled):
            operation = random.choice(self._operations[front])
            services[front]["operations"][operation].insert(-1, {"call": f"{name}/{self._operations[name][0]}"})
        for database in self._databases:
            operations = {"SELECT": [{"work": "2ms"}], "UPDATE": [{"work": "3ms"}]}
            services[database] = {"database": random.choice(_DATABASES), "cores": 16, "operations": operations}
        queues = {}
        if consumer:
            services[consumer]["operations"]["consume"] = self._steps(consumer, "consume", calls=False)
            sender = services[random.choice([name for name in self._names if name != consumer])]["operations"]
            sender[next(iter(sender))].insert(-1, {"send": "events"})
            queues["events"] = {"consumer": f"{consumer}/consume", "consumers": random.randint(2, 4)}
        drawn = {"services": services, "queues": queues, "namespace": random.choice(("", "main"))}
        self._disguise(services, queues)
        return drawn

    def _disguise(self, services: dict[str, Any], queues: dict[str, Any]) -> None:
        """Some services log under another name, some are called at another, and some consumers begin traces of their
        own."""
        random = Random(f"disguise {self._names} {len(services)}")
        for name in self._names:
            if random.random() < 0.05:
                services[name]["log_name"] = random.choice((f"{name}-java", f"app.{name}", f"{name}_container"))
            services[name]["address"] = Random(name).choice(("", f"{name}.prod", f"{name.upper()}-LB.internal:8080"))
        for queue in queues.values():
            queue["linked"] = random.random() < 0.3

    def _operation_names(self, name: str) -> list[str]:
        verbs = self._random.sample(("GET", "POST", "PUT", "DELETE"), self._random.randint(1, 3))
        return [f"{verb} /{name}" for verb in verbs]

    def _service(self, name: str) -> dict[str, Any]:
        random = self._random
        service: dict[str, Any] = {
            "pods": random.randint(1, 4),
            "version": f"{random.randint(0, 6)}.{random.randint(0, 20)}.{random.randint(0, 9)}",
            "pools": {"db": random.randint(4, 12)},
            "body": random.choices(("plain", "json", "map", "logfmt"), (6, 2, 1, 1))[0],
            "log_ids": random.random() < 0.85,
            "kinds": random.random() < 0.9,
            "spans_lost": random.choice((0, 0, 0, 0.01)),
            "clock_ahead": f"{random.choice((0, 0, 0, 2, 20))}ms",
        }
        if random.random() < 0.3:
            text = f"{name} heartbeat, {{n}} connections"
            service["regular"] = [{"every": f"{random.randint(5, 40)}s", "log": text}]
        service["operations"] = {operation: self._steps(name, operation) for operation in self._operations[name]}
        return service

    def _steps(self, name: str, operation: str, *, calls: bool = True) -> list[dict[str, Any]]:
        random = self._random
        steps: list[dict[str, Any]] = [self._log(_BEGUN, operation)] if random.random() < 0.8 else []
        steps.append({"work": f"{random.randint(1, 9)}ms", "spread": round(random.uniform(0.1, 0.5), 2)})
        if calls:
            steps += self._calls(name)
        if random.random() < 0.3:
            noise = f"{operation}: {random.choice(_NOISE)}"
            steps.append({"log": noise, "severity": "WARN", "share": round(random.uniform(0.005, 0.05), 3)})
        if random.random() < 0.2:
            share = round(random.uniform(0.001, 0.01), 4)
            steps.append({"fail": "ValidationError", "message": "{order} is not valid", "share": share})
        if random.random() < 0.7:
            steps.append({"call": f"{random.choice(self._databases)}/{random.choice(('SELECT', 'UPDATE'))}"})
            steps[-1] |= {"pool": "db", "timeout": "1s"}
        steps.append(self._log(_DONE, operation))
        return steps

    def _calls(self, name: str) -> list[dict[str, Any]]:
        random = self._random
        deeper = [other for other in self._names if self._layers[other] > self._layers[name]]
        wanted = [other for other in self._uncalled if other in deeper][:1]
        wanted += random.sample(deeper, min(len(deeper), random.randint(0, 2)))
        calls = []
        for other in dict.fromkeys(wanted):
            if other in self._uncalled:
                self._uncalled.remove(other)
            call: dict[str, Any] = {"call": f"{other}/{random.choice(self._operations[other])}"}
            call["timeout"] = f"{random.randint(1, 4)}s"
            call["retries"] = random.choice((0, 0, 1, 2))
            if random.random() < 0.2:
                call["share"] = 0.5
            calls.append(call)
        return calls

    def _log(self, words: tuple[str, ...], operation: str) -> dict[str, Any]:
        self._written += 1
        text = f"{self._random.choice(words)} {operation.split()[-1].strip('/')} {self._random.choice(_VALUES)}"
        severity = self._random.choices(("INFO", "DEBUG"), (5, 1))[0]
        return {"log": f"{text} [{operation.split()[0].lower()}]", "severity": severity}
