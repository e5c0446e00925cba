"""The stored form of an incident."""

import json
import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rca.incident import Incident
from rca.store.base import StoreError
from rca.store.codec import FORMAT, decode, encode, searchable
from tests.rca.store.incidents import anomaly, diagnosis, exemplar, full_incident, incident


@settings(max_examples=60, deadline=None)
@given(st.from_type(Incident))
def test_decodes_what_was_encoded(made: Incident) -> None:
    again = decode(encode(made))
    # By representation, because a NaN is no other NaN's equal.
    assert repr(again) == repr(replace(made, labels=dict(made.labels)))


def test_every_type_comes_back() -> None:
    whole = full_incident()
    again = decode(encode(whole))
    assert again == whole
    assert type(again.state) is type(whole.state)
    assert type(again.severity) is type(whole.severity)
    assert again.anomalies[0].exemplars[0].span_id == b"\xff" * 8
    assert again.name == whole.name
    assert again.root_cause == whole.root_cause


@pytest.mark.parametrize("number", [math.inf, -math.inf, 0.1 + 0.2, -0.0, 5e-324, 1.7976931348623157e308])
def test_floats_are_exact(number: float) -> None:
    made = incident(anomalies=(anomaly(surprise=number),))
    assert repr(decode(encode(made)).anomalies[0].surprise) == repr(number)


def test_times_of_64_bits_are_exact() -> None:
    made = incident(start=2**64 - 1)
    assert decode(encode(made)).start_unix_nano == 2**64 - 1


def test_stored_form_of_format_1() -> None:
    """What stands in data directories: if this fails, old incidents can't be read any more. Give the format a number
    and a way to read the old one, or the new field a default."""
    stored: dict[str, Any] = {
        "format": 1,
        "incident": {
            "incident_id": "one",
            "title": "Payments fail",
            "state": "open",
            "severity": 3,
            "services": [{"environment": "production", "namespace": "shop", "name": "payment"}],
            "anomalies": [
                {
                    "service": {"environment": "production", "namespace": "shop", "name": "payment"},
                    "detector": "new_template",
                    "subject": "s",
                    "surprise": 9.5,
                    "observed": 12.0,
                    "expected": 0.1,
                    "unit": "records",
                    "start_unix_nano": 1,
                    "end_unix_nano": 2,
                    "description": "d",
                    "exemplars": [
                        {
                            "time_unix_nano": 1,
                            "body": "b",
                            "severity": 17,
                            "pod": "p",
                            "scope": "s",
                            "trace_id": "AQEBAQEBAQEBAQEBAQEBAQ==",
                            "span_id": "__________8=",
                        }
                    ],
                }
            ],
            "start_unix_nano": 1,
            "create_unix_nano": 2,
            "update_unix_nano": 3,
        },
    }
    again = decode(json.dumps(stored).encode())
    assert again.anomalies[0].exemplars[0].trace_id == b"\x01" * 16
    assert again.anomalies[0].exemplars[0].span_id == b"\xff" * 8
    assert again.severity == 3
    assert decode(encode(again)) == again


def stored(made: Incident) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(encode(made))
    return parsed


def test_unknown_fields_are_ignored() -> None:
    form = stored(full_incident())
    form["later"] = form["incident"]["later"] = form["incident"]["anomalies"][0]["later"] = {"a": 1}
    form["incident"]["diagnosis"]["graph"]["nodes"][0]["later"] = []
    assert decode(json.dumps(form).encode()) == full_incident()


@pytest.mark.parametrize("readable", [True, False])
def test_a_newer_format_is_refused(readable: bool) -> None:
    form = stored(incident())
    form["format"] = FORMAT + 1
    if not readable:
        form["incident"] = {"all": "different"}
    with pytest.raises(StoreError, match=f"format {FORMAT + 1}.*newer version"):
        decode(json.dumps(form).encode())


@pytest.mark.parametrize("data", [b"", b"\xff\x00", b"[]", b"{}", b'{"format": 1}', b'{"format": "x", "incident": {}}'])
def test_what_is_no_incident_is_refused(data: bytes) -> None:
    with pytest.raises(StoreError, match="can't be read"):
        decode(data)


def test_text_that_is_not_unicode_is_refused() -> None:
    with pytest.raises(StoreError, match="'one' can't be stored"):
        encode(incident(title="\ud800"))


def test_searchable_text() -> None:
    text = searchable(
        incident(
            title="Payments fail",
            anomalies=(anomaly(exemplars=(exemplar(exception_type="com.shop.PoolTimeoutException"),)),),
            diagnosis=diagnosis(hypothesis="payment hangs"),
            resolution="restarted",
        )
    )
    assert text.splitlines() == [
        "Payments fail",
        "production/shop/payment",
        "production/shop/checkout",
        "payment hangs",
        "connection pool exhausted after <*> ms",
        "com.shop.PoolTimeoutException",
        "restarted",
        "Pool Timeout Exception",
    ]
