"""An optional native core: the results of the Python beside it, sooner. Built by `make native`.

Whoever can use it asks `native()` and has another way where it says None. Nothing else depends on whether it is there.
"""

from analyzers.native.functions import Native, NativeLevels, NativeLogColumns
from analyzers.native.library import native, native_state, without_native

__all__ = ["Native", "NativeLevels", "NativeLogColumns", "native", "native_state", "without_native"]
