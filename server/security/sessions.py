"""Who has logged in at the page. Lives in the event loop of its door, and no longer than the process."""

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from server.security.tokens import digest_of

# Seconds.
LIFETIME = 12 * 3600
_MOST = 100


@dataclass(frozen=True, slots=True)
class Session:
    """`token_digest` is that of the token it was opened with: it ends with that token."""

    token_digest: bytes
    expires: float


class Sessions:
    """Bounded: beyond `most` the oldest is closed. Only digests of ids are kept."""

    def __init__(
        self, lifetime: float = LIFETIME, most: int = _MOST, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._lifetime = lifetime
        self._most = most
        self._clock = clock
        self._open: OrderedDict[bytes, Session] = OrderedDict()

    def open(self, token_digest: bytes) -> str:
        """The id of a new session, which is told to nobody else."""
        while len(self._open) >= self._most:
            self._open.popitem(last=False)
        session_id = secrets.token_urlsafe(32)
        self._open[digest_of(session_id)] = Session(token_digest, self._clock() + self._lifetime)
        return session_id

    def find(self, session_id: str) -> Session | None:
        digest = digest_of(session_id)
        found = self._open.get(digest)
        if found is not None and found.expires <= self._clock():
            del self._open[digest]
            return None
        return found

    def close(self, session_id: str) -> None:
        self._open.pop(digest_of(session_id), None)

    def __len__(self) -> int:
        return len(self._open)
