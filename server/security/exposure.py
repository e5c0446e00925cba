"""Who can reach an address."""

import ipaddress
import socket


def beyond_loopback(address: str) -> bool:
    """Whether anybody but this machine can reach HOST:PORT; also where the name can't be looked up now."""
    host = address.rpartition(":")[0].strip("[]")
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError:
        return True
    return not all(_loopback(str(where[0])) for *_, where in found)


def _loopback(text: str) -> bool:
    address = ipaddress.ip_address(text.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback
