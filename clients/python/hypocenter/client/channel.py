"""The connection: where to, how protected, as whom."""

from __future__ import annotations

from dataclasses import dataclass

import grpc

_LOOPBACK_PREFIXES = ("127.", "localhost:", "[::1]:", "unix:")
_MAX_MESSAGE_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Tls:
    """PEM bytes. Without `root_certificates` the system's are used; key and chain together make mutual TLS."""

    root_certificates: bytes | None = None
    private_key: bytes | None = None
    certificate_chain: bytes | None = None

    def __post_init__(self) -> None:
        if (self.private_key is None) != (self.certificate_chain is None):
            raise ValueError("mutual TLS needs both private_key and certificate_chain")


def is_loopback(target: str) -> bool:
    """Whether the target is this machine, judged by its text alone."""
    return target.startswith(_LOOPBACK_PREFIXES) or target == "localhost"


def open_channel(target: str, *, tls: Tls | None = None, insecure: bool = False) -> grpc.Channel:
    """A lazily connecting channel; the caller closes it.

    Plaintext is used for this machine and where `insecure` allows it; everything else is TLS.
    """
    if tls is not None and insecure:
        raise ValueError("tls and insecure contradict each other: give one of them")
    options: list[tuple[str, int | str]] = [
        ("grpc.max_receive_message_length", _MAX_MESSAGE_BYTES),
        ("grpc.primary_user_agent", "hypocenter-client"),
        # gRPC's own pause between connection attempts grows to two minutes: too long for a server that restarts. The
        # least one stays as it is: it is what an attempt may take, and a far or busy server takes its time.
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 3000),
    ]
    if is_loopback(target):
        # A proxy from the environment cannot reach this machine's loopback.
        options.append(("grpc.enable_http_proxy", 0))
    if tls is None and (insecure or is_loopback(target)):
        return grpc.insecure_channel(target, options=options)
    tls = tls or Tls()
    credentials = grpc.ssl_channel_credentials(tls.root_certificates, tls.private_key, tls.certificate_chain)
    return grpc.secure_channel(target, credentials, options=options)


def bearer(token: str | None) -> tuple[tuple[str, str], ...]:
    """Request metadata that carries the token; none for no token."""
    return (("authorization", f"Bearer {token}"),) if token else ()
