"""`hypocenter demo`: Hypocenter and a shop side by side, one fault, and what is found."""

import asyncio
import logging
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import grpc.aio
from rich.console import Console

from clients.demo.incident_feed import News
from clients.demo.ports import choose_ports
from clients.demo.server_process import Addresses, ServerFailedError, ServerProcess
from clients.demo.story import NoIncidentError, Story, collect_news
from clients.shop import Fault, Shop
from clients.shop.control import Control

SERVER_COMMAND = (sys.executable, "-m", "server", "serve")
INTERRUPTED = 130

_READY_SECONDS = 60.0
_WIDTH_WITHOUT_TERMINAL = 110
# Fast enough to watch; whoever sets one of these in the environment wins.
_SETTINGS = {
    "HYPOCENTER_WINDOW__DURATION": "10s",
    "HYPOCENTER_WINDOW__LATENESS": "2s",
    "HYPOCENTER_BASELINE__MIN_HISTORY": "30s",
}


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """once: end after the incident. data_dir: kept, so that the next run remembers; a temporary one when None."""

    once: bool = False
    fault: Fault = Fault.LEAF_EXCEPTION
    rate: float = 20.0
    seed: int = 1
    normal_seconds: float = 45.0
    wait_seconds: float = 120.0
    data_dir: Path | None = None
    server_command: Sequence[str] = SERVER_COMMAND


def run_demo(options: DemoOptions, console: Console | None = None) -> int:
    """Runs until the end or Ctrl-C and leaves no process behind. Returns the exit code.

    0 when an incident was shown, 130 when interrupted before, 1 when none opened or the server failed.
    """
    return asyncio.run(_run(options, console or _default_console()))


def _default_console() -> Console:
    return Console() if sys.stdout.isatty() else Console(width=_WIDTH_WITHOUT_TERMINAL)


async def _run(options: DemoOptions, console: Console) -> int:
    interrupted = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, interrupted.set)
    stage = Stage(options, console)
    play = asyncio.create_task(stage.play())
    stop = asyncio.create_task(interrupted.wait())
    await asyncio.wait([play, stop], return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    # Cancelling makes the stage clear itself: the shop first, whose last records the server still hears.
    play.cancel()
    await asyncio.wait([play])
    if not play.cancelled():
        return play.result()
    return 0 if stage.incident_shown else INTERRUPTED


class Stage:
    """Sets up the server and the shop, lets the story run between them, and clears everything away."""

    def __init__(self, options: DemoOptions, console: Console) -> None:
        self._options = options
        self._console = console
        self.incident_shown = False

    async def play(self) -> int:
        """Returns the exit code. Cancel it to end early."""
        # Whether records arrive is told by the progress line; the exporters' own words would only tear it up.
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
        with tempfile.TemporaryDirectory(prefix="hypocenter-demo-", ignore_cleanup_errors=True) as temporary:
            try:
                await self._with_server(Path(temporary))
            except (ServerFailedError, NoIncidentError) as error:
                self._say(str(error))
                return 1
            except grpc.aio.AioRpcError as error:
                self._say(f"Hypocenter refused to be watched: {error.code().name} {error.details()}")
                return 1
        return 0

    async def _with_server(self, temporary: Path) -> None:
        data_dir = self._options.data_dir or temporary / "data"
        data_dir.mkdir(parents=True, exist_ok=True)
        wanted = {**_SETTINGS, **choose_ports()}
        settings = {name: os.environ.get(name, value) for name, value in wanted.items()}
        settings["HYPOCENTER_DATA_DIR"] = str(data_dir)
        self._say("Starting Hypocenter.")
        server = await ServerProcess.start(self._options.server_command, settings, temporary / "server.log")
        try:
            addresses = await server.ready(_READY_SECONDS)
            self._say(
                f"Hypocenter listens: OTLP/gRPC {addresses.otlp_grpc}, API {addresses.api_grpc}, "
                f"page http://{addresses.web_http}/"
            )
            await self._with_shop(server, addresses)
        finally:
            await server.stop()

    async def _with_shop(self, server: ServerProcess, addresses: Addresses) -> None:
        options = self._options
        shop = Shop(addresses.otlp_grpc, rate=options.rate, seed=options.seed)
        control = Control(shop)
        await control.start()
        news: asyncio.Queue[News] = asyncio.Queue()
        story = Story(self._console, addresses, shop, options.fault)
        try:
            async with shop:
                self._say(f"The shop is open: {len(shop.pods)} pods, {options.rate:g} requests per second.")
                self._say("Every log record and span it makes counts as one record below.\n")
                telling = asyncio.create_task(self._tell(story, news, control.url))
                watching = asyncio.create_task(collect_news(addresses, news))
                ending = asyncio.create_task(server.ended())
                try:
                    await asyncio.wait([telling, watching, ending], return_when=asyncio.FIRST_COMPLETED)
                    if ending.done():
                        raise ending.result()
                    if watching.done():
                        watching.result()
                    telling.result()
                finally:
                    for task in (telling, watching, ending):
                        task.cancel()
                    await asyncio.wait([telling, watching, ending])
                    self._say("Closing, this takes a few seconds.")
        finally:
            await story.close()
            await control.stop()

    async def _tell(self, story: Story, news: asyncio.Queue[News], control_url: str) -> None:
        options = self._options
        try:
            await story.until_incident(news, options.normal_seconds, options.wait_seconds)
            self.incident_shown = True
        except NoIncidentError as error:
            if options.once:
                raise
            self._say(str(error))
        if not options.once:
            await story.afterwards(news, control_url)

    def _say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)
