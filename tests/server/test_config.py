"""Configuration: every key is documented with its default, and what can't be meant is refused with its name."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from server.config import SECOND, Config, ConfigError, MemoryAmount, known_keys, load

DOCUMENTED = Path(__file__).resolve().parents[2] / "deploy" / "config.yaml"


def flat(document: dict[str, Any]) -> dict[str, object]:
    keys: dict[str, object] = {}
    for name, value in document.items():
        keys |= {f"{name}.{key}": inner for key, inner in value.items()} if isinstance(value, dict) else {name: value}
    return keys


DEFAULTS = flat(yaml.safe_load(DOCUMENTED.read_text()))
# As the documentation writes them, so that a duration the code takes for a plain number is found out.
DURATIONS = [key for key, value in DEFAULTS.items() if re.fullmatch(r"(\d+(ms|s|m|h|d))+", str(value))]
CHOICES = {"store.kind": ("memory", "lance"), "journal.sync": ("group", "always")}
ADDRESSES = ("otlp.grpc", "otlp.http", "api.grpc", "web.http")


def value_of(config: Config, key: str) -> object:
    value: object = config
    for part in key.split("."):
        value = getattr(value, part)
    return value


def variable(key: str) -> str:
    return f"HYPOCENTER_{key.upper().replace('.', '__')}"


def written(folder: Path, text: str) -> Path:
    path = folder / "config.yaml"
    path.write_text(text)
    return path


def in_file(folder: Path, key: str, value: object) -> Path:
    section, _, name = key.rpartition(".")
    return written(folder, yaml.safe_dump({section: {name: value}} if section else {name: value}))


def test_every_key_is_documented_in_its_order() -> None:
    assert tuple(DEFAULTS) == known_keys()


def test_the_documented_values_are_the_defaults() -> None:
    assert load(DOCUMENTED, {}) == load(None, {}) == Config()


def test_every_documented_key_has_a_comment() -> None:
    """llm.model and llm.api_key share the comment of llm.base_url."""
    lines = DOCUMENTED.read_text().splitlines()
    bare = [
        line.split(":")[0].strip()
        for before, line in zip(["", *lines], lines, strict=False)
        if ":" in line
        and not line.lstrip().startswith("#")
        and not line.endswith(":")
        and not before.lstrip().startswith("#")
    ]
    assert bare == ["model", "api_key"]


@pytest.mark.parametrize("key", known_keys())
def test_every_key_can_be_set_in_the_file_and_the_environment_wins(key: str, tmp_path: Path) -> None:
    first, second = _two_values(key)
    path = in_file(tmp_path, key, first)
    in_file_only = value_of(load(path, {}), key)
    in_environment = value_of(load(path, {variable(key): str(second)}), key)
    assert in_file_only != value_of(Config(), key)
    assert in_environment not in (in_file_only, None)
    assert in_environment == value_of(load(None, {variable(key): str(second)}), key)


def _two_values(key: str) -> tuple[object, object]:
    default = value_of(Config(), key)
    if key in DURATIONS:
        return "1h1m1s", "2h"
    if key in ADDRESSES:
        return "127.0.0.2:1", "[::1]:2"
    if key in CHOICES:
        return CHOICES[key]
    if isinstance(default, bool):
        return not default, "false" if not default else "true"
    if isinstance(default, MemoryAmount):
        return "3GiB", "50%"
    if isinstance(default, int):
        return default + 1, default + 2
    return "first", "second"


@pytest.mark.parametrize(
    ("text", "nanos"),
    [
        ("500ms", SECOND // 2),
        ("30s", 30 * SECOND),
        ("1h30m", 5400 * SECOND),
        ("1.5h", 5400 * SECOND),
        (" 2d ", 172800 * SECOND),
    ],
)
def test_durations(text: str, nanos: int) -> None:
    assert load(None, {"HYPOCENTER_WINDOW__RETENTION": text}).window.retention == nanos


@given(st.lists(st.tuples(st.integers(0, 10_000), st.sampled_from(["ms", "s", "m", "h"])), min_size=1, max_size=4))
def test_a_duration_is_the_sum_of_its_parts(parts: list[tuple[int, str]]) -> None:
    units = {"ms": SECOND // 1000, "s": SECOND, "m": 60 * SECOND, "h": 3600 * SECOND}
    text = "".join(f"{number}{unit}" for number, unit in parts)
    config = load(None, {"HYPOCENTER_WINDOW__RETENTION": text})
    assert config.window.retention == sum(number * units[unit] for number, unit in parts)


@pytest.mark.parametrize("key", DURATIONS)
def test_a_duration_without_its_unit_is_refused(key: str, tmp_path: Path) -> None:
    for value in (30, 30.5, 0, True, None, "30", "", "-5s", "5 s", "s", "5x", "1h-1m", "1e3s", "5s5"):
        with pytest.raises(ConfigError, match=rf"^{key}: .*for example"):
            load(in_file(tmp_path, key, value), {})


@pytest.mark.parametrize("text", ["999999999d", f"{'9' * 400}s"])
def test_a_duration_no_clock_can_hold_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"window\.idle: .* longer than 100 years"):
        load(None, {"HYPOCENTER_WINDOW__IDLE": text})


@pytest.mark.parametrize(
    "key", ["window.duration", "window.idle", "baseline.half_life", "journal.checkpoint_every", "otlp.message_wait"]
)
def test_durations_that_would_stop_the_clock_are_refused(key: str) -> None:
    with pytest.raises(ConfigError, match=rf"^{key}: "):
        load(None, {variable(key): "0s"})


@pytest.mark.parametrize("key", ADDRESSES)
def test_what_is_no_address_is_refused(key: str, tmp_path: Path) -> None:
    for value in ("", "localhost", ":4317", "host:", "host:port", "host:65536", "::1:4317", 4317, None):
        with pytest.raises(ConfigError, match=rf"^{key}: .*(HOST:PORT|65535)"):
            load(in_file(tmp_path, key, value), {})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("widnow: {duration: 5s}", "unknown key widnow"),
        ("window: {duraton: 5s}", r"unknown key window\.duraton; did you mean window\.duration\?"),
        ("window: {duration: {is: 5s}}", r"window\.duration: write a duration"),
        ("otpl: 1", "unknown key otpl"),
        ("datadir: /tmp", r"unknown key datadir; did you mean data_dir\?"),
        ("wholly_other_thing_xyz: 1", r"unknown key wholly_other_thing_xyz; see deploy/config\.yaml"),
        ("otlp.grpc: 127.0.0.1:1", r"otlp\.grpc: write it in two levels"),
        ("5: 1", "unknown key 5"),
        ("window: 5s", "window: must be a section"),
        ("window: [duration]", "window: must be a section"),
        ("data_dir: {path: x}", "data_dir: "),
        ("data_dir:", "data_dir: "),
        ("store: {kind: postgres}", r"store\.kind: .*'lance' or 'memory'"),
        ("limits: {templates: 0}", r"limits\.templates: .*greater than or equal to 1"),
        ("limits: {templates: many}", r"limits\.templates: .*integer"),
        ("- window", "must hold sections"),
        ("just words", "must hold sections"),
        ("window: {duration: 5s", "not valid YAML"),
        ("a: !!python/object/apply:os.getcwd []", "not valid YAML"),
    ],
)
def test_what_is_refused_in_a_file(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=message):
        load(written(tmp_path, text), {})


@pytest.mark.parametrize("text", ["", "# nothing\n", "window:\n", "window:\n  # duration: 5s\notlp:\n"])
def test_what_says_nothing_means_the_defaults(text: str, tmp_path: Path) -> None:
    path = written(tmp_path, text)
    assert load(path, {}) == Config()
    assert load(path, {"HYPOCENTER_WINDOW__IDLE": "7s"}).window.idle == 7 * SECOND


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    missing, binary = tmp_path / "missing.yaml", tmp_path / "binary.yaml"
    binary.write_bytes(b"\xff\xfe\x00window")
    for path, problem in ((missing, "No such file"), (tmp_path, "Is a directory"), (binary, "not valid YAML")):
        with pytest.raises(ConfigError, match=rf"{path}: .*{problem}"):
            load(path, {})


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("HYPOCENTER_WINDOW__IDEL", r"unknown key window\.idel; did you mean window\.idle\?"),
        ("HYPOCENTER_WINDOWS__IDLE", r"unknown key windows\.idle; did you mean window\.idle\?"),
        ("HYPOCENTER_OTLP__GRPC__HOST", r"unknown key otlp\.grpc\.host; did you mean otlp\.grpc\?"),
        ("HYPOCENTER___", "unknown key"),
    ],
)
def test_a_misspelt_variable_is_refused(name: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load(None, {name: "5s"})


def test_variables_of_others_are_left_alone() -> None:
    """As Kubernetes makes them for a service called hypocenter, and our own other programs read."""
    others = {
        "HYPOCENTER_SERVICE_HOST": "10.0.0.1",
        "HYPOCENTER_PORT_4317_TCP_ADDR": "10.0.0.1",
        "HYPOCENTER_PORT": "tcp://10.0.0.1:4317",
        "HYPOCENTER_CASES": "/cases",
        "HYPOCENTER_ADDRESS": "127.0.0.1:4319",
        "HYPOCENTERS__X": "1",
        "PATH": "/bin",
    }
    assert load(None, others) == Config()


def test_a_section_that_is_no_section_cannot_be_overridden(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="window: must be a section"):
        load(written(tmp_path, "window: 5s"), {"HYPOCENTER_WINDOW__IDLE": "5s"})


def test_a_configuration_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Config().window.idle = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("75%", MemoryAmount(share=0.75)),
        ("12.5%", MemoryAmount(share=0.125)),
        ("2GiB", MemoryAmount(bytes=2 * 2**30)),
        ("1.5 GiB", MemoryAmount(bytes=3 * 2**29)),
        ("512MiB", MemoryAmount(bytes=2**29)),
        ("1000000000", MemoryAmount(bytes=10**9)),
        ("0", MemoryAmount()),
    ],
)
def test_amounts_of_memory(text: str, amount: MemoryAmount) -> None:
    assert load(None, {"HYPOCENTER_LIMITS__MEMORY": text}).limits.memory == amount


@pytest.mark.parametrize("text", ["", "much", "-1", "101%", "0%", "2GB", "1MiB", "1e9", "75 percent"])
def test_what_is_no_amount_of_memory_is_refused_with_its_key(text: str) -> None:
    with pytest.raises(ConfigError, match=r"^limits\.memory: "):
        load(None, {"HYPOCENTER_LIMITS__MEMORY": text})


def test_a_number_of_bytes_needs_no_unit_in_a_file_and_truth_is_no_amount(tmp_path: Path) -> None:
    assert load(in_file(tmp_path, "limits.memory", 2**30), {}).limits.memory == MemoryAmount(bytes=2**30)
    with pytest.raises(ConfigError, match=r"^limits\.memory: "):
        load(in_file(tmp_path, "limits.memory", True), {})
