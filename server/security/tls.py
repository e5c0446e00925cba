"""Certificates, for ports of either kind."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import grpc

from server.security.certificate import Certificate, CertificateFiles, CertificateReader, TlsError

__all__ = ["Tls", "TlsError", "load_tls"]


@dataclass(frozen=True, slots=True)
class Tls:
    """The same certificate as HTTP and as gRPC servers want it. Whoever connects after the files changed sees the new
    one."""

    context: ssl.SSLContext
    grpc: grpc.ServerCredentials


def load_tls(
    section: str, cert: str, key: str, client_ca: str, failed: Callable[[], None] = lambda: None
) -> Tls | None:
    """PEM files; empty names for none. With `client_ca` whoever connects must show a certificate of it. `failed` is
    called when changed files can't be used.

    `section` is that of the configuration, for messages. Raises `TlsError`.
    """
    if not (cert or key or client_ca):
        return None
    if not (cert and key):
        raise TlsError(f"{section}: TLS needs both tls_cert and tls_key; set both, or none of the tls_ keys")
    cert, key, client_ca = (str(Path(path).expanduser()) if path else "" for path in (cert, key, client_ca))
    reader = CertificateReader(CertificateFiles(section, cert, key, client_ca), failed)
    return Tls(_http(reader), _grpc(reader))


def _http(reader: CertificateReader) -> ssl.SSLContext:
    """A context that hands every handshake on to the current one. What is asked of clients was settled when the
    handshake began, by this one; it is the same in all of them."""
    context = reader.current().context

    def choose(connection: ssl.SSLSocket | ssl.SSLObject, name: str | None, first: ssl.SSLContext) -> None:
        connection.context = reader.current().context

    # Called for every client, also for those that name no server.
    context.sni_callback = choose
    return context


def _grpc(reader: CertificateReader) -> grpc.ServerCredentials:
    first = reader.current()
    # The one that gRPC has; asked for before every handshake, None says that it is still right.
    given = [first]

    def fetch() -> grpc.ServerCertificateConfiguration | None:
        current = reader.current()
        if current is given[0]:
            return None
        given[0] = current
        return _configuration(current)

    return grpc.dynamic_ssl_server_credentials(
        _configuration(first),
        fetch,  # type: ignore[arg-type] # the stubs don't know of None
        require_client_authentication=first.authority is not None,
    )


def _configuration(certificate: Certificate) -> grpc.ServerCertificateConfiguration:
    return grpc.ssl_server_certificate_configuration([(certificate.key, certificate.chain)], certificate.authority)
