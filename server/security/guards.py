"""What stands at each door, as the configuration wants it."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from server.config import ApiConfig, Config, ConfigError, OtlpConfig, WebConfig
from server.security.exposure import beyond_loopback
from server.security.gatekeeper import Gatekeeper
from server.security.tls import Tls, load_tls
from server.security.tokens import TokenFile

_log = logging.getLogger(__name__)


class ExposedError(ConfigError):
    """A door would be open to everybody; the message names the keys that close it."""


@dataclass(frozen=True, slots=True)
class DoorGuard:
    """`gatekeeper` is None where no token is asked for."""

    tls: Tls | None = None
    gatekeeper: Gatekeeper | None = None


UNGUARDED = DoorGuard()


@dataclass(frozen=True, slots=True)
class Guards:
    otlp_grpc: DoorGuard
    otlp_http: DoorGuard
    api_grpc: DoorGuard
    web_http: DoorGuard


def build_guards(
    config: Config,
    count_refusal: Callable[[str, str], None],
    count_failure: Callable[[], None],
    count_certificate: Callable[[], None] = lambda: None,
) -> Guards:
    """Reads certificates and tokens. `count_refusal` gets door and reason, `count_failure` is called when a file of
    tokens can't be read anew, `count_certificate` when a changed certificate can't be used. Raises `ConfigError`, also
    where a door would be open to everybody."""

    def guards(section: str, door: OtlpConfig | ApiConfig | WebConfig, **addresses: str) -> list[DoorGuard]:
        tls = load_tls(section, door.tls_cert, door.tls_key, door.tls_client_ca, count_certificate)
        tokens = None
        if door.tokens_file:
            tokens = TokenFile(Path(door.tokens_file).expanduser(), f"{section}.tokens_file", count_failure)
        for name, address in addresses.items():
            if beyond_loopback(address):
                _check_exposed(f"{section}.{name}", address, section, tls, tokens, insecure=door.insecure)
        return [
            DoorGuard(tls, Gatekeeper(tokens, f"{section}.{name}", count_refusal) if tokens else None)
            for name in addresses
        ]

    otlp_grpc, otlp_http = guards("otlp", config.otlp, grpc=config.otlp.grpc, http=config.otlp.http)
    (api_grpc,) = guards("api", config.api, grpc=config.api.grpc)
    (web_http,) = guards("web", config.web, http=config.web.http)
    return Guards(otlp_grpc, otlp_http, api_grpc, web_http)


def _check_exposed(
    key: str, address: str, section: str, tls: Tls | None, tokens: TokenFile | None, *, insecure: bool
) -> None:
    if tls is None and tokens is None:
        if not insecure:
            raise ExposedError(
                f"{key}: {address} can be reached from other machines, with neither TLS nor tokens; set"
                f" {section}.tls_cert and {section}.tls_key, or {section}.tokens_file, or listen on 127.0.0.1, or"
                f" write {section}.insecure: true if everybody who can reach it may"
            )
        _log.warning("%s: %s is open to everybody who can reach it, as %s.insecure says", key, address, section)
    elif tls is None:
        _log.warning("%s: tokens for %s travel in the clear; set %s.tls_cert and .tls_key", key, address, section)
