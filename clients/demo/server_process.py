"""Hypocenter as a child process: started, waited for until ready, and never left behind."""

import asyncio
import json
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_STOP_SECONDS = 15.0
_TAIL_LINES = 15


class ServerFailedError(Exception):
    """The server did not start, or ended by itself. The message ends with what it wrote last."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """HOST:PORT of each door, as the server itself reports them."""

    otlp_grpc: str
    api_grpc: str
    web_http: str


class ServerProcess:
    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process = process
        self._log = log
        self._drain: asyncio.Task[None] | None = None

    @classmethod
    async def start(cls, command: Sequence[str], settings: Mapping[str, str], log: Path) -> Self:
        """settings go on top of the environment; what the server writes to stderr goes to the file log.

        Raises ServerFailedError when the command can't be run.
        """
        with log.open("wb") as errors:
            try:
                process = await asyncio.create_subprocess_exec(
                    *command,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=errors,
                    env={**os.environ, **settings},
                    # Ctrl-C in a terminal reaches the whole group; the server has to outlive the shop that sends to it.
                    start_new_session=True,
                )
            except OSError as error:
                raise ServerFailedError(f"cannot run {command[0]}: {error}") from error
        return cls(process, log)

    async def ready(self, timeout_seconds: float) -> Addresses:
        """Waits for the line that says where the server listens. Raises ServerFailedError."""
        try:
            async with asyncio.timeout(timeout_seconds):
                addresses = await self._read_addresses()
        except TimeoutError as error:
            raise self._failure(f"Hypocenter was not ready within {timeout_seconds:g} s") from error
        if addresses is None:
            code = await self._process.wait()
            raise self._failure(f"Hypocenter ended with code {code} before it was ready")
        self._drain = asyncio.create_task(self._discard_output())
        return addresses

    async def ended(self) -> ServerFailedError:
        """Returns, when the server ends by itself, the error to raise."""
        code = await self._process.wait()
        return self._failure(f"Hypocenter ended with code {code}")

    async def stop(self) -> None:
        """SIGTERM, and SIGKILL to the whole group when that is not heard within 15 s."""
        with suppress(ProcessLookupError):
            self._process.terminate()
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await self._process.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            await self._process.wait()
        if self._drain is not None:
            await self._drain

    async def _read_addresses(self) -> Addresses | None:
        async for line in self._stdout:
            with suppress(ValueError):
                document = json.loads(line)
                if isinstance(document, dict) and document.get("ready"):
                    return Addresses(document["otlp_grpc"], document["api_grpc"], document["web_http"])
        return None

    async def _discard_output(self) -> None:
        """A pipe nobody reads would stop the server once it is full."""
        while await self._stdout.read(65536):
            pass

    @property
    def _stdout(self) -> asyncio.StreamReader:
        assert self._process.stdout is not None
        return self._process.stdout

    def _failure(self, what: str) -> ServerFailedError:
        tail = self._log.read_text(errors="replace").splitlines()[-_TAIL_LINES:]
        return ServerFailedError("\n".join([what, *(f"  | {line}" for line in tail)]))
