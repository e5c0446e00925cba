"""A door that everybody can reach and nobody keeps is refused, unless it is written that it shall be."""

from pathlib import Path

import pytest

from server.config import Config, load
from server.security.exposure import beyond_loopback
from server.security.guards import UNGUARDED, ExposedError, Guards, build_guards
from tests.server.security.certificates import Pair
from tests.server.security.conftest import write_tokens

KEYS = ("otlp.grpc", "otlp.http", "api.grpc", "web.http")


def variable(key: str) -> str:
    return f"HYPOCENTER_{key.upper().replace('.', '__')}"


def guards(**environment: str) -> Guards:
    return build_guards(load(None, environment), lambda *_: None, lambda: None)


@pytest.mark.parametrize("address", ["127.0.0.1:1", "127.8.9.1:1", "[::1]:1", "localhost:1", "[::ffff:127.0.0.1]:1"])
def test_this_machine_alone(address: str) -> None:
    assert not beyond_loopback(address)


@pytest.mark.parametrize(
    "address", ["0.0.0.0:1", "[::]:1", "192.0.2.1:1", "[2001:db8::1]:1", "[::ffff:192.0.2.1]:1", "no.such.invalid:1"]
)
def test_others_too(address: str) -> None:
    assert beyond_loopback(address)


def test_the_defaults_are_in_order() -> None:
    built = build_guards(Config(), lambda *_: None, lambda: None)
    for guard in (built.otlp_grpc, built.otlp_http, built.api_grpc, built.web_http):
        assert guard == UNGUARDED


@pytest.mark.parametrize("key", KEYS)
def test_an_open_door_is_refused_by_name(key: str) -> None:
    section = key.split(".")[0]
    with pytest.raises(ExposedError) as caught:
        guards(**{variable(key): "0.0.0.0:0"})
    message = str(caught.value)
    assert message.startswith(f"{key}: 0.0.0.0:0 can be reached from other machines")
    for remedy in (f"{section}.tls_cert", f"{section}.tls_key", f"{section}.tokens_file", f"{section}.insecure: true"):
        assert remedy in message
    assert "\n" not in message


@pytest.mark.parametrize("key", KEYS)
def test_each_way_out_opens_it(key: str, tmp_path: Path, pair: Pair, caplog: pytest.LogCaptureFixture) -> None:
    section = f"HYPOCENTER_{key.split('.')[0].upper()}__"
    address = {variable(key): "0.0.0.0:0"}
    guards(**address, **{f"{section}TLS_CERT": str(pair.cert), f"{section}TLS_KEY": str(pair.key)})
    assert caplog.messages == []
    guards(**address, **{f"{section}TOKENS_FILE": str(write_tokens(tmp_path / "tokens"))})
    assert "travel in the clear" in caplog.text
    caplog.clear()
    guards(**address, **{f"{section}INSECURE": "true"})
    assert f"{key}: 0.0.0.0:0 is open to everybody" in caplog.text


def test_insecure_is_said_for_each_door_alone() -> None:
    with pytest.raises(ExposedError, match=r"^api\.grpc"):
        guards(HYPOCENTER_API__GRPC="0.0.0.0:0", HYPOCENTER_OTLP__INSECURE="true", HYPOCENTER_WEB__INSECURE="true")
