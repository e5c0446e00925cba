"""What is too old goes although nothing comes."""

from pathlib import Path

from server.journal import START, Expiry, Frame, FrameKind, Journal, JournalSettings
from tests.running_server import wait_until


def test_what_was_checkpointed_long_ago_goes_by_itself(tmp_path: Path) -> None:
    journal = Journal(tmp_path, JournalSettings(max_age=1))
    expiry = Expiry(journal, every=0.01)
    expiry.start()
    try:
        end = journal.append(Frame(FrameKind.LOGS, b"line", 1_000, 1))
        assert len(list(journal.read(START))) == 1
        journal.release(end)
        wait_until(lambda: not list(journal.read(START)), 10, lambda: "it is still there")
    finally:
        expiry.stop()
        expiry.stop()
        journal.close()
