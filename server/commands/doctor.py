"""`hypocenter doctor`: look at everything the service needs, and say what to do about what is wrong."""

import json
import os
import socket
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import httpx2
import typer

from rca.store.base import StoreError
from server.config import Config, ConfigError, load
from server.configured import open_guards, open_store
from server.metrics import Metrics
from server.security.guards import DoorGuard

app = typer.Typer()


@dataclass(frozen=True, slots=True)
class Finding:
    """`remedy` is empty when all is well."""

    subject: str
    ok: bool
    detail: str
    remedy: str = ""


@app.command()
def doctor(
    config: Annotated[Path | None, typer.Option(help="YAML file; see deploy/config.yaml.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Check configuration, ports, store and model endpoint. Exits with 1 when something has to be mended."""
    findings = list(examine(config))
    if as_json:
        print(json.dumps([asdict(item) for item in findings], indent=1))
    else:
        for item in findings:
            print(f"{'ok  ' if item.ok else 'FAIL'} {item.subject}: {item.detail}")
            if item.remedy:
                print(f"     -> {item.remedy}")
    if not all(item.ok for item in findings):
        raise typer.Exit(1)


def examine(path: Path | None) -> Iterator[Finding]:
    """Everything that can be looked at before starting; a running service's own ports show as in use."""
    try:
        config = load(path)
    except ConfigError as error:
        yield Finding("config", False, str(error), "mend the key; deploy/config.yaml shows all of them")
        return
    yield Finding("config", True, str(path) if path else "defaults and environment")
    for key, address in (
        ("otlp.grpc", config.otlp.grpc),
        ("otlp.http", config.otlp.http),
        ("api.grpc", config.api.grpc),
        ("web.http", config.web.http),
    ):
        yield _port(key, address)
    yield _doors(config)
    yield _directory(config)
    yield _store(config)
    yield _model(config)


def _port(key: str, address: str) -> Finding:
    host, port = address.rsplit(":", 1)
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host.strip("[]"), int(port)))
    except OSError as error:
        return Finding(key, False, f"{address}: {error.strerror}", f"stop what listens there, or set {key} to another")
    return Finding(key, True, f"{address} is free")


def _doors(config: Config) -> Finding:
    try:
        guards = open_guards(config, Metrics())
    except ConfigError as error:
        return Finding("doors", False, str(error), "see the message; `serve` would refuse to start")
    named = {"otlp": guards.otlp_grpc, "api": guards.api_grpc, "web": guards.web_http}
    kept = [f"{name} {_kept(guard)}" for name, guard in named.items()]
    return Finding("doors", True, ", ".join(kept))


def _kept(guard: DoorGuard) -> str:
    kept = [word for word, there in (("TLS", guard.tls), ("tokens", guard.gatekeeper)) if there is not None]
    return "with " + " and ".join(kept) if kept else "open"


def _directory(config: Config) -> Finding:
    path = Path(config.data_dir).expanduser().resolve()
    existing = next(parent for parent in (path, *path.parents) if parent.exists())
    if not existing.is_dir():
        return Finding("data_dir", False, f"{existing} is not a folder", "set data_dir to a folder")
    if not os.access(existing, os.W_OK | os.X_OK):
        return Finding("data_dir", False, f"{existing} can't be written", "give this user write access to it")
    return Finding("data_dir", True, str(path))


def _store(config: Config) -> Finding:
    try:
        store = open_store(config)
        try:
            remembered = len(store.list())
        finally:
            store.close()
    except StoreError as error:
        return Finding("store", False, str(error), "see the message; nothing was changed")
    return Finding("store", True, f"{remembered} incidents remembered")


def _model(config: Config) -> Finding:
    """A live probe, only where a model is configured."""
    llm = config.llm
    if not llm.base_url:
        return Finding("model", True, "none configured: no connection to one is ever made")
    if not llm.api_key.isascii() or not llm.api_key.isprintable():
        return Finding("model", False, "llm.api_key holds what no header can carry", "copy llm.api_key again, whole")
    headers = {"authorization": f"Bearer {llm.api_key}"} if llm.api_key else {}
    try:
        answer = httpx2.get(f"{llm.base_url.rstrip('/')}/models", headers=headers, timeout=5)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        return Finding(
            "model", False, f"{llm.base_url}: {error}", "check llm.base_url (it includes /v1) and the network"
        )
    if answer.status_code != 200:
        detail = f"{llm.base_url} answers {answer.status_code}"
        return Finding("model", False, detail, "check llm.api_key and the path")
    return Finding("model", True, f"{llm.base_url} answers")
