"""Recordings are read whole; what is wrong with one is said with place and remedy."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from clients.replay import Label, LogRow, ReplayError, SpanRow, read_case
from clients.replay.case import make_case, merge_cases

WriteCase = Callable[..., Path]
START = 1_700_000_000_000_000_000
LOG = {"time_unix_nano": START, "service": "cart", "body": "hello"}
SPAN = {
    "trace_id": "AB" * 16,
    "span_id": "cd" * 8,
    "parent_span_id": "",
    "name": "GET /",
    "service": "cart",
    "start_unix_nano": START - 5,
    "end_unix_nano": START + 5,
}


@pytest.mark.parametrize("plain", [True, False])
def test_a_folder_is_read_with_all_fields(write_case: WriteCase, plain: bool) -> None:
    log = LOG | {
        "pod": "cart-1",
        "severity_text": "ERROR",
        "severity_number": 17,
        "scope": "Cart#12",
        "trace_id": "ab" * 16,
        "span_id": "cd" * 8,
        "attributes": {"a": [1, {"b": None}]},
        "exception_type": "TimeoutError",
    }
    span = SPAN | {"pod": "cart-1", "kind": "SERVER", "status": "STATUS_CODE_ERROR", "attributes": {"n": 1}}
    label = {
        "root_cause_service": "cart",
        "root_cause_pod": "cart-1",
        "fault_type": "return",
        "inject_unix_nano": START,
        "fault_window_unix_nano": [START, START + 1],
        "normal_dir": "normal_day",
        "never heard of": 1,
    }
    case = read_case(write_case("case", [log], [span], label, plain))
    assert case.logs == (
        LogRow(
            time_unix_nano=START,
            service="cart",
            body="hello",
            pod="cart-1",
            severity_text="ERROR",
            severity_number=17,
            scope="Cart#12",
            trace_id="ab" * 16,
            span_id="cd" * 8,
            attributes={"a": [1, {"b": None}]},
            exception_type="TimeoutError",
        ),
    )
    assert case.spans == (
        SpanRow(
            trace_id="ab" * 16,
            span_id="cd" * 8,
            name="GET /",
            service="cart",
            start_unix_nano=START - 5,
            end_unix_nano=START + 5,
            pod="cart-1",
            kind=2,
            status_code=2,
            attributes={"n": 1},
        ),
    )
    assert case.label == Label(
        root_cause_services=("cart",),
        root_cause_pod="cart-1",
        fault_type="return",
        inject_unix_nano=START,
        fault_window_unix_nano=(START, START + 1),
        normal_dir="normal_day",
    )
    assert (case.first_unix_nano, case.last_unix_nano) == (START - 5, START + 5)


def test_a_label_may_name_several_services(write_case: WriteCase) -> None:
    case = read_case(write_case("case", [LOG], label={"root_cause_services": ["a", "b"]}))
    assert case.label == Label(root_cause_services=("a", "b"))


@pytest.mark.parametrize("zero", [0, -6795364578871345152])
def test_an_unknown_time_is_observed_at_the_first_span_and_bounds_nothing(write_case: WriteCase, zero: int) -> None:
    case = read_case(write_case("case", [LOG | {"time_unix_nano": zero}, LOG], [SPAN]))
    unknown, known = case.logs
    assert (unknown.time_unix_nano, unknown.observed_time_unix_nano) == (0, START - 5)
    assert (known.time_unix_nano, known.observed_time_unix_nano) == (START, 0)
    assert (case.first_unix_nano, case.last_unix_nano) == (START - 5, START + 5)


def test_without_spans_the_first_log_stands_in_and_without_any_time_nothing() -> None:
    unknown, known = LogRow(0, "cart", "a"), LogRow(START, "cart", "b")
    assert make_case([], [unknown, known], []).logs[0].observed_time_unix_nano == START
    case = make_case([], [unknown], [])
    assert (case.logs, case.first_unix_nano, case.last_unix_nano) == ((unknown,), None, None)


@pytest.mark.parametrize(
    ("given", "expected"),
    [("server", 2), ("SPAN_KIND_CLIENT", 3), (5, 5), ("4", 4), (None, 0), ("", 0), ("Unspecified", 0)],
)
def test_a_kind_may_be_written_in_any_common_way(write_case: WriteCase, given: object, expected: int) -> None:
    assert read_case(write_case("case", spans=[SPAN | {"kind": given}])).spans[0].kind == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [("ok", (1, "")), (2, (2, "")), ({"code": "ERROR", "message": "boom"}, (2, "boom")), (None, (0, ""))],
)
def test_a_status_may_be_written_in_any_common_way(
    write_case: WriteCase, given: object, expected: tuple[int, str]
) -> None:
    span = read_case(write_case("case", spans=[SPAN | {"status": given}])).spans[0]
    assert (span.status_code, span.status_message) == expected


def test_a_single_file_is_known_by_its_lines(tmp_path: Path) -> None:
    file = tmp_path / "anything.txt"
    file.write_text(f"{json.dumps(LOG)}\n\n{json.dumps(SPAN)}\n")
    case = read_case(file)
    assert (len(case.logs), len(case.spans)) == (1, 1)


@pytest.mark.parametrize(
    ("row", "field", "problem"),
    [
        ({"service": "cart", "body": "x"}, "time_unix_nano", "is missing"),
        (LOG | {"time_unix_nano": 1.7e18}, "time_unix_nano", "must be a whole number"),
        (LOG | {"time_unix_nano": True}, "time_unix_nano", "must be a whole number"),
        (LOG | {"time_unix_nano": 2**64}, "time_unix_nano", "does not fit"),
        (LOG | {"time_unix_nano": "yesterday"}, "time_unix_nano", "must be a whole number"),
        (LOG | {"service": 7}, "service", "must be a string"),
        (LOG | {"trace_id": "xyz"}, "trace_id", "must be 32 hex digits"),
        (LOG | {"span_id": "ab" * 16}, "span_id", "must be 16 hex digits"),
        (LOG | {"severity_number": 99}, "severity_number", "is not one of OTLP's"),
        (LOG | {"attributes": [1]}, "attributes", "must be an object"),
        (SPAN | {"kind": "sideways"}, "kind", "is not known"),
        (SPAN | {"kind": 9}, "kind", "is not known"),
        (SPAN | {"status": {"code": "sad"}}, "status.code", "is not known"),
        ({k: v for k, v in SPAN.items() if k != "span_id"}, "span_id", "is missing"),
    ],
)
def test_a_wrong_field_is_named_with_file_line_and_remedy(
    tmp_path: Path, row: dict[str, object], field: str, problem: str
) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text(f"{json.dumps(LOG)}\n{json.dumps(row)}\n")
    with pytest.raises(ReplayError) as raised:
        read_case(file)
    error = raised.value
    assert (error.place.path, error.place.line, error.place.field) == (file, 2, field)
    assert str(error).startswith(f"{file}, line 2, field '{field}': {problem}")
    assert error.remedy in str(error)


@pytest.mark.parametrize(
    ("content", "line", "problem"),
    [
        (b'{"time_unix_nano": 1, "serv', 1, "is not JSON"),
        (b"[1, 2]\n", 1, "holds a JSON list"),
        (b'{"colour": "red"}\n', 1, "is neither a log nor a span"),
        (b'{"body": "\xff\xfe"}\n', 1, "is not UTF-8"),
        (b"[" * 100_000, 1, "is nested too deeply"),
        (
            gzip.compress(b'{"time_unix_nano": 1, "service": "a", "body": ""}\n' * 1000)[:-4],
            1001,
            "cannot be unpacked",
        ),
        (b"\x1f\x8bnot gzip at all", 1, "cannot be unpacked"),
        (b'{"resourceLogs": 5}\n', 1, "is not OTLP JSON"),
    ],
)
def test_a_broken_file_is_named_with_its_line(tmp_path: Path, content: bytes, line: int, problem: str) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_bytes(content)
    with pytest.raises(ReplayError, match=problem) as raised:
        read_case(file)
    assert raised.value.place.path == file
    assert raised.value.place.line == line


def test_what_is_not_there_or_twice_there_is_said(tmp_path: Path, write_case: WriteCase) -> None:
    with pytest.raises(ReplayError, match="cannot be read"):
        read_case(tmp_path / "nowhere")
    with pytest.raises(ReplayError, match=r"holds no logs\.jsonl"):
        read_case(write_case("empty"))
    twice = write_case("twice", [LOG])
    (twice / "logs.jsonl").write_text(json.dumps(LOG))
    with pytest.raises(ReplayError, match=r"holds both logs\.jsonl and logs\.jsonl\.gz"):
        read_case(twice)


@pytest.mark.parametrize(
    ("label", "problem"),
    [("{", "is not JSON"), ("[]", "is not a JSON object"), ('{"inject_unix_nano": "soon"}', "must be a whole number")],
)
def test_a_broken_label_is_named(write_case: WriteCase, label: str, problem: str) -> None:
    folder = write_case("case", [LOG])
    (folder / "label.json").write_text(label)
    with pytest.raises(ReplayError, match=problem) as raised:
        read_case(folder)
    assert raised.value.place.path == folder / "label.json"


def test_several_recordings_become_one(write_case: WriteCase) -> None:
    first = read_case(write_case("first", [LOG], label={"root_cause_service": "cart"}))
    second = read_case(write_case("second", spans=[SPAN]))
    assert merge_cases([first]) is first
    both = merge_cases([first, second])
    assert (both.logs, both.spans, both.label) == (first.logs, second.spans, None)
    assert (both.first_unix_nano, both.last_unix_nano) == (START - 5, START + 5)
