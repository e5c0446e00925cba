"""Log records as they were sent, read back from the journal: bounded, newest first, beside whoever appends."""

import hashlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from analyzers.otlp.times import DecodeLimits
from server.journal.frame import Frame, FrameError, FrameKind
from server.journal.raw_request import RawLine, RawRequest, Shapes
from server.journal.segment import (
    Place,
    SegmentError,
    header_of,
    places_of,
    read_frame,
    read_places,
    segment_numbers,
    segment_path,
)

_SECOND = 1_000_000_000
_LATEST = 2**63 - 1
# Nanoseconds by which a sender's clock may be ahead of ours for its records still to come in order; to wait for all
# that the doors allow would mean to read a minute of the journal for every page.
_AHEAD = 2 * _SECOND
# Headers of frames that are read before the clock is looked at.
_HEADERS = 1000


class Stopped(StrEnum):
    """Why not all of the range was looked through; empty when it was."""

    NO = ""
    # As many lines as were asked for; there may be older ones.
    LINES = "lines"
    BYTES = "bytes"
    SECONDS = "seconds"
    # Others were reading all the while.
    BUSY = "busy"

    @property
    def early(self) -> bool:
        """Whether lines may be missing between those that were found."""
        return self not in (Stopped.NO, Stopped.LINES)


@dataclass(frozen=True, slots=True)
class RawQuery:
    """All that is set must hold. Times are event times, end exclusive, both inside of int64."""

    start_unix_nano: int = 0
    end_unix_nano: int = _LATEST
    # By bare name or in full ("environment/namespace/name"); empty: any.
    service: str = ""
    template_id: str = ""
    trace_id: bytes = b""
    # Case-folded; each must occur in the body or the template.
    words: tuple[str, ...] = ()
    # How long after the end of the range its records may have come; later ones are not looked for.
    lateness: int = 3600 * _SECOND


@dataclass(frozen=True, slots=True)
class RawLimits:
    """`bytes` are those of requests decompressed; what was found until then is returned."""

    lines: int = 1000
    bytes: int = 256 * 2**20
    seconds: float = 2.0


@dataclass(frozen=True, slots=True)
class RawLines:
    lines: tuple[RawLine, ...]
    stopped: Stopped
    # Decompressed.
    scanned_bytes: int


def newest_first(line: RawLine) -> tuple[int, str]:
    return (-line.time_unix_nano, line.body)


def anything(line: RawLine) -> bool:
    return True


class RawLineReader:
    """Safe to use from several threads, one of which reads at a time. Takes no lock of the journal: a segment that is
    dropped while it is read is read to its end, a frame that is being written is not seen.
    """

    def __init__(self, folder: Path, limits: DecodeLimits | None = None) -> None:
        """`folder` is that of the journal; `limits` those with which records are counted."""
        self._folder = folder
        self._limits = limits or DecodeLimits()
        self._reading = threading.Lock()

    def find(
        self,
        query: RawQuery,
        limits: RawLimits = RawLimits(),
        accepts: Callable[[RawLine], bool] = anything,
        order: Callable[[RawLine], tuple[int, str]] = newest_first,
    ) -> RawLines:
        """The first lines in `order`, which must put newer ones first, of those that `accepts` takes too.

        A batch that was sent twice is read once.
        """
        deadline = time.monotonic() + limits.seconds
        if not self._reading.acquire(timeout=limits.seconds):
            return RawLines((), Stopped.BUSY, 0)
        try:
            return _Search(self._folder, query, limits, self._limits, deadline).run(accepts, order)
        finally:
            self._reading.release()


