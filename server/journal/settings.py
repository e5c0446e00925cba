"""What is promised of the journal, and how much it may hold."""

from dataclasses import dataclass
from enum import StrEnum


class SyncMode(StrEnum):
    """What is waited for before an acknowledgement. A killed process loses nothing in any mode."""

    # The kernel has the bytes; a power failure may lose the last seconds.
    NONE = "none"
    # The disk has them; requests that come together share one fdatasync.
    GROUP = "group"
    # The disk has them; one fdatasync each.
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class JournalSettings:
    sync: SyncMode = SyncMode.NONE
    # Bytes after which a new segment is begun.
    segment_bytes: int = 64 * 2**20
    # Bytes of all segments together; the oldest go first, but never what is not checkpointed.
    max_bytes: int = 4 * 2**30
    # Nanoseconds since it was received after which it goes, under the same condition; 0: never.
    max_age: int = 0
