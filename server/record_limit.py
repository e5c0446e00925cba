"""How many records a request may hold: an empty one takes two bytes on the wire and hundreds in memory."""

from analyzers.wire import StrangeWireError, Wire, outline

# Every record is a field that begins with this byte.
_TAG = b"\x12"


def holds_more(body: bytes, limit: int) -> bool:
    """Whether the uncompressed bytes of an export request hold more than `limit` records; nothing is parsed for it.

    Bytes that are no request, or strangely written, count for as many records as they could hold.
    """
    # A record takes two bytes at least; most bodies need not be looked through.
    if len(body) // 2 <= limit or body.count(_TAG) <= limit:
        return False
    try:
        return sum(outline(Wire((body,))).counts) > limit
    except (StrangeWireError, IndexError):
        return True
