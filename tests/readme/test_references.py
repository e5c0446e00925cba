"""What the READMEs name exists: files, keys, variables, verbs, ports, methods, dependencies, detectors."""

import re
import subprocess
import tomllib

import pytest
from hypocenter.v1 import incident_service_pb2, log_service_pb2, root_cause_service_pb2

from analyzers.detectors import LOG_DETECTORS, build_all
from analyzers.otlp.resources import ATTRIBUTE_LIMIT, NAME_LIMIT
from rca.ranking import RankingSettings
from server.config import SECOND, Config, known_keys
from server.otlp.deep_values import KEPT_DEPTH
from tests.readme.document import REPOSITORY, Document, Table

MAKEFILE = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
TOP = ("proto/", "server/", "analyzers/", "rca/", "clients/", "deploy/", "tests/", ".ci/")
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))


def table(readme: Document, first_name: str) -> Table:
    """The only one whose first row has that name."""
    (found,) = [table for table in readme.tables if table.names[0] == first_name]
    return found


def test_links_lead_somewhere(readme: Document) -> None:
    assert len(readme.links) > 20
    assert [link for link in readme.links if not (REPOSITORY / link.replace("\\", "")).exists()] == []


def test_paths_exist(readme: Document) -> None:
    paths = [word for word in readme.code_words if word.startswith(TOP)]
    assert paths
    # <kind> stands for a file that is there already as well as for one to come.
    assert [path for path in paths if not list(REPOSITORY.glob(path.rstrip("/").replace("<kind>", "*")))] == []


def test_keys_exist(readme: Document) -> None:
    sections = {key.partition(".")[0] for key in known_keys() if "." in key}
    written = {word for word in readme.code_words if re.fullmatch(rf"({'|'.join(sections)})\.[a-z_]+", word)}
    assert len(written) >= 8
    assert written <= set(known_keys())


def test_limits_are_the_defaults(readme: Document) -> None:
    """Every limit of the section has a row; sizes are written with a unit, shares in percent."""
    defaults: dict[str, str] = {}
    for heading, default, *_ in table(readme, "otlp.max_message_bytes").rows:
        found = re.search(r"`([a-z]+\.[a-z_]+)`", heading)
        if found:
            defaults[found[1]] = default
    config = Config()
    assert defaults.pop("limits.memory") == f"{config.limits.memory.share:.0%}"
    for key in ("otlp.max_message_bytes", "otlp.max_pending_bytes"):
        assert defaults.pop(key) == f"{getattr(config.otlp, key.partition('.')[2]) >> 20} MiB"
    assert defaults.pop("otlp.message_wait") == f"{config.otlp.message_wait // SECOND} s"
    for key in ("otlp.max_request_records", "otlp.max_body_chars"):
        assert defaults.pop(key) == str(getattr(config.otlp, key.partition(".")[2]))
    others = config.limits.model_dump(exclude={"memory"})
    assert defaults == {f"limits.{name}": str(value) for name, value in others.items()}


def test_limits_without_a_key_are_those_of_the_code(readme: Document) -> None:
    rows = table(readme, "otlp.max_message_bytes").rows
    defaults = [default for heading, default, *_ in rows if "." not in heading and default]
    assert defaults == [str(ATTRIBUTE_LIMIT), str(NAME_LIMIT), str(KEPT_DEPTH)]


def test_variables_are_read_somewhere(readme: Document) -> None:
    text = readme.path.read_text(encoding="utf-8")
    sources = "".join(
        path.read_text(encoding="utf-8")
        for folder in ("server", "clients/cli", "tests/clients")
        for path in (REPOSITORY / folder).rglob("*.py")
    )
    for name in set(re.findall(r"\bHYPOCENTER_[A-Z_]+", text)):
        key = name.removeprefix("HYPOCENTER_").lower().replace("__", ".")
        assert key in known_keys() or f'"{name}"' in sources, name


