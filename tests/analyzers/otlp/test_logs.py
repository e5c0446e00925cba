"""Log requests to columns, whatever senders come up with."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from analyzers.otlp import DecodeLimits, weigh
from analyzers.otlp.body import body_text
from analyzers.service import UNKNOWN_SERVICE, ServiceKey, service_key
from analyzers.templates import TemplateMiner
from tests.analyzers.telemetry import ERROR, NOON, SECOND, attribute, log_batch, log_groups, record, resource

YEAR_1754 = 2**64 - 6_795_364_578_871_345_152


def body(value: AnyValue | str, limits: DecodeLimits | None = None) -> str:
    text: str = log_batch(*log_groups([record(value)]), limits=limits).body[0].as_py()
    return text


def array(*values: AnyValue) -> AnyValue:
    return AnyValue(array_value=ArrayValue(values=values))


def mapping(**values: AnyValue) -> AnyValue:
    return AnyValue(kvlist_value=KeyValueList(values=[KeyValue(key=key, value=item) for key, item in values.items()]))


def nested(depth: int) -> AnyValue:
    """Arrays in arrays, grown in place: a copy of what is too deep for the wire fails."""
    outermost = value = AnyValue()
    for _ in range(depth):
        value = value.array_value.values.add()
    value.string_value = "deep"
    return outermost


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (AnyValue(), ""),
        (AnyValue(string_value="plain"), "plain"),
        (AnyValue(bool_value=True), "true"),
        (AnyValue(int_value=-3), "-3"),
        (AnyValue(double_value=1.5), "1.5"),
        (AnyValue(double_value=float("nan")), "NaN"),
        (AnyValue(double_value=float("inf")), "Infinity"),
        (AnyValue(bytes_value=b"\xff\xfe"), "<2 bytes>"),
        (array(), "[]"),
        (array(AnyValue(int_value=1), AnyValue(), AnyValue(bytes_value=b"x")), '[1,null,"<1 bytes>"]'),
        (
            mapping(message=AnyValue(string_value="库存"), n=array(AnyValue(bool_value=False))),
            '{"message":"库存","n":[false]}',
        ),
        (mapping(), "{}"),
    ],
)
def test_bodies_of_every_kind(value: AnyValue, text: str) -> None:
    assert body(value) == text


@pytest.mark.parametrize("depth", [1, 8, 9, 90, 1000])
def test_nesting_is_cut(depth: int) -> None:
    text = body_text(nested(depth), DecodeLimits().depth, DecodeLimits().body_chars)
    cut = depth > DecodeLimits().depth
    assert ("deep" in text, "..." in text) == (not cut, cut)
    assert text.count("[") == min(depth, 8)


def test_nesting_that_passes_the_wire() -> None:
    wire = ExportLogsServiceRequest(resource_logs=log_groups([record(nested(40)), record("beside")]))
    batch = log_batch(*ExportLogsServiceRequest.FromString(wire.SerializeToString()).resource_logs)
    assert batch.body.to_pylist() == ['[[[[[[[["..."]]]]]]]]', "beside"]


@pytest.mark.parametrize("value", [AnyValue(string_value="界" * 1_000_000), nested(3), mapping(a=nested(2))])
def test_long_bodies_are_cut_and_counted(value: AnyValue) -> None:
    limits = DecodeLimits(body_chars=10)
    batch = log_batch(*log_groups([record(value), record("short")]), limits=limits)
    first, second = batch.body.to_pylist()
    assert (len(first), second, batch.truncated) == (10, "short", 1)


def test_a_megabyte_is_cut_by_default() -> None:
    batch = log_batch(*log_groups([record("x" * 2**20), record(AnyValue(bytes_value=b"x" * 2**20))]))
    first, second = batch.body.to_pylist()
    assert (len(first), second, batch.truncated) == (16_384, "<1048576 bytes>", 1)


@pytest.mark.parametrize(
    "text", ["\x00\x01\x1b[31mred\x7f", "\n\n", "\t", "\u202egnirts\u202c", "😀" * 50, "\ufffe\uffff"]
)
def test_control_characters_survive(text: str) -> None:
    assert body(text) == text
    assert len(TemplateMiner().mine(log_batch(*log_groups([record(text)]))).templates) == 1


def test_lone_surrogates_do_not_pass_the_wire() -> None:
    """Protobuf strings are UTF-8, so they can't come in; a test of that assumption."""
    with pytest.raises((UnicodeEncodeError, ValueError)):
        AnyValue(string_value="\ud800")


@settings(max_examples=60)
@given(st.lists(st.text(max_size=80), max_size=12))
def test_any_text_is_decoded_and_mined(texts: list[str]) -> None:
    wire = ExportLogsServiceRequest(resource_logs=log_groups(map(record, texts))).SerializeToString()
    batch = log_batch(*ExportLogsServiceRequest.FromString(wire).resource_logs)
    assert batch.body.to_pylist() == texts
    assert len(TemplateMiner().mine(batch).template) == len(texts)


@pytest.mark.parametrize("name", ["", "   "])
def test_without_a_name(name: str) -> None:
    batch = log_batch(*log_groups([record()], resource(name)))
    assert batch.resources[0].service == service_key(UNKNOWN_SERVICE)
    assert batch.resources[0].unnamed
    blank = log_batch(*log_groups([record()], resource("", service_name=name)))
    assert blank.resources[0].unnamed


def test_identity() -> None:
    source = resource(
        "payment",
        service_namespace="shop",
        deployment_environment_name="production",
        service_version="1.4",
        k8s_pod_name="payment-0",
        host_name="node-7",
    )
    (decoded,) = log_batch(*log_groups([record()], source)).resources
    assert decoded.service == ServiceKey("production", "shop", "payment")
    assert (decoded.version, decoded.pod, decoded.unnamed, decoded.own) == ("1.4", "payment-0", False, False)


