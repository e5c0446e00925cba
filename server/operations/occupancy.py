"""Whose a data directory is, and whether it is in use."""

import fcntl
import os
from pathlib import Path


def owner_of(data_dir: Path) -> int | None:
    """The user that services ran as there; None where none did. Raises `PermissionError`."""
    try:
        return _lock(data_dir).stat().st_uid
    except FileNotFoundError:
        return None


def occupied(data_dir: Path) -> bool:
    """Whether some process has it open: whoever does holds the lock of the journal."""
    try:
        file = os.open(_lock(data_dir), os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False


def _lock(data_dir: Path) -> Path:
    return data_dir / "journal" / "lock"
