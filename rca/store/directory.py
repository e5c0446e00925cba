"""A directory that belongs to one process, and to nobody else's eyes."""

import fcntl
import os
from pathlib import Path

from rca.store.base import StoreError


class StoreDirectory:
    """Made when missing, mode 0700, locked until `release` or the end of the process."""

    def __init__(self, path: Path) -> None:
        """Raises `StoreError` when it can't be made or another process holds it."""
        self.path = path
        self._private: set[tuple[str, int]] = set()
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.mkdir(mode=0o700, exist_ok=True)
            path.chmod(0o700)
            self._lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError(
                f"the incident store can't use {path}: {error.strerror};"
                " make it a directory this user may write to, or choose another data_dir"
            ) from error
        try:
            self._acquire()
        except StoreError:
            os.close(self._lock)
            raise

    def _acquire(self) -> None:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(self._lock, 32, 0).decode(errors="replace").strip() or "unknown"
            raise StoreError(
                f"the incident store {self.path} is in use by process {holder};"
                " stop that one, or choose another data_dir"
            ) from error
        except OSError as error:
            raise StoreError(
                f"the incident store {self.path} can't be locked: {error.strerror}; choose a data_dir on a local disk"
            ) from error
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, f"{os.getpid()}\n".encode(), 0)

    def protect(self) -> None:
        """Take what is new in it from group and others, whatever the umask was when it was made."""
        # With the inode, because a file may be replaced by another of its name.
        seen: set[tuple[str, int]] = set()
        folders = [str(self.path)]
        while folders:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if entry.is_symlink():
                        continue
                    folder = entry.is_dir()
                    known = (entry.path, entry.inode())
                    if known not in self._private:
                        Path(entry.path).chmod(0o700 if folder else 0o600)
                    seen.add(known)
                    if folder:
                        folders.append(entry.path)
        self._private = seen

    def release(self) -> None:
        """Once only."""
        os.close(self._lock)
