"""Finding and loading the native library, once a process."""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from analyzers.native.functions import Native, declare

# Of `src/ffi.rs`; a library that says another number was built from other sources.
_ABI = 1
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


def use_native(wanted: bool) -> None:
    """For this process, from now on. Results are the same either way."""
    _CHOICE.wanted = wanted


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
        if library.hypocenter_abi() != abi:
            return _Loaded(None, f"refused: {path.name} was built from other sources; `make native` builds it anew")
        declare(library)
    except (OSError, AttributeError) as error:
        return _Loaded(None, f"refused: {error}")
    return _Loaded(Native(library), "in use")
