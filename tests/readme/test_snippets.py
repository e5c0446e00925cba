"""The code shown is code: it runs, it compiles, it agrees with the files it is taken from."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from server.config import Config, load
from tests.readme.conftest import Shown
from tests.readme.document import REPOSITORY, Document

API = "127.0.0.1:4319"
GO_MODULE = REPOSITORY / "clients" / "go"


def test_the_python_snippet_runs(shown: Shown, english: Document, tmp_path: Path) -> None:
    code = english.block("python").text
    assert code.count(API) == 1
    answer = subprocess.run(
        [sys.executable, "-c", code.replace(API, shown.server.api_grpc)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    first, second, *causes = answer.stdout.splitlines()
    assert first.startswith("connection_refused payment: connection refused")
    assert second == "[True]"
    assert causes
    assert set(causes) == {"Payments fail payment 1.25"}


def test_the_python_snippet_needs_the_client_alone(english: Document) -> None:
    imported = re.findall(r"^(?:from|import) ([\w.]+)", english.block("python").text, re.MULTILINE)
    assert {name.split(".")[0] for name in imported} == {"hypocenter", "opentelemetry"}


@pytest.mark.golang
@pytest.mark.timeout(700)  # The first build on a machine fetches and compiles gRPC.
def test_the_go_snippet_compiles_and_runs(go: str, shown: Shown, english: Document, tmp_path: Path) -> None:
    code = english.block("go").text
    assert code.count(API) == 1
    (tmp_path / "main.go").write_text(code.replace(API, shown.server.api_grpc))
    module = re.sub(r"^module (\S+)", "module readme", (GO_MODULE / "go.mod").read_text(), flags=re.MULTILINE)
    path = re.findall(r"^module (\S+)", (GO_MODULE / "go.mod").read_text(), re.MULTILINE)[0]
    (tmp_path / "go.mod").write_text(f"{module}\nrequire {path} v0.0.0\nreplace {path} => {GO_MODULE}\n")
    shutil.copy(GO_MODULE / "go.sum", tmp_path)
    environment = {**os.environ, "GOFLAGS": "-mod=mod", "GOWORK": "off"}
    said = ""
    for arguments in (["vet", "."], ["run", "."]):
        answer = subprocess.run(
            [go, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600, check=False
        )
        assert answer.returncode == 0, answer.stderr
        said = answer.stdout
    assert said.startswith("SEVERITY_HIGH connection_refused payment: connection refused")
    assert said.splitlines()[1] == "BASIS_COLD 1"
    gofmt = Path(go).with_name("gofmt")
    unformatted = subprocess.run([gofmt, "-l", "."], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert unformatted.stdout == ""


def test_the_collector_snippet_is_part_of_the_file(readme: Document) -> None:
    text = (REPOSITORY / "deploy" / "otel-collector.yaml").read_text(encoding="utf-8")
    whole = yaml.safe_load(re.sub(r"\$\{env:\w+:-([^}]*)\}", r"\1", text))
    snippet = yaml.safe_load(readme.block("yaml").text)
    assert {"receivers", "exporters", "service"} <= set(snippet)
    assert list(_differences(snippet, whole)) == []


def test_the_collector_snippet_is_complete(english: Document) -> None:
    """Every component of its pipelines is described, and the exporter leads to where Hypocenter listens."""
    snippet = yaml.safe_load(english.block("yaml").text)
    for pipeline in snippet["service"]["pipelines"].values():
        for kind, names in pipeline.items():
            assert set(names) <= set(snippet[kind])
    assert snippet["exporters"]["otlp"]["endpoint"] == Config().otlp.grpc


def test_the_settings_shown_are_the_defaults(readme: Document, tmp_path: Path) -> None:
    shown = tmp_path / "config.yaml"
    shown.write_text(readme.block("yaml", 1).text, encoding="utf-8")
    assert load(shown, {}) == load(REPOSITORY / "deploy" / "config.yaml", {}) == Config()


def test_the_variables_shown_are_understood(readme: Document) -> None:
    written = dict(re.findall(r"(HYPOCENTER_\w+)=(\S+)", "\n".join(readme.code_words)))
    assert len(written) == 2
    assert load(None, written) != Config()


def test_the_printout_is_one(english: Document) -> None:
    """The excerpt is from a real run; this holds it to the headings, the sum and the id it had there."""
    lines = english.block("text", 1).lines
    source = (REPOSITORY / "clients" / "demo" / "printout.py").read_text(encoding="utf-8")
    for heading in ("Root cause", "Path", "Evidence", "Also considered", "Ruled out", "Similar past incidents"):
        assert heading in lines
        assert f"{heading}" in source
    weights = [float(found[1]) for line in lines if (found := re.match(r" +([+-]\d+\.\d\d)  ", line))]
    (total,) = [float(found[1]) for line in lines if (found := re.match(r" += (\d+\.\d\d)", line))]
    (score,) = [float(found[1]) for line in lines if (found := re.match(r"  \w+  score (\d+\.\d\d)", line))]
    assert round(sum(weights), 2) == total == score
    ids = set(re.findall(r"\b[0-9a-f]{16}\b", "\n".join(lines)))
    assert ids == set(re.findall(r"\b[0-9a-f]{16}\b", "\n".join(english.commands)))


def _differences(part: Any, whole: Any, place: str = "") -> Iterator[str]:
    """Where `part` has what `whole` has not, or otherwise. Lists may be shorter, in the same order."""
    if isinstance(part, Mapping) and isinstance(whole, Mapping):
        for key, value in part.items():
            if key in whole:
                yield from _differences(value, whole[key], f"{place}.{key}")
            else:
                yield f"{place}.{key} is not in the file"
    elif isinstance(part, list) and isinstance(whole, list):
        if [item for item in whole if item in part] != part:
            yield f"{place}: {part} is not part of {whole}"
    elif part != whole:
        yield f"{place}: {part} here, {whole} in the file"
