"""Why a request was refused, as a label of a metric: few, and none that a sender can make up."""

from collections.abc import Callable
from enum import StrEnum


class RefusalReason(StrEnum):
    # Bytes that are no request, whatever they are compressed with.
    INVALID = "invalid"
    TOO_LARGE = "too_large"
    # No room, here or on disk: the sender comes again.
    OVERLOADED = "overloaded"
    UNKNOWN_CODING = "unknown_coding"
    UNKNOWN_CONTENT = "unknown_content"
    UNKNOWN_PATH = "unknown_path"
    WRONG_METHOD = "wrong_method"
    # Counted where they are looked at, by what was wrong with them, and not with the others.
    CREDENTIALS = "credentials"
    # The sender hung up before all of it was there.
    GONE = "gone"
    # It was not all there in time. Over gRPC also calls that ended before that, and gRPC tells us not why: the sender
    # hung up, the message was much too large, or it came in a coding that gRPC does not know.
    UNREAD = "unread"
    # A fault of ours.
    INTERNAL = "internal"


# Door and reason.
CountRefusal = Callable[[str, str], object]


def count_nothing(door: str, reason: str) -> None:
    """For doors that nobody watches."""
