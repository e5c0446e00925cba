"""Complete segments get to the disk behind the back of those who append."""

import logging
import os
from contextlib import suppress
from pathlib import Path

import pytest

from server.journal import START, Frame, FrameKind, Journal, JournalSettings, SyncMode
from server.journal.completion import Completion


def opened(folder: Path) -> list[str]:
    """Files of the folder that this process holds."""
    found = []
    for item in Path("/proc/self/fd").iterdir():
        # The one that lists them is gone by now.
        with suppress(FileNotFoundError):
            found.append(str(item.readlink()))
    return [path for path in found if path.startswith(str(folder))]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs Linux's /proc")
@pytest.mark.parametrize("mode", SyncMode)
def test_all_are_closed_and_readable_in_the_end(tmp_path: Path, mode: SyncMode) -> None:
    journal = Journal(tmp_path, JournalSettings(mode, segment_bytes=1000))
    for number in range(100):
        journal.sync(journal.append(Frame(FrameKind.LOGS, b"x" * 300, number + 1, 1)))
    journal.close()
    journal.close()
    assert opened(tmp_path) == []
    again = Journal(tmp_path, JournalSettings())
    assert [frame.received_unix_nano for frame, _ in again.read(START)] == list(range(1, 101))
    again.close()


def test_what_does_not_get_there_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """A pipe can't be brought to a disk."""
    read, write = os.pipe()
    completion = Completion()
    with caplog.at_level(logging.ERROR):
        completion.take(write)
        completion.close()
    assert "could not be brought to the disk" in caplog.text
    assert os.read(read, 1) == b"", "the other end is closed"
    os.close(read)
