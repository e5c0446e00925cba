"""What an operation writes: steady things are known exactly, and what goes together is noticed."""

from analyzers.written import WrittenBaseline


def learned(buckets: int = 20) -> WrittenBaseline:
    """A start and its finish, as often as the input has items; and one line a call."""
    baseline = WrittenBaseline()
    for number in range(buckets):
        items = 3 + number * 7 % 11
        baseline.learn({"start": items, "finish": items, "call": 5}, 5)
    return baseline


def test_once_a_call_hardly_varies_and_one_missing_in_twenty_calls_shows() -> None:
    rate = learned().templates["call"].per_call
    assert rate.dispersion < 0.4
    assert abs(rate.surprise(20, 20)) < 0.1
    assert rate.surprise(12, 20) < -4


def test_what_goes_together_is_compared_with_each_other_whatever_the_input() -> None:
    finish = learned().templates["finish"]
    assert "start" in finish.partners
    partner = finish.partners["start"]
    assert partner.dispersion < finish.per_call.dispersion
    # Twice the usual input, and every start has its finish.
    assert abs(partner.surprise(80, 80)) < 0.1
    assert partner.surprise(55, 80) < -4


def test_records_of_one_call_are_not_independent() -> None:
    baseline = WrittenBaseline()
    for _ in range(20):
        baseline.learn({"row": 200}, 2)
    rate = baseline.templates["row"].per_call
    assert rate.surprise(0, 1, cluster=100) > rate.surprise(0, 1) / 2


def test_what_comes_later_was_not_written_before() -> None:
    baseline = learned()
    baseline.learn({"start": 3, "finish": 3, "call": 5, "late": 4}, 5)
    assert baseline.templates["late"].per_call.expected(100) < 5


def test_memory_is_bounded_and_fades() -> None:
    baseline = WrittenBaseline()
    baseline.learn({f"t{number}": 1 for number in range(1000)}, 1)
    assert len(baseline.templates) == 200
    assert all(len(written.partners) <= 4 for written in baseline.templates.values())
    before = baseline.templates["t0"].per_call.exposure
    baseline.fade(0.5)
    assert baseline.templates["t0"].per_call.exposure == before / 2


def test_of_a_whole_service_only_what_is_a_rule_is_remembered() -> None:
    baseline = WrittenBaseline()
    for number in range(40):
        counts = {"start": 1 + number % 3, "finish": 1 + number % 3, "other": 1 if number % 2 else 5}
        baseline.learn({key: count for key, count in counts.items() if number or key != "other"} | {"rare": 1}, 10)
        baseline.drop_refuted()
    left = {key: set(written.partners) for key, written in baseline.templates.items()}
    assert left == {key: set(written.accords) for key, written in baseline.templates.items()}
    assert "start" in left["finish"]
    assert not left["rare"], "of most that begin and finish there is none"
