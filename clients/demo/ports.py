"""Where the demo lets Hypocenter listen: the default ports, or free ones where they are taken."""

import socket
from collections.abc import Mapping

_HOST = "127.0.0.1"
DEFAULT_PORTS: Mapping[str, int] = {
    "HYPOCENTER_OTLP__GRPC": 4317,
    "HYPOCENTER_OTLP__HTTP": 4318,
    "HYPOCENTER_API__GRPC": 4319,
    "HYPOCENTER_WEB__HTTP": 8080,
}


def choose_ports(wanted: Mapping[str, int] = DEFAULT_PORTS) -> Mapping[str, str]:
    """Environment variables that set every listening address. Port 0 lets the server take a free one."""
    return {name: f"{_HOST}:{port if _free(port) else 0}" for name, port in wanted.items()}


def _free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do: a port is not taken because a connection closed on it a moment ago.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError:
            return False
    return True