class _Search:
    """One call of `find`."""

    def __init__(
        self, folder: Path, query: RawQuery, limits: RawLimits, decode_limits: DecodeLimits, deadline: float
    ) -> None:
        self._folder = folder
        self._query = query
        self._limits = limits
        self._decode_limits = decode_limits
        self._deadline = deadline
        self._shapes = Shapes()
        self._seen: set[bytes] = set()
        self._scanned = 0
        self._stopped = Stopped.NO

    def run(self, accepts: Callable[[RawLine], bool], order: Callable[[RawLine], tuple[int, str]]) -> RawLines:
        most = max(1, self._limits.lines)
        kept: list[RawLine] = []
        # Nothing older than this is wanted any more.
        floor = self._query.start_unix_nano
        for frame in self._frames():
            if len(kept) >= most and frame.received_unix_nano + _AHEAD < floor:
                self._stopped = Stopped.LINES
                break
            kept.extend(_newest(filter(accepts, sorted(self._lines(frame, floor), key=_age)), most))
            if len(kept) > most:
                kept = list(_newest(sorted(kept, key=_age), most))
                kept.sort(key=order)
                del kept[most:]
                floor = max(floor, kept[-1].time_unix_nano)
                self._stopped = Stopped.LINES
        kept.sort(key=order)
        return RawLines(tuple(kept), self._stopped, self._scanned)

    def _lines(self, frame: Frame, floor: int) -> Sequence[RawLine]:
        plain = frame.plain()
        request = RawRequest(plain, frame.received_unix_nano, self._decode_limits, self._shapes)
        if not request.may_hold(self._query.service, self._query.trace_id, self._query.words):
            return ()
        lines = request.lines(
            self._query.service,
            (floor, self._query.end_unix_nano),
            self._query.trace_id,
            self._query.template_id,
            self._query.words,
        )
        if lines:
            digest = hashlib.blake2b(plain, digest_size=16).digest()
            # One that was sent again within the time in which a Collector does that.
            if digest in self._seen and not request.timeless:
                return ()
            self._seen.add(digest)
        return lines

    def _frames(self) -> Iterator[Frame]:
        """Those of logs that may hold what is looked for, newest first, until a limit is reached."""
        for path in self._segments():
            try:
                # Once: it may be replaced meanwhile, by itself with some records less.
                with path.open("rb") as file:
                    version = header_of(file, path).version
                    places = self._places(file, version)
                    for place in reversed(places):
                        if self._over(place.header.size):
                            return
                        try:
                            frame = read_frame(file, place, version)
                        except FrameError:
                            # Damage is the matter of whoever replays.
                            continue
                        self._scanned += place.header.size or place.header.length
                        yield frame
            except (FileNotFoundError, SegmentError):
                continue
            if self._over(0):
                return

    def _segments(self) -> Iterator[Path]:
        """Newest first. What is in a segment was received before the first frame of the next one."""
        for number in reversed(segment_numbers(self._folder)):
            path = segment_path(self._folder, number)
            first = _first_received(path)
            if first <= self._query.end_unix_nano + self._query.lateness:
                yield path
            if first and first < self._query.start_unix_nano - self._decode_limits.future_skew:
                return

    def _places(self, file: BinaryIO, version: int) -> Sequence[Place]:
        query = self._query
        earliest = query.start_unix_nano - self._decode_limits.future_skew
        latest = query.end_unix_nano + query.lateness
        places: list[Place] = []
        # What is behind a torn or damaged frame can't be found.
        with suppress(FrameError):
            for number, place in enumerate(places_of(file, version)):
                header = place.header
                if header.kind is FrameKind.LOGS and earliest <= header.received_unix_nano <= latest:
                    places.append(place)
                if number % _HEADERS == _HEADERS - 1 and self._over(0):
                    break
        return places

    def _over(self, size: int) -> bool:
        """Whether a limit is reached before as many bytes more are read."""
        if self._scanned and self._scanned + size > self._limits.bytes:
            self._stopped = Stopped.BYTES
        elif time.monotonic() > self._deadline:
            self._stopped = Stopped.SECONDS
        else:
            return False
        return True


def _age(line: RawLine) -> int:
    return -line.time_unix_nano


def _newest(lines: Iterable[RawLine], most: int) -> Iterator[RawLine]:
    """Of lines that come newest first, the first `most`, and all of the same time as the last of them."""
    last = 0
    for number, line in enumerate(lines):
        if number >= most and line.time_unix_nano < last:
            return
        last = line.time_unix_nano
        yield line


def _first_received(path: Path) -> int:
    with suppress(FileNotFoundError, FrameError, SegmentError):
        for place in read_places(path):
            return place.header.received_unix_nano
    return 0
