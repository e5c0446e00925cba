"""One demand on a receiver, and what was seen of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from clients.conformance.receiver import Receiver


class Level(StrEnum):
    """How strong the demand is. INFO is none: worth knowing for who sends there."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"
    INFO = "INFO"


class Verdict(StrEnum):
    PASS = "pass"
    FAIL = "fail"
    # Could not be tried here; what was seen says why.
    SKIP = "skip"
    # Nothing was demanded.
    INFO = "info"


class Door(StrEnum):
    GRPC = "grpc"
    HTTP = "http"


@dataclass(frozen=True, slots=True)
class Seen:
    text: str
    verdict: Verdict


Check = Callable[[Receiver], Seen]


@dataclass(frozen=True, slots=True)
class Row:
    """`check` may raise `NoAnswerError`, which is a failure too. `section` is a heading of the specification."""

    id: str
    door: Door
    level: Level
    section: str
    demanded: str
    check: Check


def judged(good: bool, text: str) -> Seen:
    """Pass or fail."""
    return Seen(text, Verdict.PASS if good else Verdict.FAIL)


def skipped(reason: str) -> Seen:
    return Seen(reason, Verdict.SKIP)


def told(text: str) -> Seen:
    """Information."""
    return Seen(text, Verdict.INFO)
