"""A file of tokens: what it may hold, and what happens while it changes."""

import hashlib
import logging
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from server.security.roles import Role
from server.security.tokens import TokenFile, TokenFileError, digest_of

FIRST, SECOND = "first-token-0123456789", "second-token-0123456789"


@dataclass
class Watched:
    """A file, a clock that is set by hand, and how often reading it failed."""

    path: Path
    now: float = 0.0
    failures: list[None] = field(default_factory=list)

    def open(self) -> TokenFile:
        return TokenFile(self.path, "api.tokens_file", lambda: self.failures.append(None), lambda: self.now)


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    path = tmp_path / "tokens"
    path.write_text(f"read {FIRST}\n")
    return Watched(path)


def test_roles_are_those_of_the_file(watched: Watched) -> None:
    hashed = hashlib.sha256(SECOND.encode()).hexdigest()
    watched.path.write_text(f"\n# comment\n read,ingest\t{FIRST}  \noperate {FIRST}\noperate sha256:{hashed}\n")
    tokens = watched.open()
    assert tokens.roles(digest_of(FIRST)) == {Role.READ, Role.INGEST, Role.OPERATE}
    assert tokens.roles(digest_of(SECOND)) == {Role.OPERATE}
    assert tokens.roles(digest_of(hashed)) == tokens.roles(digest_of(f"sha256:{hashed}")) == frozenset()
    assert tokens.roles(digest_of(FIRST[:-1])) == tokens.roles(digest_of("")) == frozenset()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "holds no token"),
        ("# read 0123456789abcdef\n", "holds no token"),
        ("read hunter2-long-enough\n\nread hunter2\n", "line 3: a token has at least 16"),
        ("read sha256:hunter2aaaaaaaaaaaa", "line 1: a token has at least 16"),
        ("read hunter2-ünder-0123456", "line 1: a token has at least 16"),
        ("hunter2-0123456789 read", "line 1 must be ROLE TOKEN; roles are ingest, read, operate"),
        ("admin hunter2-0123456789", "line 1 must be ROLE TOKEN"),
        ("read, hunter2-0123456789", "line 1 must be ROLE TOKEN"),
        ("hunter2-0123456789", "line 1 must be ROLE TOKEN"),
        ("read hunter2-0123456789 hunter2", "line 1 must be ROLE TOKEN"),
        ("".join(f"read hunter2-{number:016}\n" for number in range(1001)), "holds more than 1000 tokens"),
        ("#" * (2**20 + 1), "is larger than 1048576 bytes"),
    ],
)
def test_what_is_refused_never_shows_what_stands_there(watched: Watched, text: str, problem: str) -> None:
    watched.path.write_text(text)
    with pytest.raises(TokenFileError) as caught:
        watched.open()
    assert str(caught.value).startswith(f"api.tokens_file: {watched.path} {problem}")
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_missing_file_is_refused(watched: Watched) -> None:
    watched.path.unlink()
    with pytest.raises(TokenFileError, match="can't be read: No such file"):
        watched.open()


def test_a_change_counts_within_a_second(watched: Watched) -> None:
    tokens = watched.open()
    watched.path.write_text(f"operate {SECOND}\n")
    assert tokens.roles(digest_of(FIRST)) == {Role.READ}
    watched.now = 1.0
    assert tokens.roles(digest_of(FIRST)) == frozenset()
    assert tokens.roles(digest_of(SECOND)) == {Role.OPERATE}


def test_a_file_put_in_its_place_counts(watched: Watched) -> None:
    tokens = watched.open()
    other = watched.path.with_name("other")
    other.write_text(f"read {SECOND}")
    other.rename(watched.path)
    watched.now = 1.0
    assert tokens.roles(digest_of(SECOND)) == {Role.READ}


def test_what_cannot_be_read_anew_leaves_what_was_and_is_said_once(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    tokens = watched.open()
    for text in ("", "admin hunter2-0123456789"):
        watched.path.write_text(text)
        for _ in range(3):
            watched.now += 1
            assert tokens.roles(digest_of(FIRST)) == {Role.READ}
    watched.path.unlink()
    watched.now += 1
    assert tokens.roles(digest_of(FIRST)) == {Role.READ}
    assert len(watched.failures) == len(caplog.messages) == 3
    assert "hunter2" not in caplog.text
    watched.path.write_text(f"operate {SECOND}\n")
    watched.now += 1
    assert tokens.roles(digest_of(FIRST)) == frozenset()
    assert len(watched.failures) == 3


def test_no_token_is_held_in_the_clear(watched: Watched) -> None:
    tokens = watched.open()
    assert tokens.roles(digest_of(FIRST))
    assert FIRST not in repr([getattr(tokens, name) for name in vars(tokens)])
