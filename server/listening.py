"""Taking a port, or saying plainly why not."""

import grpc


class AddressError(Exception):
    """A port that can't be listened on; the message names the key, the address and the remedy."""


def bind_grpc(server: grpc.Server, address: str, key: str) -> str:
    """Bind an insecure port; returns HOST:PORT as bound. `key` is the configuration key, for the message."""
    try:
        port = server.add_insecure_port(address)
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
