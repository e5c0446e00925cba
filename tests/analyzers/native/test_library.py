"""Where there is no library, or a wrong one, the Python beside it does the same."""

import os
import shutil
from pathlib import Path

import pytest

import analyzers.native
from analyzers.native import native, native_state, without_native
from analyzers.native.library import load
from tests.analyzers.native.needed import if_built

FOLDER = Path(analyzers.native.__file__).parent


@pytest.mark.skipif("CI" not in os.environ, reason="elsewhere than in CI it may be missing")
def test_in_ci_it_is_there() -> None:
    """Else the tests that need it would be skipped, and nobody would notice."""
    assert native() is not None, native_state()


def test_a_library_that_was_not_built_is_none(tmp_path: Path) -> None:
    loaded = load(tmp_path)
    assert loaded.native is None
    assert "make native" in loaded.state


def test_a_file_that_is_no_library_is_refused(tmp_path: Path) -> None:
    (tmp_path / "libhypocenter_native.so").write_bytes(b"no library")
    loaded = load(tmp_path)
    assert loaded.native is None
    assert loaded.state.startswith("refused: ")


@if_built
def test_a_library_of_another_interface_is_refused() -> None:
    assert load(FOLDER).state == "in use"
    other = load(FOLDER, abi=0)
    assert other.native is None
    assert "built from other sources" in other.state


@if_built
@pytest.mark.parametrize("changed", ["Cargo.toml", "src/check.rs", "src/wire.rs", "src/new.rs"])
def test_a_library_of_other_sources_is_refused(tmp_path: Path, changed: str) -> None:
    folder = tmp_path / "native"
    shutil.copytree(FOLDER, folder)
    assert load(folder).state == "in use"
    with (folder / changed).open("a") as source:
        source.write("// another line\n")
    other = load(folder)
    assert other.native is None
    assert "built from other sources; `make native`" in other.state


@if_built
def test_a_library_without_its_sources_is_taken_at_its_word(tmp_path: Path) -> None:
    """As once it is installed."""
    for path in FOLDER.glob("*hypocenter_native.*"):
        shutil.copy(path, tmp_path)
    assert load(tmp_path).state == "in use"


def test_it_can_be_turned_off() -> None:
    before = native()
    with without_native():
        assert native() is None
        assert native_state() == "turned off"
        with without_native():
            assert native() is None
        assert native() is None
    assert native() is before
