"""Taking a port, or saying plainly why not."""

import errno
import socket

import grpc

# Connections that wait to be taken.
_BACKLOG = 512


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


def split(address: str, key: str) -> tuple[str, int]:
    """Host and port of "HOST:PORT" or "[IPV6]:PORT". Raises `AddressError`."""
    host, colon, port = address.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not (port.isascii() and port.isdigit()) or int(port) > 65535:
        raise AddressError(f"{key}: {address!r} is not HOST:PORT, for example 127.0.0.1:8080")
    return host, int(port)


def listen(address: str, key: str) -> socket.socket:
    """A listening socket that does not block. Raises `AddressError`."""
    host, port = split(address, key)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise AddressError(f"{key}: {host!r} is no address of this machine ({error.strerror})") from error
    family, kind, protocol, _, where = found[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(where)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise AddressError(f"{key}: can't listen on {address}: {_remedy(error, key)}") from error
    listener.setblocking(False)
    return listener


def _remedy(error: OSError, key: str) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"the port is in use; stop the program that holds it, or set {key} to another port (0 picks a free one)"
    if error.errno == errno.EACCES:
        return "this user may not use that port; choose one above 1023"
    return error.strerror or str(error)


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
