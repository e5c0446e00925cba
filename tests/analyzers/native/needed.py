"""The native library, where it was built; tests that need it are skipped elsewhere and say why."""

import pytest

from analyzers.native import Native, native, native_state

if_built = pytest.mark.skipif(native() is None, reason=f"native library {native_state()}")


def needed() -> Native:
    library = native()
    assert library is not None
    return library
