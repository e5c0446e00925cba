"""Severity numbers for senders that give a name alone, or leave it in the body."""

import pyarrow as pa
import pytest

from analyzers.otlp.severities import by_body, by_text
from tests.analyzers.telemetry import INFO, log_batch, log_groups, record


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("ERROR", 17),
        ("err", 17),
        ("SEVERE", 17),
        ("Warning", 13),
        ("WARN", 13),
        ("Information", 9),
        ("notice", 9),
        ("FATAL", 21),
        ("critical", 21),
        ("emerg", 21),
        ("Debug", 5),
        ("FINE", 5),
        ("finest", 1),
        ("TRACE", 1),
        ("", 0),
        ("mauve", 0),
    ],
)
def test_names_of_usual_systems(name: str, number: int) -> None:
    assert by_text(name) == number


WRITTEN = {
    '{"ts": "2026-03-23T04:27:40.129Z", "level": "error", "msg": "refused"}': 17,
    '{"level":50,"time":1774240060129,"msg":"refused"}': 17,
    "ts=2026-02-16T12:28:38.951Z level=warn caller=fraud.go:199 msg=slow": 13,
    "2026-05-11 07:36:17.614  WARN [rebook,e36fbfe6a1] 1 --- [nio-8080-exec-1] c.y.Rebook : slow": 13,
    "12:00:00.123 [main] ERROR c.example.Ledger - refused": 17,
    "2026-09-15 05:04:22,225 - bed_type - ERROR - refused": 17,
    "2026/06/21 06:07:58 [error] 31#31: *98838 upstream prematurely closed connection": 17,
    "E1125 21:18:58.136892       1 bff.go:184] refused": 17,
    "[2026-01-01 00:00:00] [CRITICAL] refused": 21,
    "DEBUG cache warmed": 5,
    "ERROR:root:refused": 17,
}
SAID = [
    "",
    "plain text of an error",
    "error calling payment",
    "user said: [error] ERROR",
    "GET /search?level=error HTTP/1.1",
    'msg="they wrote level=error" user=7',
    '{"msg":"they wrote \\"level\\":\\"error\\"", "level":"info"}',
    "2026-05-11 07:36:17.614  INFO [rebook,] 1 --- [main] c.y.Rebook : ERROR in what was entered",
    "I1125 21:18:58.136892       1 bff.go:184] [error] was entered",
    "[main] started",
]


@pytest.mark.parametrize(("body", "number"), WRITTEN.items())
def test_levels_that_loggers_write(body: str, number: int) -> None:
    assert by_body(pa.array([body])).tolist() == [number]


@pytest.mark.parametrize("body", SAID)
def test_what_a_message_says_is_no_severity(body: str) -> None:
    assert by_body(pa.array([body])).tolist()[0] in (0, INFO)


def test_what_was_sent_counts_where_there_is_both() -> None:
    """Each record keeps its place, whatever the others are."""
    records = [record(body, severity=severity) for severity in (0, INFO) for body in (*WRITTEN, *SAID)]
    named = record(next(iter(WRITTEN)), severity=0)
    named.severity_text = "warn"
    found = log_batch(*log_groups([*records, named])).severity.tolist()
    assert found[: len(WRITTEN)] == list(WRITTEN.values())
    assert set(found[len(WRITTEN) : len(records) // 2]) <= {0, INFO}
    assert found[len(records) // 2 :] == [INFO] * (len(records) // 2) + [13]
