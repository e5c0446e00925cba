"""A search of logs, while it is read."""

from __future__ import annotations

from collections.abc import Iterator

from hypocenter.v1 import log_pb2, log_service_pb2

_COMPLETE = log_service_pb2.SearchLogsResponse.INCOMPLETE_REASON_UNSPECIFIED


class LogSearch(Iterator[log_pb2.LogEntry]):
    """Log entries, newest first; further pages are fetched as they are read."""

    def __init__(self, pages: Iterator[log_service_pb2.SearchLogsResponse]) -> None:
        self._incomplete_reason = _COMPLETE
        self._entries = self._read(pages)

    @property
    def incomplete_reason(self) -> log_service_pb2.SearchLogsResponse.IncompleteReason:
        """Why entries that match and are held may be missing on the pages read so far; INCOMPLETE_REASON_UNSPECIFIED,
        which is false, when none are. Worth asking once the search has been read."""
        return self._incomplete_reason

    def __next__(self) -> log_pb2.LogEntry:
        return next(self._entries)

    def _read(self, pages: Iterator[log_service_pb2.SearchLogsResponse]) -> Iterator[log_pb2.LogEntry]:
        for page in pages:
            self._incomplete_reason = page.incomplete_reason or self._incomplete_reason
            yield from page.entries
