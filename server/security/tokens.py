"""Tokens and their roles, from a file that may change at any time."""

import hashlib
import hmac
import logging
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from server.config import ConfigError
from server.security.roles import Role

SHORTEST = 16
_MOST_BYTES = 2**20
_MOST_TOKENS = 1000
# Seconds; how long a token that was taken out of the file may still be good.
_EVERY = 1.0
_TOKEN = re.compile(r"[\x21-\x7e]+")
_HASHED = re.compile(r"sha256:([0-9a-f]{64})")
_log = logging.getLogger(__name__)


class TokenFileError(ConfigError):
    """The message names the file, the line and the remedy, and never what stands in the line."""


@dataclass(frozen=True, slots=True)
class _Known:
    digest: bytes
    roles: frozenset[Role]


def digest_of(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


class TokenFile:
    """Lines of `ROLE TOKEN` or `ROLE,ROLE TOKEN`; instead of the token, `sha256:` and its digest in hex. `#` comments.

    Only digests are kept. The file is read anew, at most once a second; when that fails, `failed` is called, the log
    says why, and the tokens known before stay good. Safe for use by several threads.
    """

    def __init__(
        self, path: Path, key: str, failed: Callable[[], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`key` is the configuration key, for messages; `clock` is in seconds. Raises `TokenFileError`."""
        self._path = path
        self._key = key
        self._failed = failed
        self._clock = clock
        self._lock = threading.Lock()
        self._complaint = ""
        text = self._read()
        self._known = self._parsed(text)
        self._seen = hashlib.sha256(text).digest()
        self._next = clock() + _EVERY

    def roles(self, digest: bytes) -> frozenset[Role]:
        """Of the token with that digest; none if there is no such token. Takes as long whichever it is."""
        self._refresh()
        found: frozenset[Role] = frozenset()
        for known in self._known:
            if hmac.compare_digest(known.digest, digest):
                found = known.roles
        return found

    def _refresh(self) -> None:
        if self._clock() < self._next:
            return
        with self._lock:
            if self._clock() < self._next:
                return
            self._next = self._clock() + _EVERY
            try:
                text = self._read()
                seen = hashlib.sha256(text).digest()
                if seen != self._seen:
                    self._known = self._parsed(text)
                    _log.info("%s: read anew, %d tokens", self._key, len(self._known))
                self._seen, self._complaint = seen, ""
            except TokenFileError as error:
                if str(error) != self._complaint:
                    self._complaint = str(error)
                    self._failed()
                    _log.error("%s; the tokens known before stay good", error)

    def _read(self) -> bytes:
        try:
            with self._path.open("rb") as file:
                text = file.read(_MOST_BYTES + 1)
        except OSError as error:
            raise self._error(f"can't be read: {error.strerror}") from error
        if len(text) > _MOST_BYTES:
            raise self._error(f"is larger than {_MOST_BYTES} bytes")
        return text

    def _parsed(self, text: bytes) -> tuple[_Known, ...]:
        found: dict[bytes, frozenset[Role]] = {}
        for number, line in enumerate(text.decode("utf-8", "replace").splitlines(), 1):
            words = line.split()
            if not words or words[0].startswith("#"):
                continue
            try:
                (names, token) = words
                roles = frozenset(Role(name) for name in names.split(","))
            except ValueError:
                # Not `from` it: that error holds the line, and so perhaps the token.
                raise self._error(f"line {number} must be ROLE TOKEN; roles are {', '.join(Role)}") from None
            digest = self._digest(token, number)
            found[digest] = found.get(digest, frozenset()) | roles
        if not found:
            raise self._error("holds no token; write lines of ROLE TOKEN")
        if len(found) > _MOST_TOKENS:
            raise self._error(f"holds more than {_MOST_TOKENS} tokens")
        return tuple(_Known(digest, roles) for digest, roles in found.items())

    def _digest(self, token: str, number: int) -> bytes:
        if hashed := _HASHED.fullmatch(token):
            return bytes.fromhex(hashed[1])
        if token.startswith("sha256:") or len(token) < SHORTEST or not _TOKEN.fullmatch(token):
            raise self._error(
                f"line {number}: a token has at least {SHORTEST} printable ASCII characters, or is sha256: and 64 hex"
                " digits in lower case; `openssl rand -hex 32` makes a good one"
            )
        return digest_of(token)

    def _error(self, problem: str) -> TokenFileError:
        return TokenFileError(f"{self._key}: {self._path} {problem}")
