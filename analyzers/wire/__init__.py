"""Protocol Buffers wire format read in columns: thousands of messages of one kind at once, in native code.

Source: "Encoding", the Protocol Buffers documentation. What arrives here was parsed once at the door, so it is well
formed; what can't be read in columns is named, and the caller parses it message by message.
"""

from analyzers.wire.fields import FIXED64, LENGTH, VARINT, Field, Repeated, Walk, tag_of
from analyzers.wire.levels import outline
from analyzers.wire.outline import Outline, StrangeWireError
from analyzers.wire.side_by_side import varints
from analyzers.wire.walk import walk
from analyzers.wire.wire import Wire

__all__ = [
    "FIXED64",
    "LENGTH",
    "VARINT",
    "Field",
    "Outline",
    "Repeated",
    "StrangeWireError",
    "Walk",
    "Wire",
    "outline",
    "tag_of",
    "varints",
    "walk",
]
