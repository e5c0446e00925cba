"""Names that senders make up, a bounded number of them."""

from collections.abc import Hashable, Sequence
from typing import Generic, TypeVar

Name = TypeVar("Name", bound=Hashable)


class Register(Generic[Name]):
    """Names by when they were last seen, in event time. Once full, newcomers find no place until one that is there has
    been silent for `patience` nanoseconds and gives up its own."""

    def __init__(self, limit: int, patience: int, seen: dict[Name, int] | None = None) -> None:
        """`seen` is taken over, not copied."""
        self.seen = {} if seen is None else seen
        self._limit = limit
        self._patience = patience
        # Up to this time nobody has been silent for long enough: until then a newcomer costs no search.
        self._none_until = 0

    def __len__(self) -> int:
        return len(self.seen)

    def admit(self, name: Name, now_unix_nano: int) -> tuple[bool, Sequence[Name]]:
        """Whether it has a place now, and who gave up theirs."""
        known = self.seen.get(name)
        gone: Sequence[Name] = ()
        if known is None and len(self.seen) >= self._limit:
            gone = self._make_room(now_unix_nano)
            if len(self.seen) >= self._limit:
                return False, gone
        if known is None or now_unix_nano > known:
            self.seen[name] = now_unix_nano
        return True, gone

    def _make_room(self, now: int) -> Sequence[Name]:
        if now <= self._none_until:
            return ()
        silent = [name for name, seen in self.seen.items() if seen + self._patience < now]
        for name in silent:
            del self.seen[name]
        self._none_until = min(self.seen.values(), default=now) + self._patience
        return silent
