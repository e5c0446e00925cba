"""Tells open pages that incidents changed."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncGenerator

from server.feed import IncidentFeed, TooOldError

# How long the thread may take to notice that it should stop, in seconds.
_PATIENCE = 0.2


class Pulse:
    """One thread waits for the feed and wakes any number of streams in event loops; it says that something changed,
    not what, so a slow reader needs no buffer."""

    def __init__(self, feed: IncidentFeed, most: int = 64, tick: float = 10.0) -> None:
        """At most `most` streams at once; each hears something every `tick` seconds, changed or not."""
        self._feed = feed
        self._most = most
        self._tick = tick
        self._lock = threading.Lock()
        self._streams: set[_Stream] = set()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="web-pulse", daemon=True)

    @property
    def sequence(self) -> int:
        """Of the newest change; what a page shown now is up to date with."""
        return self._feed.sequence

    @property
    def full(self) -> bool:
        """Whether as many pages listen as may."""
        with self._lock:
            return len(self._streams) >= self._most

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends every stream; the thread follows shortly. Safe to call more than once and without `start`."""
        self._ended.set()
        self._wake()

    def join(self) -> None:
        """After `stop`: wait for the thread to end."""
        if self._thread.is_alive():
            self._thread.join()

    async def beats(self, after: int) -> AsyncGenerator[tuple[int, bool]]:
        """(sequence, whether it changed since the last), from the first change after `after`, until `stop`.

        Ends at once when full.
        """
        if self.full:
            return
        stream = _Stream()
        with self._lock:
            self._streams.add(stream)
        try:
            while not self._ended.is_set():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._tick):
                        # Woken for what it has already told, it sleeps on.
                        while self.sequence == after and not self._ended.is_set():
                            await stream.woken.wait()
                            stream.woken.clear()
                sequence = self.sequence
                if not self._ended.is_set():
                    yield sequence, sequence != after
                after = sequence
        finally:
            with self._lock:
                self._streams.discard(stream)

    def _watch(self) -> None:
        sequence = self._feed.sequence
        while not self._ended.is_set():
            try:
                entries = self._feed.after(sequence, _PATIENCE)
            except TooOldError:
                sequence = self._feed.sequence
                self._wake()
                continue
            if entries is None:
                self._ended.set()
                self._wake()
            elif entries:
                sequence = entries[-1].sequence
                self._wake()

    def _wake(self) -> None:
        with self._lock:
            for stream in self._streams:
                stream.wake()


class _Stream:
    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.woken = asyncio.Event()

    def wake(self) -> None:
        """From any thread."""
        # A loop that is closed has nobody left to tell.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self.woken.set)
