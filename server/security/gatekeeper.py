"""Looks at credentials, says yes or no, and counts every no."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from server.security.roles import Role, may
from server.security.tokens import TokenFile, digest_of


class Reason(StrEnum):
    """Values of a label of hypocenter_refused_credentials_total."""

    MISSING = "missing"
    MALFORMED = "malformed"
    UNKNOWN = "unknown"
    ROLE = "role"
    # At the login form only.
    FORGED = "forged"
    RATE = "rate"


@dataclass(frozen=True, slots=True)
class Refusal:
    """`message` is for the caller and holds nothing of what the caller sent."""

    reason: Reason
    message: str

    @property
    def known(self) -> bool:
        """Whether we know who it is, so that another token is what helps and not any token."""
        return self.reason is Reason.ROLE


class Gatekeeper:
    """Of one door, whose configuration key is `door`. `count` is called with door and reason."""

    def __init__(self, tokens: TokenFile, door: str, count: Callable[[str, str], None]) -> None:
        self._tokens = tokens
        self._door = door
        self._count = count

    def refusal(self, authorization: Sequence[str], needed: Role) -> Refusal | None:
        """`authorization` are all headers of that name; None when they are good for `needed`."""
        if not authorization:
            return self.refuse(Reason.MISSING, "a token is needed; send it as authorization: Bearer TOKEN")
        scheme, _, token = authorization[0].partition(" ")
        if len(authorization) > 1 or scheme.lower() != "bearer" or not token.strip():
            return self.refuse(Reason.MALFORMED, "one header authorization: Bearer TOKEN is what is understood")
        return self.refusal_of(digest_of(token.strip()), needed)

    def refusal_of(self, digest: bytes, needed: Role) -> Refusal | None:
        """Of the token with that digest; None when it is good for `needed`."""
        roles = self._tokens.roles(digest)
        if not roles:
            return self.refuse(Reason.UNKNOWN, "this token is not known here")
        if not may(roles, needed):
            return self.refuse(Reason.ROLE, f"the role {needed} is needed, which this token does not have")
        return None

    def allows(self, digest: bytes, needed: Role) -> bool:
        """As `refusal_of`, without counting."""
        return may(self._tokens.roles(digest), needed)

    def refuse(self, reason: Reason, message: str) -> Refusal:
        self._count(self._door, reason)
        return Refusal(reason, message)