def test_ports_are_the_defaults(readme: Document) -> None:
    config = Config()
    addresses = {
        "otlp.grpc": config.otlp.grpc,
        "otlp.http": config.otlp.http,
        "api.grpc": config.api.grpc,
        "web.http": config.web.http,
    }
    rows = {row[1].strip("`"): f"127.0.0.1:{row[0]}" for row in table(readme, "4317").rows}
    assert rows == addresses


def test_make_verbs_are_those_of_the_makefile(readme: Document) -> None:
    phony = re.search(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE)
    assert phony
    assert table(readme, "make install").names == [f"make {verb}" for verb in phony[1].split()]
    used = re.findall(r"\bmake (\w+)", "\n".join([*readme.code_words, *readme.commands]))
    assert set(used) <= set(phony[1].split())


@pytest.mark.parametrize("verb", ["demo", "test"])
def test_the_two_commands_are_recipes(english: Document, verb: str) -> None:
    assert english.block("sh").lines == ("make demo", "make test")
    dry_run = ["make", "--dry-run", verb, "ARGS=--once"]
    answer = subprocess.run(dry_run, cwd=REPOSITORY, capture_output=True, text=True, timeout=30, check=True)
    assert "--once" in answer.stdout


def test_services_and_methods_are_those_of_the_api(readme: Document) -> None:
    listed = {row[0].strip("`"): re.findall(r"`(\w+)`", row[1]) for row in table(readme, "LogService").rows}
    assert listed == {
        service.name: [method.name for method in service.methods]
        for file in (log_service_pb2, incident_service_pb2, root_cause_service_pb2)
        for service in file.DESCRIPTOR.services_by_name.values()
    }


def test_fields_of_an_assessment_exist(readme: Document) -> None:
    fields = set(log_service_pb2.Assessment.DESCRIPTOR.fields_by_name)
    start = readme.code_words.index("is_anomaly")
    named = readme.code_words[start : readme.code_words.index("basis") + 1]
    assert len(named) == 10
    assert set(named) <= fields
    bases = {word for word in readme.code_words if word.startswith("BASIS_")}
    assert bases == {"BASIS_COLD", "BASIS_BASELINE"}
    assert bases <= set(log_service_pb2.Assessment.Basis.keys())


def test_every_detector_has_a_row_and_every_row_a_detector(readme: Document) -> None:
    rows = table(readme, "new_template")
    assert rows.names == [detector.name for detector in build_all()]
    assert tuple(rows.names[:3]) == LOG_DETECTORS
    assert all(len(row[1]) > 5 for row in rows.rows)


def test_the_ranking_weighs_every_detector() -> None:
    """As the README tells whoever adds one. The two that go both ways have a weight for each; lost telemetry has
    nothing beside it that it could be weighed against."""
    weighed = set(RankingSettings().weights)
    others = {
        "template_rate": {"template_rise", "template_fall"},
        "edge_calls": {"calls_rise", "calls_fall"},
        "silence": set[str](),
    }
    for detector in build_all():
        assert others.get(detector.name, {detector.name}) <= weighed


@pytest.mark.parametrize(
    ("first", "requirements"),
    [
        ("hypocenter-client", PROJECT["project"]["dependencies"]),
        ("hypothesis", PROJECT["dependency-groups"]["dev"]),
    ],
    ids=["run time", "development"],
)
def test_every_dependency_has_its_reason(readme: Document, first: str, requirements: list[str]) -> None:
    names = [re.split(r"[^A-Za-z0-9_.-]", requirement)[0] for requirement in requirements]
    (found,) = [table for table in readme.tables if set(table.names) & set(names)]
    assert found.names[0] == first
    assert found.names == names
    assert all(row[1] for row in found.rows)


def test_no_machine_paths(readme: Document) -> None:
    text = readme.path.read_text(encoding="utf-8")
    assert re.findall(r"/(?:work|root|tmp|home)/\S*", text) == []
