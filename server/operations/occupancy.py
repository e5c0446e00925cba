"""Whether a data directory is in use."""

import fcntl
import os
from pathlib import Path


def occupied(data_dir: Path) -> bool:
    """Whether some process has it open: whoever does holds the lock of the journal."""
    try:
        file = os.open(data_dir / "journal" / "lock", os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False
