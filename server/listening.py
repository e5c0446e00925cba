"""Taking a port, or saying plainly why not."""

import errno
import socket

import grpc


class AddressError(Exception):
    """A port that can't be listened on; the message names the key, the address and the remedy."""


def bind_grpc(server: grpc.Server, address: str, key: str, tls: grpc.ServerCredentials | None = None) -> str:
    """Bind a port, in the clear without `tls`; returns HOST:PORT as bound. `key` is the configuration key.

    Raises `AddressError`, also when only some of the addresses of a name are free.
    """
    # gRPC is content with one of them: next to somebody on 127.0.0.1 it would serve "localhost" on ::1 alone.
    if any(_taken(*found) for found in _addresses(address)):
        raise address_error(address, key)
    try:
        port = server.add_insecure_port(address) if tls is None else server.add_secure_port(address, tls)
    except RuntimeError as error:
        raise address_error(address, key) from error
    if not port:
        raise address_error(address, key)
    return f"{address.rsplit(':', 1)[0]}:{port}"


def address_error(address: str, key: str) -> AddressError:
    return AddressError(
        f"{key}: can't listen on {address}: it is in use or not an address of this machine; stop what listens there"
        f" or set {key} to another port (0 picks a free one)"
    )


def _addresses(address: str) -> list[tuple[socket.AddressFamily, tuple[object, ...]]]:
    host, _, port = address.rpartition(":")
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError:
        # No address at all: gRPC will say so.
        return []
    return [(family, where) for family, _, _, _, where in found]


def _taken(family: socket.AddressFamily, where: tuple[object, ...]) -> bool:
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(where)
    except OSError as error:
        return error.errno == errno.EADDRINUSE
    return False
