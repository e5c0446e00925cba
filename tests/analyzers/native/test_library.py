"""Where there is no library, or a wrong one, the Python beside it does the same."""

from pathlib import Path

import analyzers.native
from analyzers.native import native, native_state, use_native, without_native
from analyzers.native.library import load
from tests.analyzers.native.needed import if_built

FOLDER = Path(analyzers.native.__file__).parent


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
def test_a_library_of_other_sources_is_refused() -> None:
    assert load(FOLDER).state == "in use"
    other = load(FOLDER, abi=0)
    assert other.native is None
    assert "built from other sources" in other.state


def test_it_can_be_turned_off() -> None:
    before = native()
    with without_native():
        assert native() is None
        assert native_state() == "turned off"
        with without_native():
            assert native() is None
        assert native() is None
    use_native(False)
    assert native() is None
    use_native(True)
    assert native() is before
