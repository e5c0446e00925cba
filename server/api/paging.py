"""Pages of a list that may change between two calls."""

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from google.protobuf.message import Message

from server.api.tokens import Part, binding, seal, unseal
from server.errors import FieldViolation, InvalidInputError

# Items have an order; a page goes on after the last item's place in it, so that nothing is seen twice because something
# new came in front.
Position = tuple[Part, ...]

# A page ends early rather than be larger than what gRPC clients take by default (4 MiB).
_PAGE_BYTES = 3 * 1024 * 1024

_Item = TypeVar("_Item")
_Message = TypeVar("_Message", bound=Message)


class Page(Generic[_Item]):
    """What one call asks for: how many, and after what. `position` gives an item's place; places are unique."""

    def __init__(
        self,
        request: Message,
        page_size: int,
        page_token: str,
        position: Callable[[_Item], Position],
        *,
        default: int = 50,
        maximum: int = 1000,
    ) -> None:
        """Raises `InvalidInputError` for a negative size and for a token that was not given for this request."""
        self.after: Position | None = None
        self._binding = binding(request, "page_size", "page_token")
        violations = []
        if page_size < 0:
            violations.append(FieldViolation("page_size", "must not be negative; 0 means the default"))
        if page_token:
            self.after = unseal(page_token, self._binding)
            if self.after is None:
                violations.append(_foreign())
        if violations:
            raise InvalidInputError(*violations)
        # Items on the page at most.
        self.size = min(page_size or default, maximum)
        self._position = position

    def take(self, items: Iterable[_Item], convert: Callable[[_Item], _Message]) -> tuple[list[_Message], str]:
        """The page's items converted, and the token of the next page, empty at the end.

        `items` come in ascending order of position, and are read no further than one beyond the page.
        """
        taken: list[_Message] = []
        size = 0
        last: Position = ()
        for item in items:
            place = self._position(item)
            if self.after is not None and not self._is_after(place, self.after):
                continue
            if len(taken) == self.size or size > _PAGE_BYTES:
                return taken, seal(self._binding, *last)
            taken.append(convert(item))
            size += taken[-1].ByteSize()
            last = place
        return taken, ""

    def _is_after(self, place: Position, after: Position) -> bool:
        # A forged token must not reach a comparison of a number with a text.
        if [type(part) for part in place] != [type(part) for part in after]:
            raise InvalidInputError(_foreign())
        return place > after


def _foreign() -> FieldViolation:
    description = "was not given for this request: send it with the fields it was given for, or leave it out"
    return FieldViolation("page_token", description)
