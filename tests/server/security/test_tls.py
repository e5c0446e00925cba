"""Certificates that can't be used are named with their keys, at the start."""

from pathlib import Path

import pytest

from server.security.tls import TlsError, load_tls
from tests.server.security.certificates import Authority, Pair


def test_without_keys_there_is_none() -> None:
    assert load_tls("api", "", "", "") is None


@pytest.mark.parametrize("given", [("c", "", ""), ("", "k", ""), ("", "", "a"), ("c", "", "a")])
def test_half_of_it_is_refused(given: tuple[str, str, str]) -> None:
    with pytest.raises(TlsError, match=r"^api: TLS needs both tls_cert and tls_key"):
        load_tls("api", *given)


def test_files_that_cannot_be_read_are_named(pair: Pair, tmp_path: Path) -> None:
    none = str(tmp_path / "none")
    for key, files in {
        "tls_cert": (none, str(pair.key), ""),
        "tls_key": (str(pair.cert), none, ""),
        "tls_client_ca": (str(pair.cert), str(pair.key), none),
    }.items():
        with pytest.raises(TlsError, match=rf"^web\.{key}: {none} can't be read: No such file"):
            load_tls("web", *files)


def test_what_does_not_belong_together_is_refused(pair: Pair, stranger: Authority, authority: Authority) -> None:
    other = stranger.issue("other")
    for cert, key in (
        (pair.cert, other.key),
        (pair.key, pair.cert),
        (authority.encrypted(pair).cert, authority.encrypted(pair).key),
    ):
        with pytest.raises(TlsError, match=r"^api: .* are not a PEM certificate chain and its key"):
            load_tls("api", str(cert), str(key), "")


def test_an_authority_that_is_none_is_refused(pair: Pair) -> None:
    with pytest.raises(TlsError, match=r"^api\.tls_client_ca: .* holds no PEM certificate"):
        load_tls("api", str(pair.cert), str(pair.key), str(pair.key))
