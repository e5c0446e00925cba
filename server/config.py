"""What an operator sets. Data only: nothing here opens, builds or reads anything outside `load`."""

import difflib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

_PREFIX = "HYPOCENTER_"
_UNITS = {"ms": 1_000_000, "s": 1_000_000_000, "m": 60_000_000_000, "h": 3_600_000_000_000, "d": 86_400_000_000_000}
_LONGEST = 100 * 365 * _UNITS["d"]
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_SIZES = {"": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_MEMORY = re.compile(r"(\d{1,20}(?:\.\d{1,9})?)\s*(%|KiB|MiB|GiB|)")
# Bytes; with less nothing runs at all.
_LEAST_MEMORY = 64 * 2**20


class ConfigError(Exception):
    """A configuration that can't be used; the message names the key and the remedy."""


def _duration(value: object) -> object:
    """Nanoseconds of "90s", "1.5h", "1h30m"; an integer is taken as nanoseconds only from code (see `load`)."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not isinstance(value, str):
        raise ValueError("write a duration with its unit, for example 30s or 5m")
    parts = _DURATION.findall(value.strip())
    if not parts or "".join(number + unit for number, unit in parts) != value.strip():
        raise ValueError(f"{value!r} is not a duration; write for example 500ms, 30s, 5m or 1h30m")
    total = sum(float(number) * _UNITS[unit] for number, unit in parts)
    if total > _LONGEST:
        raise ValueError(f"{value!r} is longer than 100 years")
    return int(total)


@dataclass(frozen=True, slots=True)
class MemoryAmount:
    """`bytes`, or a `share` of what there is; none when both are 0."""

    bytes: int = 0
    share: float = 0.0


def _memory(value: object) -> object:
    if isinstance(value, MemoryAmount):
        return value
    parts = _MEMORY.fullmatch(str(value).strip()) if isinstance(value, int | str) else None
    if parts is None or isinstance(value, bool):
        raise ValueError(f"{value!r} is no amount of memory; write for example 75%, 2GiB or 0 for none")
    number, unit = float(parts[1]), parts[2]
    if unit == "%":
        if not 0 < number <= 100:
            raise ValueError(f"{value!r}: write a share above 0% and of at most 100%, or 0 for none")
        return MemoryAmount(share=number / 100)
    size = int(number * _SIZES[unit])
    if 0 < size < _LEAST_MEMORY:
        raise ValueError(f"{value!r}: at least 64MiB, or 0 for none")
    return MemoryAmount(bytes=size)


def _address(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(r"(\[[0-9a-fA-F:]+\]|[^:\s]+):\d{1,5}", value):
        raise ValueError(f"{value!r} is not HOST:PORT, for example 127.0.0.1:4317; port 0 picks a free one")
    if int(value.rsplit(":", 1)[1]) > 65535:
        raise ValueError(f"{value!r}: a port is at most 65535")
    return value


Duration = Annotated[int, BeforeValidator(_duration)]
Address = Annotated[str, BeforeValidator(_address)]
Memory = Annotated[MemoryAmount, BeforeValidator(_memory)]
SECOND = 1_000_000_000


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class OtlpConfig(_Section):
    grpc: Address = "127.0.0.1:4317"
    http: Address = "127.0.0.1:4318"
    max_message_bytes: int = Field(default=64 * 2**20, ge=1024)
    # Records or spans in one request.
    max_request_records: int = Field(default=200_000, ge=1)
    # For all of a request to come in, once it was begun.
    message_wait: Annotated[Duration, Field(ge=SECOND // 10)] = 30 * SECOND
    # Bytes received that may wait for the pipeline; beyond that senders are told to try again.
    max_pending_bytes: int = Field(default=256 * 2**20, ge=1024)
    # Characters of a body that are kept.
    max_body_chars: int = Field(default=16_384, ge=64)
    # How far ahead of the receive time a record's own time may be.
    future_skew: Duration = 60 * SECOND
    # PEM files; without a certificate the port speaks in the clear.
    tls_cert: str = ""
    tls_key: str = ""
    # Whoever connects must show a certificate of it.
    tls_client_ca: str = ""
    # See `server.security.tokens`.
    tokens_file: str = ""
    # May be reached from other machines with neither TLS nor tokens.
    insecure: bool = False


class ApiConfig(_Section):
    grpc: Address = "127.0.0.1:4319"
    # PEM files; without a certificate the port speaks in the clear.
    tls_cert: str = ""
    tls_key: str = ""
    # Whoever connects must show a certificate of it.
    tls_client_ca: str = ""
    # See `server.security.tokens`.
    tokens_file: str = ""
    # May be reached from other machines with neither TLS nor tokens.
    insecure: bool = False


class WebConfig(_Section):
    http: Address = "127.0.0.1:8080"
    # Comma separated.
    allowed_hosts: str = ""
    # PEM files; without a certificate the port speaks in the clear.
    tls_cert: str = ""
    tls_key: str = ""
    # Whoever connects must show a certificate of it.
    tls_client_ca: str = ""
    # See `server.security.tokens`.
    tokens_file: str = ""
    # May be reached from other machines with neither TLS nor tokens.
    insecure: bool = False


class WindowConfig(_Section):
    duration: Annotated[Duration, Field(ge=SECOND // 10)] = 15 * SECOND
    lateness: Duration = 10 * SECOND
    idle: Annotated[Duration, Field(ge=SECOND // 10)] = 30 * SECOND
    # While somebody is catching up: after each sign of it, and all told.
    patience: Duration = 30 * SECOND
    longest_hold: Duration = 300 * SECOND
    retention: Duration = 3600 * SECOND


class BaselineConfig(_Section):
    min_history: Duration = 300 * SECOND
    half_life: Annotated[Duration, Field(ge=SECOND)] = 6 * 3600 * SECOND
    max_templates: int = Field(default=5000, ge=1)


class IncidentConfig(_Section):
    quiet: Duration = 60 * SECOND
    reopen: Duration = 600 * SECOND
    resolve: Duration = 1800 * SECOND
    new_normal: Duration = 3600 * SECOND


class LimitsConfig(_Section):
    # Resident memory above which senders are told to wait; none when 0.
    memory: Memory = MemoryAmount(share=0.75)
    # Services known at once; newcomers beyond it are filed under "<other>".
    services: int = Field(default=1000, ge=1)
    # Known at once of one service; newcomers beyond it are counted under "<other>".
    pods: int = Field(default=200, ge=1)
    versions: int = Field(default=20, ge=1)
    # Per service and bucket; what is more is counted under "<other>".
    templates: int = Field(default=1000, ge=1)
    operations: int = Field(default=500, ge=1)
    # Of the whole system, in one bucket; what is more is counted as one edge.
    edges: int = Field(default=5000, ge=1)
    # Spans that wait for their other half.
    open_spans: int = Field(default=400_000, ge=2)
    # Records in one AnalyzeLogs request.
    analyze_records: int = Field(default=100_000, ge=1)


class JournalConfig(_Section):
    # What is waited for before an acknowledgement: none, group or always.
    sync: Literal["none", "group", "always"] = "none"
    segment_bytes: int = Field(default=64 * 2**20, ge=4096)
    max_bytes: int = Field(default=4 * 2**30, ge=4096)
    # Since it was received.
    max_age: Annotated[Duration, Field(ge=60 * SECOND)] = 72 * 3600 * SECOND
    checkpoint_every: Annotated[Duration, Field(ge=SECOND // 10)] = 10 * SECOND


class StoreConfig(_Section):
    kind: Literal["lance", "memory"] = "lance"


class LlmConfig(_Section):
    base_url: str = ""
    model: str = ""
    api_key: str = ""


class Config(_Section):
    data_dir: str = "./hypocenter-data"
    otlp: OtlpConfig = OtlpConfig()
    api: ApiConfig = ApiConfig()
    web: WebConfig = WebConfig()
    window: WindowConfig = WindowConfig()
    baseline: BaselineConfig = BaselineConfig()
    incident: IncidentConfig = IncidentConfig()
    limits: LimitsConfig = LimitsConfig()
    journal: JournalConfig = JournalConfig()
    store: StoreConfig = StoreConfig()
    llm: LlmConfig = LlmConfig()


def load(path: Path | None, environment: Mapping[str, str] | None = None) -> Config:
    """The file, overridden by the environment; defaults where neither says anything. Raises `ConfigError`."""
    known = known_keys()
    sections = {key.split(".")[0] for key in known if "." in key}
    written = _file(path) if path is not None else {}
    # A section whose keys are all commented out is read as nothing, and means its defaults.
    values = {name: {} if inner is None and name in sections else inner for name, inner in written.items()}
    for key, value in _environment(os.environ if environment is None else environment, known):
        if key not in known:
            raise _unknown(key, known)
        section, _, name = key.rpartition(".")
        target = values.setdefault(section, {}) if section else values
        if not isinstance(target, dict):
            raise ConfigError(f"{section}: must be a section with keys below it")
        target[name] = value
    _check_keys(values, known, sections)
    _check_units(values)
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"{where}: {first['msg'].removeprefix('Value error, ')}") from error


def _check_units(values: Mapping[str, Any]) -> None:
    """A bare number is no duration in a file: nobody would know its unit."""
    for section, model in ((name, field.annotation) for name, field in Config.model_fields.items()):
        inner = values.get(section)
        if not (isinstance(model, type) and issubclass(model, BaseModel) and isinstance(inner, Mapping)):
            continue
        for key, field in model.model_fields.items():
            durations = any(isinstance(item, BeforeValidator) and item.func is _duration for item in field.metadata)
            if durations and key in inner and not isinstance(inner[key], str):
                raise ConfigError(f"{section}.{key}: write a duration with its unit, for example 30s or 5m")


def known_keys() -> tuple[str, ...]:
    """Every key, dotted, in the order of the sections."""
    keys: list[str] = []
    for name, field in Config.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, BaseModel):
            keys.extend(f"{name}.{key}" for key in section.model_fields)
        else:
            keys.append(name)
    return tuple(keys)


def _file(path: Path) -> dict[str, Any]:
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; give a readable file with --config") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: not valid YAML: {error}") from error
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise ConfigError(f"{path}: must hold sections with keys, see deploy/config.yaml")
    return values


def _environment(environment: Mapping[str, str], known: tuple[str, ...]) -> list[tuple[str, str]]:
    """Variables that set a key. Others that only begin alike (as Kubernetes makes for a service) are left alone."""
    found = []
    for name, value in sorted(environment.items()):
        if not name.startswith(_PREFIX):
            continue
        key = name.removeprefix(_PREFIX).lower().replace("__", ".")
        if "." in key or key in known:
            found.append((key, value))
    return found


def _check_keys(values: Mapping[str, Any], known: tuple[str, ...], sections: set[str]) -> None:
    for name, inner in values.items():
        if name in sections:
            if not isinstance(inner, Mapping):
                raise ConfigError(f"{name}: must be a section with keys below it")
            for item in inner:
                if f"{name}.{item}" not in known:
                    raise _unknown(f"{name}.{item}", known)
        elif "." in str(name) and name in known:
            raise ConfigError(f"{name}: write it in two levels, {' and below it '.join(name.split('.'))}")
        elif name not in known:
            raise _unknown(str(name), known)


def _unknown(key: str, known: tuple[str, ...]) -> ConfigError:
    nearest = difflib.get_close_matches(key, known, n=1, cutoff=0.4)
    hint = f"did you mean {nearest[0]}?" if nearest else "see deploy/config.yaml for all keys"
    return ConfigError(f"unknown key {key}; {hint}")
