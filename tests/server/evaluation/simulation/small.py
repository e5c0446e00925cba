"""A small system to break: front -> middle -> store (a database), and messages from front to worker."""

from typing import Any

from server.config import SECOND
from server.evaluation.simulation import Scenario

START = 1_750_000_000 * SECOND


def small(**more: Any) -> Scenario:
    """Ten requests a second for ten seconds; keys of a scenario are laid over it, of `services` service by service."""
    services: dict[str, Any] = {
        "front": {
            "pods": 2,
            "operations": {
                "GET /": [
                    {"log": "request of {user}"},
                    {"work": "1ms"},
                    {"call": "middle/POST /m", "timeout": "200ms"},
                    {"send": "letters"},
                    {"log": "answered {user}"},
                ]
            },
        },
        "middle": {
            "pools": {"db": 2},
            "operations": {
                "POST /m": [
                    {"log": "working on {order}"},
                    {"work": "2ms"},
                    {"call": "store/SELECT rows", "pool": "db", "timeout": "100ms"},
                    {"log": "done with {order}"},
                ]
            },
        },
        "store": {"database": "mysql", "operations": {"SELECT rows": [{"work": "2ms"}]}},
        "worker": {"operations": {"write": [{"work": "1ms"}, {"log": "letter {order} written"}]}},
    }
    for name, changes in more.pop("services", {}).items():
        services[name] = services[name] | changes
    return Scenario.model_validate(
        {
            "topology": {"services": services, "queues": {"letters": {"consumer": "worker/write"}}},
            "load": {"rate": 10, "entries": {"front/GET /": 1}},
            "duration": "10s",
            "start_unix_nano": START,
            **more,
        }
    )
