"""Certificates, for ports of either kind."""

import ssl
from dataclasses import dataclass
from pathlib import Path

import grpc

from server.config import ConfigError


class TlsError(ConfigError):
    """The message names the keys and the remedy."""


@dataclass(frozen=True, slots=True)
class Tls:
    """The same certificate as HTTP and as gRPC servers want it."""

    context: ssl.SSLContext
    grpc: grpc.ServerCredentials


def load_tls(section: str, cert: str, key: str, client_ca: str) -> Tls | None:
    """PEM files, read once; empty names for none. With `client_ca` whoever connects must show a certificate of it.

    `section` is that of the configuration, for messages. Raises `TlsError`.
    """
    if not (cert or key or client_ca):
        return None
    if not (cert and key):
        raise TlsError(f"{section}: TLS needs both tls_cert and tls_key; set both, or none of the tls_ keys")
    cert, key, client_ca = (str(Path(path).expanduser()) if path else "" for path in (cert, key, client_ca))
    pair = _read(f"{section}.tls_key", key), _read(f"{section}.tls_cert", cert)
    authority = _read(f"{section}.tls_client_ca", client_ca) if client_ca else None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        # A password would be asked for on the terminal.
        context.load_cert_chain(cert, key, password="")
    except (ssl.SSLError, ValueError) as error:
        raise TlsError(
            f"{section}: {cert} and {key} are not a PEM certificate chain and its key, which must not be encrypted"
        ) from error
    if authority is not None:
        try:
            context.load_verify_locations(client_ca)
        except ssl.SSLError as error:
            raise TlsError(f"{section}.tls_client_ca: {client_ca} holds no PEM certificate") from error
        context.verify_mode = ssl.CERT_REQUIRED
    credentials = grpc.ssl_server_credentials([pair], authority, require_client_auth=authority is not None)
    return Tls(context, credentials)


def _read(key: str, path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise TlsError(f"{key}: {path} can't be read: {error.strerror}") from error
