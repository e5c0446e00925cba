"""The demo told in order: normal traffic, a fault, the incident, and what comes after."""

import asyncio
import time
from contextlib import suppress

from hypocenter.v1.incident_pb2 import Incident
from rich.console import Console

from clients.demo.incident_feed import News, diagnosed, watch_incidents
from clients.demo.printout import cause_line, incident_printout
from clients.demo.progress import Progress
from clients.demo.received import records_received
from clients.demo.server_process import Addresses
from clients.shop import FAULTS, Fault, Shop
from clients.shop.http_client import HttpClient


class NoIncidentError(Exception):
    """The fault was on for as long as the demo waits, and no incident came."""


class Story:
    """Tells on the console what happens between a running server and a running shop."""

    def __init__(self, console: Console, addresses: Addresses, shop: Shop, fault: Fault) -> None:
        self._console = console
        self._addresses = addresses
        self._page_url = f"http://{addresses.web_http}"
        self._shop = shop
        self._fault = fault
        self._http = HttpClient(timeout_seconds=1.0)
        self._progress = Progress(console, self._facts)
        self._known: dict[str, Incident] = {}

    async def until_incident(self, news: asyncio.Queue[News], normal_seconds: float, wait_seconds: float) -> None:
        """Learns, breaks, waits, prints. Raises NoIncidentError."""
        early = asyncio.create_task(self._print_early(news))
        try:
            await self._progress.during("learning what is normal", early, normal_seconds)
        finally:
            early.cancel()
        await self._shop.inject(self._fault)
        self._say(f"\nNow the fault {self._fault}: {FAULTS[self._fault].effect}.")
        opened = asyncio.create_task(self._next_diagnosed(news, time.time_ns()))
        try:
            incident = await self._progress.during("waiting for the incident", opened, wait_seconds)
        finally:
            opened.cancel()
        if incident is None:
            raise NoIncidentError(
                f"No incident opened within {wait_seconds:g} s of the fault {self._fault} ({await self._facts()})."
            )
        self._print(incident)
        self._compare(incident)

    async def afterwards(self, news: asyncio.Queue[News], control_url: str) -> None:
        """Goes on until cancelled, saying what changes."""
        self._say(f"\nEverything keeps running. The page: {self._page_url}/")
        self._say(f"Mend it:          curl -X DELETE {control_url}/faults")
        self._say(f"Break it anew:    curl -X POST {control_url}/faults/NAME   ({', '.join(Fault)})")
        self._say("End with Ctrl-C.\n")
        await self._progress.during("running", asyncio.create_task(self._print_news(news)))

    async def close(self) -> None:
        await self._http.close()

    async def _print_early(self, news: asyncio.Queue[News]) -> None:
        while True:
            latest = await news.get()
            incident = latest.incident
            if not latest.old and self._known.get(incident.name) is None:
                self._console.print("An incident before any fault:", cause_line(incident))
            self._known[incident.name] = incident

    async def _next_diagnosed(self, news: asyncio.Queue[News], since_unix_nano: int) -> Incident:
        """The first incident with a diagnosis that was made after that moment."""
        while True:
            incident = (await news.get()).incident
            known = incident.name in self._known
            if diagnosed(incident) and (
                not known or incident.diagnosis.diagnose_time.ToNanoseconds() >= since_unix_nano
            ):
                return incident

    async def _print_news(self, news: asyncio.Queue[News]) -> None:
        while True:
            incident = (await news.get()).incident
            before = self._known.get(incident.name)
            if before is None and diagnosed(incident):
                self._print(incident)
            elif before is not None and _gist(incident) != _gist(before):
                self._console.print(cause_line(incident))
                self._known[incident.name] = incident

    def _print(self, incident: Incident) -> None:
        self._known[incident.name] = incident
        self._console.print(incident_printout(incident, f"{self._page_url}/{incident.name}"))

    def _compare(self, incident: Incident) -> None:
        culprits = FAULTS[self._fault].culprits
        named = [cause.service_name for cause in incident.diagnosis.root_causes[:1]]
        verdict = "and that is right" if named and named[0] in culprits else "and that is not right"
        self._say(
            f"The fault was put into {' / '.join(culprits)}; named was {named[0] if named else 'none'}, {verdict}."
        )

    async def _facts(self) -> str:
        emitted = self._shop.emitted
        received = await records_received(self._http, self._addresses.web_http)
        sent = emitted.log_records + emitted.spans
        return f"{sent} records made, {'?' if received is None else received} received"

    def _say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


async def collect_news(addresses: Addresses, news: asyncio.Queue[News]) -> None:
    """Puts every state of every incident into the queue until it is cancelled; it returns then.

    Were it to raise instead, the traceback would hold the connection open until after the server is gone.
    """
    with suppress(asyncio.CancelledError):
        async for latest in watch_incidents(addresses.api_grpc):
            news.put_nowait(latest)


def _gist(incident: Incident) -> tuple[int, int, str]:
    causes = incident.diagnosis.root_causes
    return incident.state, incident.severity, causes[0].service_name if causes else ""
