"""How long and how many answers are kept."""

import pytest
from hypocenter.v1.log_service_pb2 import AnalyzeLogsRequest, AnalyzeLogsResponse, Assessment

from server.api.errors import OverdueError
from server.api.kept_answers import KeptAnswers, check_deadline
from server.api.limits import ApiLimits
from tests.server.api.samples import logs


class Patient:
    """The context of a caller that waits for ever."""

    def is_active(self) -> bool:
        return True

    def time_remaining(self) -> float:
        return 1e9


class Maker:
    """Makes answers, each with the number of its making."""

    def __init__(self, size: int = 0) -> None:
        self.made = 0
        self._size = size

    def __call__(self) -> AnalyzeLogsResponse:
        self.made += 1
        return AnalyzeLogsResponse(analyzed_record_count=self.made, assessment=Assessment(explanation="x" * self._size))


def ask(answers: KeptAnswers, request_id: str, make: Maker) -> int:
    request = AnalyzeLogsRequest(logs=logs("x"), request_id=request_id)
    return answers.answer(request, Patient(), make).analyzed_record_count  # type: ignore[arg-type]


def test_an_answer_is_kept_for_its_time() -> None:
    now = [100.0]
    answers, make = KeptAnswers(ApiLimits(kept_answer_seconds=600), lambda: now[0]), Maker()
    assert ask(answers, "one", make) == 1
    now[0] += 599
    assert ask(answers, "one", make) == 1
    now[0] += 1
    assert ask(answers, "one", make) == 2


def test_the_oldest_go_when_there_are_too_many() -> None:
    answers, make = KeptAnswers(ApiLimits(kept_answers=2)), Maker()
    for request_id in ("one", "two", "three"):
        ask(answers, request_id, make)
    assert ask(answers, "three", make) == 3
    assert ask(answers, "two", make) == 2
    assert ask(answers, "one", make) == 4


@pytest.mark.parametrize(("size", "kept"), [(400, True), (600, False), (1100, False)])
def test_the_oldest_go_when_they_are_too_large(size: int, kept: bool) -> None:
    answers, make = KeptAnswers(ApiLimits(kept_answer_bytes=1000)), Maker(size)
    ask(answers, "one", make)
    ask(answers, "two", make)
    assert (ask(answers, "one", make) == 1) is kept


def test_without_an_id_nothing_is_kept() -> None:
    answers, make = KeptAnswers(ApiLimits()), Maker()
    assert [ask(answers, "", make), ask(answers, "", make)] == [1, 2]


class Late:
    """The context of a caller whose deadline has passed while its call was queued."""

    def is_active(self) -> bool:
        return True

    def time_remaining(self) -> float:
        return 0.0


class Gone(Late):
    """The context of a caller that hung up."""

    def is_active(self) -> bool:
        return False

    def time_remaining(self) -> float:
        return 1e9


@pytest.mark.parametrize("context", [Late(), Gone()])
def test_nobody_is_answered_who_no_longer_waits(context: Late) -> None:
    with pytest.raises(OverdueError):
        check_deadline(context)  # type: ignore[arg-type]
