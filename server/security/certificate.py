"""A certificate and its key, read anew when their files change."""

import hashlib
import logging
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from server.config import ConfigError

# Seconds; how long a certificate that was replaced may still be shown.
_EVERY = 1.0
_log = logging.getLogger(__name__)


class TlsError(ConfigError):
    """The message names the keys and the remedy."""


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """`client_ca` is empty when nobody has to show one."""

    section: str
    cert: str
    key: str
    client_ca: str = ""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What the files held at one time; that key and chain belong together has been checked."""

    context: ssl.SSLContext
    chain: bytes
    key: bytes
    authority: bytes | None
    # Of all three.
    digest: bytes


class CertificateReader:
    """The newest certificate that could be used. Looks at the files at most once a second, when somebody connects; when
    what they hold can't be used, `failed` is called, the log says why, and the one before stays. Safe for use by
    several threads."""

    def __init__(
        self, files: CertificateFiles, failed: Callable[[], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`clock` is in seconds. Raises `TlsError`."""
        self._files = files
        self._failed = failed
        self._clock = clock
        self._lock = threading.Lock()
        self._complaint = ""
        self._current = _load(files)
        self._next = clock() + _EVERY

    def current(self) -> Certificate:
        if self._clock() >= self._next:
            with self._lock:
                if self._clock() >= self._next:
                    self._next = self._clock() + _EVERY
                    self._refresh()
        return self._current

    def _refresh(self) -> None:
        try:
            found = _load(self._files, self._current)
        except TlsError as error:
            if str(error) != self._complaint:
                self._complaint = str(error)
                self._failed()
                _log.error("%s; the certificate known before stays", error)
            return
        if found is not self._current:
            _log.info("%s: certificate read anew", self._files.section)
        self._current, self._complaint = found, ""


def _load(files: CertificateFiles, known: Certificate | None = None) -> Certificate:
    """`known` where the files still hold that. Raises `TlsError`."""
    contents = _contents(files)
    digest = hashlib.sha256(b"\0".join(hashlib.sha256(content).digest() for content in contents)).digest()
    if known is not None and known.digest == digest:
        return known
    section, cert, key, client_ca = files.section, files.cert, files.key, files.client_ca
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        # A password would be asked for on the terminal.
        context.load_cert_chain(cert, key, password="")
    except (OSError, ValueError) as error:
        raise TlsError(
            f"{section}: {cert} and {key} are not a PEM certificate chain and its key, which must not be encrypted"
        ) from error
    if client_ca:
        try:
            context.load_verify_locations(client_ca)
        except OSError as error:
            raise TlsError(f"{section}.tls_client_ca: {client_ca} holds no PEM certificate") from error
        context.verify_mode = ssl.CERT_REQUIRED
    if _contents(files) != contents:
        raise TlsError(f"{section}: {cert} and {key} changed while they were read")
    chain, private, authority = contents
    return Certificate(context, chain, private, authority if client_ca else None, digest)


def _contents(files: CertificateFiles) -> tuple[bytes, bytes, bytes]:
    return (
        _read(f"{files.section}.tls_cert", files.cert),
        _read(f"{files.section}.tls_key", files.key),
        _read(f"{files.section}.tls_client_ca", files.client_ca) if files.client_ca else b"",
    )


def _read(key: str, path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise TlsError(f"{key}: {path} can't be read: {error.strerror}") from error