def test_older_names_and_long_ones() -> None:
    source = resource("n" * 5000, deployment_environment="staging", host_name="node-7")
    (decoded,) = log_batch(*log_groups([record()], source)).resources
    assert decoded.service == ServiceKey("staging", "", "n" * 255)
    assert decoded.pod == "node-7"


@pytest.mark.parametrize(
    ("sent", "settled", "faults"),
    [
        (NOON - 5, NOON - 5, (0, 0, 0)),
        (0, NOON, (1, 0, 0)),
        (1, NOON, (0, 1, 0)),
        (NOON // 10**9, NOON, (0, 1, 0)),  # seconds
        (NOON // 10**3, NOON, (0, 1, 0)),  # microseconds
        (2**64 - 1, NOON, (0, 1, 0)),  # -1
        (2**63, NOON, (0, 1, 0)),
        (YEAR_1754, NOON, (0, 1, 0)),
        (2**63 - 1, NOON, (0, 0, 1)),  # the year 2262
        (NOON + 3600 * SECOND, NOON, (0, 0, 1)),
        (NOON + 59 * SECOND, NOON + 59 * SECOND, (0, 0, 0)),
        (NOON - 10 * 365 * 86_400 * SECOND, NOON - 10 * 365 * 86_400 * SECOND, (0, 0, 0)),
    ],
)
def test_times(sent: int, settled: int, faults: tuple[int, int, int]) -> None:
    batch = log_batch(*log_groups([record(at=sent)]), received=NOON)
    assert batch.time_unix_nano.tolist() == [settled]
    assert (batch.faults.missing, batch.faults.absurd, batch.faults.future) == faults


@pytest.mark.parametrize("own", [0, 7, 2**64 - 1])
@pytest.mark.parametrize(
    ("observed", "settled"),
    [(NOON - 3, NOON - 3), (0, NOON), (12, NOON), (2**64 - 1, NOON), (NOON + 3600 * SECOND, NOON)],
)
def test_observed_time_stands_in(own: int, observed: int, settled: int) -> None:
    sent = LogRecord(time_unix_nano=own, observed_time_unix_nano=observed)
    assert log_batch(*log_groups([sent]), received=NOON).time_unix_nano.tolist() == [settled]


@pytest.mark.parametrize(("count", "weight"), [(500, 500), (1, 1), (0, 1), (-4, 1), (2**62, 2**31)])
def test_log_count(count: int, weight: int) -> None:
    groups = log_groups([record(attributes={"log_count": count}), record()])
    assert log_batch(*groups).weight.tolist() == [weight, 1]
    request = ExportLogsServiceRequest(resource_logs=groups)
    assert weigh(request, request.SerializeToString()) == weight + 1


def test_log_count_of_another_type_is_one() -> None:
    assert log_batch(*log_groups([record(attributes={"log_count": "many"})])).weight.tolist() == [1]


def test_a_template_that_was_sent_is_taken() -> None:
    groups = log_groups(
        [record("user 7 left", attributes={"log.record.template": "user <*> left"}), record("user 8 left"), record("x")]
    )
    batch = log_batch(*groups)
    mined = TemplateMiner().mine(batch)
    texts = [mined.templates[code] for code in mined.template.tolist()]
    assert batch.template == {0: "user <*> left"}
    assert texts[0] == texts[1]
    assert [item.text for item in texts] == ["user <*> left", "user <*> left", "x"]


def test_what_is_sent_as_template_or_exception_is_cut() -> None:
    sent = {"log.record.template": "t" * 10**6, "exception.type": "e" * 10**6}
    batch = log_batch(*log_groups([record(attributes=sent)]))
    assert len(batch.template[0]) <= 1024
    assert len(batch.exception_type[0]) <= 1024


def test_exception_type() -> None:
    batch = log_batch(*log_groups([record(), record("boom", severity=ERROR, attributes={"exception.type": "E"})]))
    assert batch.exception_type == {1: "E"}


def test_own_telemetry_is_left_out_and_counted() -> None:
    own = resource("hypocenter", hypocenter_self="true")
    groups = [*log_groups([record(weight=7), record()], own), *log_groups([record("theirs")])]
    batch = log_batch(*groups)
    assert (batch.body.to_pylist(), batch.own) == (["theirs"], 8)
    flag = resource("hypocenter")
    flag.attributes.append(KeyValue(key="hypocenter.self", value=AnyValue(bool_value=True)))
    assert log_batch(*log_groups([record()], flag)).own == 1


def test_nothing_sent() -> None:
    batch = log_batch()
    assert len(batch) == 0
    assert len(log_batch(*log_groups([]))) == 0
    assert TemplateMiner().mine(batch).templates == ()


def test_order_is_kept_over_groups() -> None:
    groups = [*log_groups([record("a"), record("b")], resource("one")), *log_groups([record("c")], resource("two"))]
    batch = log_batch(*groups)
    assert batch.body.to_pylist() == ["a", "b", "c"]
    assert [batch.resources[index].service.name for index in batch.resource.tolist()] == ["one", "one", "two"]


def test_json_bodies_stay_valid_json() -> None:
    value = mapping(a=AnyValue(string_value='say "hi"\n'), b=AnyValue(int_value=1))
    assert json.loads(body(value)) == {"a": 'say "hi"\n', "b": 1}


def test_attribute_types() -> None:
    source = resource("payment")
    source.attributes.append(attribute("service.version", 7))
    source.attributes.append(KeyValue(key="host.name", value=array()))
    (decoded,) = log_batch(*log_groups([record()], source)).resources
    assert (decoded.version, decoded.pod) == ("7", "")
