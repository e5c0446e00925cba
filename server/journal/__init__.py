"""What was acknowledged, kept until it is checkpointed: an append-only journal of frames in segments."""

from server.journal.expiry import Expiry
from server.journal.frame import Frame, FrameKind
from server.journal.journal import Journal, JournalError
from server.journal.position import START, Position
from server.journal.settings import JournalSettings, SyncMode

__all__ = [
    "START",
    "Expiry",
    "Frame",
    "FrameKind",
    "Journal",
    "JournalError",
    "JournalSettings",
    "Position",
    "SyncMode",
]
