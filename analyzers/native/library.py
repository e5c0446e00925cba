"""Finding and loading the native library, once a process."""

import ctypes
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from analyzers.native.functions import Native, declare

# Of `src/ffi.rs`; a library that says another number was built from other sources.
_ABI = 1
# What `build.rs` makes the fingerprint of, beside this file in a checkout and nowhere else; then the rest in order.
_FIRST_SOURCE = "Cargo.toml"
# Beside this file, as `make native` leaves it: Linux, macOS, Windows.
_NAMES = ("libhypocenter_native.so", "libhypocenter_native.dylib", "hypocenter_native.dll")


@dataclass(slots=True)
class _Choice:
    wanted: bool = True


@dataclass(frozen=True, slots=True)
class _Loaded:
    native: Native | None
    state: str


_CHOICE = _Choice()


def native() -> Native | None:
    """The native functions; None where there are none, or they are not wanted."""
    return _loaded().native if _CHOICE.wanted else None


def native_state() -> str:
    """Whether it is in use and, if not, why: in words, for people."""
    return _loaded().state if _CHOICE.wanted else "turned off"


@contextmanager
def without_native() -> Iterator[None]:
    """As if it had not been built; for all threads."""
    before, _CHOICE.wanted = _CHOICE.wanted, False
    try:
        yield
    finally:
        _CHOICE.wanted = before


@cache
def _loaded() -> _Loaded:
    return load(Path(__file__).parent)


def load(folder: Path, abi: int = _ABI) -> _Loaded:
    """What lies in a folder; `abi` is what it has to say of itself."""
    path = next((folder / name for name in _NAMES if (folder / name).is_file()), None)
    if path is None:
        return _Loaded(None, "not built; `make native` builds it")
    try:
        library = ctypes.CDLL(str(path))
        library.hypocenter_sources.restype = ctypes.c_uint32
        sources = _fingerprint(folder)
        if library.hypocenter_abi() != abi or sources not in (None, library.hypocenter_sources()):
            return _Loaded(None, f"refused: {path.name} was built from other sources; `make native` builds it anew")
        declare(library)
    except (OSError, AttributeError) as error:
        return _Loaded(None, f"refused: {error}")
    return _Loaded(Native(library), "in use")


def _fingerprint(folder: Path) -> int | None:
    """Of the sources that lie there; None where there are none, as once it is installed."""
    rest = sorted((folder / "src").glob("*.rs"))
    if not rest:
        return None
    found = 0
    for path in (folder / _FIRST_SOURCE, *rest):
        found = zlib.crc32(path.read_bytes(), found)
    return found
