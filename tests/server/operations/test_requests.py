"""The folder through which commands speak to the service: for one user alone, and nothing another left is done."""

import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.operations.requests import Answer, Request, RequestError, RequestFolder
from tests.running_server import wait_until

NOBODY = 65_534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")


@pytest.fixture(autouse=True)
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture
def folder(tmp_path: Path) -> RequestFolder:
    folder = RequestFolder(tmp_path)
    folder.claim()
    return folder


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def request(tmp_path: Path, permissions: int = 0o600) -> Path:
    """One that somebody put there by hand."""
    path = tmp_path / "requests" / "one.request"
    path.write_text('{"service":"payment"}')
    path.chmod(permissions)
    return path


def test_asking_and_answering_leave_nothing_for_others(tmp_path: Path, folder: RequestFolder) -> None:
    assert mode(tmp_path / "requests") == 0o700
    got: list[Answer] = []
    asking = threading.Thread(target=lambda: got.append(RequestFolder(tmp_path).ask(Request(service="payment"), 20)))
    asking.start()
    wait_until(lambda: bool(folder.waiting()), 10, lambda: "nothing was asked")
    (path,) = folder.waiting()
    assert mode(path) == 0o600
    assert folder.read(path) == Request(service="payment")
    folder.answer(path, Answer(("done",)))
    asking.join()
    assert got == [Answer(("done",))]
    assert list((tmp_path / "requests").iterdir()) == []


def test_a_folder_that_was_open_to_others_is_closed_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "requests").mkdir(mode=0o777)
    folder = RequestFolder(tmp_path)
    with pytest.raises(RequestError, match="may write there"):
        folder.waiting()
    folder.claim()
    assert mode(tmp_path / "requests") == 0o700
    assert folder.waiting() == []


@pytest.mark.parametrize("permissions", [0o770, 0o702, 0o710])
def test_nothing_is_done_or_asked_where_others_may_write(
    tmp_path: Path, folder: RequestFolder, permissions: int
) -> None:
    request(tmp_path)
    (tmp_path / "requests").chmod(permissions)
    with pytest.raises(RequestError, match="mode 0700"):
        folder.waiting()
    with pytest.raises(RequestError, match="mode 0700"):
        folder.ask(Request(service="payment"), 20)
    (tmp_path / "requests").chmod(0o700)
    assert len(folder.waiting()) == 1


@pytest.mark.parametrize("kind", ["link", pytest.param("another user's", marks=as_root), "file"])
def test_a_folder_that_is_not_ours_stays_as_it_is(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "requests"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o755)
    if kind == "link":
        place.symlink_to(elsewhere)
    elif kind == "file":
        place.touch(0o600)
    else:
        place.mkdir(mode=0o755)
        os.chown(place, NOBODY, NOBODY)
    folder = RequestFolder(tmp_path)
    with pytest.raises(RequestError):
        folder.claim()
    with pytest.raises(RequestError):
        folder.waiting()
    assert mode(elsewhere) == 0o755
    if kind == "another user's":
        assert mode(place) == 0o755


def test_no_folder_holds_no_requests(tmp_path: Path) -> None:
    assert RequestFolder(tmp_path).waiting() == []


@pytest.mark.parametrize("permissions", [0o620, 0o602, 0o640, 0o604, 0o666])
def test_what_others_may_read_or_write_is_refused(tmp_path: Path, folder: RequestFolder, permissions: int) -> None:
    with pytest.raises(RequestError, match="not this user's own"):
        folder.read(request(tmp_path, permissions))


@as_root
def test_what_another_user_wrote_is_refused(tmp_path: Path, folder: RequestFolder) -> None:
    path = request(tmp_path)
    os.chown(path, NOBODY, NOBODY)
    with pytest.raises(RequestError, match="not this user's own"):
        folder.read(path)


@pytest.mark.parametrize("kind", ["symbolic link", "second name", "pipe", "folder"])
def test_what_is_no_plain_file_is_refused_without_waiting(tmp_path: Path, folder: RequestFolder, kind: str) -> None:
    own = tmp_path / "own"
    own.write_text('{"service":"payment"}')
    own.chmod(0o600)
    path = tmp_path / "requests" / "one.request"
    match kind:
        case "symbolic link":
            path.symlink_to(own)
        case "second name":
            path.hardlink_to(own)
        case "pipe":
            os.mkfifo(path, 0o600)
        case _:
            path.mkdir(0o600)
    with pytest.raises(RequestError):
        folder.read(path)


def test_an_own_request_is_read(tmp_path: Path, folder: RequestFolder) -> None:
    assert folder.read(request(tmp_path)) == Request(service="payment")
