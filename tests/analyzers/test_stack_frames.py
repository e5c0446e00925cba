"""One failure is one, in however many lines it is told."""

import pytest

from analyzers.baseline import Baseline
from analyzers.detectors import build_all
from analyzers.stack_frames import is_frame
from analyzers.summary import OperationStats, Summary, TemplateCount
from analyzers.templates import TemplateMiner
from tests.analyzers.telemetry import ERROR, NOON, PAYMENT, SECOND, log_batch, log_groups, record

FRAMES = [
    "\tat com.example.Ledger.book(Ledger.java:82)",
    "    at Object.run (/srv/app/main.js:10:3)",
    "    at async handle (/srv/app/main.js:12:3)",
    '  File "/srv/app/main.py", line 3, in handle',
    "\t... 48 common frames omitted",
    '{"level":"error","msg":"\\tat com.example.Ledger.book(Ledger.java:82)","service":"ledger"}',
]
FIRST = [
    "Caused by: java.net.SocketException: closed",
    "java.lang.IllegalStateException: state of o-1 is not valid",
    "Traceback (most recent call last):",
    "payment failed at checkout (card refused)",
    "at most 3 attempts are made",
    "panic: runtime error: index out of range [3]",
]


def texts(bodies: list[str]) -> list[str]:
    batch = log_batch(*log_groups([record(body, severity=ERROR) for body in bodies]))
    return [template.text for template in TemplateMiner().mine(batch).templates]


@pytest.mark.parametrize("body", FRAMES)
def test_further_lines_of_a_stack_trace(body: str) -> None:
    assert [is_frame(text) for text in texts([body])] == [True]


@pytest.mark.parametrize("body", FIRST)
def test_lines_that_tell_something_of_their_own(body: str) -> None:
    assert [is_frame(text) for text in texts([body])] == [False]


def bucket(number: int, failures: int, lines: int) -> Summary:
    start = NOON + number * 5 * SECOND
    made = Summary(start, start + 5 * SECOND)
    service = made.service(PAYMENT)
    service.operations, service.spans = {"pay": OperationStats(calls=20, entries=20)}, 20
    counts = {"paid <*>": 20, "IllegalState: boom": failures, "at <*>(<*>)": failures * lines}
    for text, count in counts.items():
        failed = count if text != "paid <*>" else 0
        if count:
            service.templates[text] = TemplateCount(text, count, failed, ERROR if failed else 9, start)
    service.records = sum(counts.values())
    service.severities = {9: 20, ERROR: service.records - 20}
    return made


@pytest.mark.parametrize(("failures", "found"), [(1, set()), (9, {"error_share", "new_template"})])
def test_a_stack_trace_of_many_records_is_one_error(failures: int, found: set[str]) -> None:
    baseline = Baseline()
    for number in range(60):
        baseline.learn(bucket(number, 0, 0))
    window = bucket(60, failures, lines=12)
    assert window.services[PAYMENT].error_records == failures
    seen = [item for each in build_all() for item in each.detect(window, baseline)]
    assert {item.detector for item in seen} == found
    assert not any(is_frame(item.subject) for item in seen)
