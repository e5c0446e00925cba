"""Which names the web door answers to."""

import ipaddress
import re
from collections.abc import Iterable

# A name or an address, with or without a port; IPv6 in brackets.
_HOST = re.compile(r"(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+))(?::[0-9]{1,5})?")


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
