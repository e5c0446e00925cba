"""What the configuration comes to: folders, limits, guards and the store."""

from pathlib import Path

from analyzers.otlp import DecodeLimits
from rca.store import build as build_store
from rca.store.base import IncidentStore
from rca.store.config import LanceConfig, MemoryConfig
from rca.store.lazy import LazyStore
from server.config import Config
from server.journal import JournalSettings, SyncMode
from server.metrics import Metrics
from server.security.guards import Guards, build_guards


def data_dir(config: Config) -> Path:
    return Path(config.data_dir).expanduser().resolve()


def journal_settings(config: Config) -> JournalSettings:
    journal = config.journal
    return JournalSettings(SyncMode(journal.sync), journal.segment_bytes, journal.max_bytes, journal.max_age)


def decode_limits(config: Config) -> DecodeLimits:
    return DecodeLimits(body_chars=config.otlp.max_body_chars, future_skew=config.otlp.future_skew)


def open_guards(config: Config, metrics: Metrics) -> Guards:
    """Raises `ConfigError`."""
    return build_guards(
        config,
        lambda door, reason: metrics.refused_credentials.labels(door, reason).inc(),
        metrics.token_failures.inc,
        metrics.certificate_failures.inc,
    )


def allowed_hosts(config: Config) -> tuple[str, ...]:
    return tuple(name for item in config.web.allowed_hosts.split(",") if (name := item.strip()))


def open_store(config: Config) -> IncidentStore:
    """Raises `StoreError`, which names the path and the remedy."""
    match config.store.kind:
        case "lance":
            kind = LanceConfig(data_dir(config))
            folder = kind.data_dir / "incidents"
            # Importing lancedb takes as long as all the rest of a start: not before there is something to keep.
            if not (folder / "incidents.lance").exists():
                return LazyStore(folder, lambda: build_store(kind))
            return build_store(kind)
        case "memory":
            return build_store(MemoryConfig())
