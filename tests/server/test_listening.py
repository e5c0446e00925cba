"""A port that can't be had is an error that names the key, the address and the remedy."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

from server.listening import AddressError, bind_grpc


@pytest.fixture
def server() -> Iterator[grpc.Server]:
    with ThreadPoolExecutor(1) as threads:
        server = grpc.server(threads, options=[("grpc.so_reuseport", 0)])
        yield server
        server.stop(None).wait()


def test_port_0_picks_a_free_one_and_tells_which(server: grpc.Server) -> None:
    host, port = bind_grpc(server, "127.0.0.1:0", "otlp.grpc").rsplit(":", 1)
    server.start()
    assert (host, port != "0") == ("127.0.0.1", True)
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        assert connection.getpeername()[1] == int(port)


@pytest.mark.parametrize("address", ["127.0.0.1:{taken}", "localhost:{taken}", "192.0.2.1:0", "no.such.host.invalid:0"])
def test_what_cannot_be_listened_on(server: grpc.Server, address: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        wanted = address.format(taken=other.getsockname()[1])
        with pytest.raises(
            AddressError, match=rf"^api\.grpc: can't listen on {wanted}: .*set api\.grpc to another port"
        ):
            bind_grpc(server, wanted, "api.grpc")
