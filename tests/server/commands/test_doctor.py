"""`hypocenter doctor`: each thing that can be wrong is named with what to do about it."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rca.store import LanceConfig, build
from server.commands.doctor import app
from tests.rca.store.incidents import full_incident
from tests.server.commands.model_endpoint import Asked, ModelEndpoint

SUBJECTS = ["config", "otlp.grpc", "otlp.http", "api.grpc", "web.http", "doors", "data_dir", "store", "model"]


@pytest.fixture(autouse=True)
def _in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests of LanceDB ask for it by name."""
    monkeypatch.setenv("HYPOCENTER_STORE__KIND", "memory")


@pytest.fixture
def taken() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def examined(*arguments: str) -> tuple[int, dict[str, dict[str, object]]]:
    """Exit code and findings by subject, checked to be all of them in order."""
    result = CliRunner().invoke(app, ["--json", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    findings = json.loads(result.stdout)
    assert all(set(item) == {"subject", "ok", "detail", "remedy"} for item in findings)
    assert all(bool(item["remedy"]) != item["ok"] for item in findings)
    return result.exit_code, {item["subject"]: item for item in findings}


def only_failure(*arguments: str) -> dict[str, object]:
    code, found = examined(*arguments)
    assert (code, list(found)) == (1, SUBJECTS)
    (failure,) = [item for item in found.values() if not item["ok"]]
    return failure


def test_all_is_well() -> None:
    code, found = examined()
    assert (code, list(found)) == (0, SUBJECTS)
    assert "no connection to one is ever made" in str(found["model"]["detail"])
    text = CliRunner().invoke(app, [])
    assert text.exit_code == 0
    assert [line.split(":")[0] for line in text.stdout.splitlines()] == [f"ok   {name}" for name in SUBJECTS]


def test_a_misspelt_key(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("widow: {duration: 5s}")
    code, found = examined("--config", str(path))
    assert (code, list(found)) == (1, ["config"])
    assert "unknown key widow" in str(found["config"]["detail"])


def test_a_missing_file(tmp_path: Path) -> None:
    code, found = examined("--config", str(tmp_path / "none.yaml"))
    assert (code, list(found)) == (1, ["config"])
    assert "No such file" in str(found["config"]["detail"])


@pytest.mark.parametrize("key", ["otlp.grpc", "otlp.http", "api.grpc", "web.http"])
def test_a_port_in_use(key: str, taken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"HYPOCENTER_{key.upper().replace('.', '__')}", taken)
    failure = only_failure()
    assert failure["subject"] == key
    assert failure["detail"] == f"{taken}: Address already in use"
    assert f"set {key} to another" in str(failure["remedy"])
    text = CliRunner().invoke(app, [])
    assert text.exit_code == 1
    assert f"FAIL {key}: {taken}: Address already in use\n     -> stop what listens there" in text.stdout


def test_doors_that_serve_would_not_open(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert examined()[1]["doors"]["detail"] == "otlp open, api open, web open"
    tokens = tmp_path / "tokens"
    monkeypatch.setenv("HYPOCENTER_API__TOKENS_FILE", str(tokens))
    failure = only_failure()
    assert failure["subject"] == "doors"
    assert str(failure["detail"]).startswith(f"api.tokens_file: {tokens} can't be read")
    tokens.write_text("read 0123456789abcdef\n")
    assert examined()[1]["doors"]["detail"] == "otlp open, api with tokens, web open"
    monkeypatch.setenv("HYPOCENTER_WEB__HTTP", "0.0.0.0:0")
    assert "web.insecure: true" in str(only_failure()["detail"])


@pytest.mark.parametrize("address", ["192.0.2.1:4317", "no.such.host.invalid:4317", "[2001:db8::1]:4317"])
def test_an_address_of_another_machine(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYPOCENTER_OTLP__GRPC", address)
    monkeypatch.setenv("HYPOCENTER_OTLP__INSECURE", "true")
    assert only_failure()["subject"] == "otlp.grpc"


def test_a_data_directory_that_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    for below in ("file", "file/below/it"):
        monkeypatch.setenv("HYPOCENTER_DATA_DIR", str(tmp_path / below))
        failure = only_failure()
        assert failure["subject"] == "data_dir"
        assert failure["detail"] == f"{tmp_path / 'file'} is not a folder"


def test_the_store_is_opened_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYPOCENTER_STORE__KIND", "lance")
    store = build(LanceConfig(tmp_path / "data"))
    store.save(full_incident("one"))
    code, found = examined()
    assert (code, found["store"]["ok"]) == (1, False)
    assert "in use by process" in str(found["store"]["detail"])
    store.close()
    code, found = examined()
    assert (code, found["store"]["detail"]) == (0, "1 incidents remembered")
    for path in (tmp_path / "data" / "incidents").rglob("*.manifest"):
        path.write_bytes(b"not a manifest")
    failure = only_failure()
    assert failure["subject"] == "store"
    assert str(tmp_path / "data" / "incidents") in str(failure["detail"])


def with_model(monkeypatch: pytest.MonkeyPatch, base_url: str, key: str = "") -> None:
    monkeypatch.setenv("HYPOCENTER_LLM__BASE_URL", base_url)
    monkeypatch.setenv("HYPOCENTER_LLM__API_KEY", key)


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_model_that_answers(slash: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with ModelEndpoint(key="secret") as endpoint:
        with_model(monkeypatch, endpoint.base_url + slash, "secret")
        code, found = examined()
        assert (code, endpoint.asked) == (0, [Asked("/v1/models", "Bearer secret")])
        assert "answers" in str(found["model"]["detail"])


def test_a_model_that_wants_another_key(monkeypatch: pytest.MonkeyPatch) -> None:
    with ModelEndpoint(key="secret") as endpoint:
        for key, sent in (("", ""), ("wrong", "Bearer wrong")):
            with_model(monkeypatch, endpoint.base_url, key)
            failure = only_failure()
            assert failure["subject"] == "model"
            assert str(failure["detail"]).endswith("answers 401")
            assert "llm.api_key" in str(failure["remedy"])
            assert endpoint.asked[-1] == Asked("/v1/models", sent)


def test_a_model_at_another_path(monkeypatch: pytest.MonkeyPatch) -> None:
    with ModelEndpoint() as endpoint:
        with_model(monkeypatch, endpoint.base_url.removesuffix("/v1"))
        assert str(only_failure()["detail"]).endswith("answers 404")


@pytest.mark.parametrize(
    "base_url", ["http://127.0.0.1:{free}/v1", "127.0.0.1/v1", "ftp://127.0.0.1/v1", "http://[::1", "http://a b/"]
)
def test_a_model_that_is_not_there(base_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as held:
        # Bound and not listening: nobody else gets it, and nobody answers.
        held.bind(("127.0.0.1", 0))
        with_model(monkeypatch, base_url.format(free=held.getsockname()[1]), "secret")
        failure = only_failure()
    assert failure["subject"] == "model"
    assert "llm.base_url" in str(failure["remedy"])
    assert "secret" not in json.dumps(failure)


@pytest.mark.parametrize("key", ["clé", "two\nlines"])
def test_a_key_that_no_header_can_carry(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with ModelEndpoint() as endpoint:
        with_model(monkeypatch, endpoint.base_url, key)
        failure = only_failure()
        assert (failure["subject"], endpoint.asked) == ("model", [])
        assert "llm.api_key" in str(failure["remedy"])
        assert key not in json.dumps(failure, ensure_ascii=False)


def test_without_a_model_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy would see any request to anywhere."""
    with ModelEndpoint() as endpoint:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, endpoint.base_url)
        monkeypatch.setenv("HYPOCENTER_LLM__API_KEY", "secret")
        monkeypatch.setenv("HYPOCENTER_LLM__MODEL", "small")
        code, _ = examined()
        assert (code, endpoint.asked) == (0, [])
