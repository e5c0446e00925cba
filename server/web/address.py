"""Where the web door listens, and which names it answers to."""

import errno
import ipaddress
import re
import socket
from collections.abc import Iterable

from server.listening import AddressError

# A name or an address, with or without a port; IPv6 in brackets.
_HOST = re.compile(r"(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+))(?::[0-9]{1,5})?")


class BindError(AddressError):
    """The address can't be listened on; the message names it and says what to do."""


def split(address: str) -> tuple[str, int]:
    """Host and port of "HOST:PORT" or "[IPV6]:PORT". Raises `BindError`."""
    host, colon, port = address.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not (port.isascii() and port.isdigit()) or int(port) > 65535:
        raise BindError(f"web.http: {address!r} is not HOST:PORT, for example 127.0.0.1:8080")
    return host, int(port)


def join(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def listen(address: str) -> socket.socket:
    """A listening socket; port 0 picks a free one. Raises `BindError`."""
    host, port = split(address)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise BindError(f"web.http: {host!r} is no address of this machine ({error.strerror})") from error
    family, kind, protocol, _, where = found[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(where)
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise BindError(f"web.http: can't listen on {address}: {_remedy(error)}") from error
    listener.setblocking(False)
    return listener


def _remedy(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            "the port is in use; stop the program that holds it, or set web.http to another port (0 picks a free one)"
        )
    if error.errno == errno.EACCES:
        return "this user may not use that port; choose one above 1023"
    return error.strerror or str(error)


class HostNames:
    """Which Host headers are meant for us.

    A page of somebody else can make a browser look up its own name as 127.0.0.1 and so read what is only for this
    machine (DNS rebinding); such a request carries that page's name. So only loopback names, what the door is bound to,
    and names that were allowed by hand are answered. A door on all interfaces answers to every literal address, since
    an address needs no look-up that could lie.
    """

    def __init__(self, bound_host: str, allowed: Iterable[str] = ()) -> None:
        self._names = {"localhost", bound_host.lower(), *(name.lower().rstrip(".") for name in allowed)}
        self._any_address = _literal(bound_host) is not None and ipaddress.ip_address(bound_host).is_unspecified

    def accept(self, header: str) -> bool:
        match = _HOST.fullmatch(header)
        if match is None:
            return False
        name = (match[1] or match[2]).lower().rstrip(".")
        if name in self._names:
            return True
        address = _literal(name)
        return address is not None and (address.is_loopback or self._any_address)


def _literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
