"""What can go wrong with a request.

RequestError
├── InvalidInputError    the caller's fault; names the field and the remedy
├── NotFoundError        there is no such thing
├── ConflictError        it was changed in between; read it again
└── UnavailableError     ours, and temporary; try again
"""

from dataclasses import dataclass


class RequestError(Exception):
    """Base of all; the message is safe to show to the caller."""


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """`field` is the path of the field in the request, `description` says what is wrong and what to do."""

    field: str
    description: str


class InvalidInputError(RequestError):
    def __init__(self, *violations: FieldViolation) -> None:
        super().__init__("; ".join(f"{item.field}: {item.description}" for item in violations))
        self.violations = violations


class NotFoundError(RequestError):
    pass


class ConflictError(RequestError):
    pass


class UnavailableError(RequestError):
    def __init__(self, message: str, retry_after: float) -> None:
        """`retry_after` in seconds."""
        super().__init__(message)
        self.retry_after = retry_after
