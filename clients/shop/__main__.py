"""`python -m clients.shop`: runs the shop against an OTLP receiver and says what it does."""

import argparse
import asyncio
import signal
import sys

from clients.shop.control import Control
from clients.shop.faults import FAULTS, Fault
from clients.shop.shop import Shop

_REPORT_SECONDS = 5.0


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m clients.shop", description=__doc__)
    parser.add_argument("--endpoint", default="127.0.0.1:4317", help="OTLP/gRPC receiver (default %(default)s)")
    parser.add_argument("--rate", type=float, default=20.0, help="requests per second (default %(default)g)")
    parser.add_argument("--seed", type=int, default=1, help="of everything random (default %(default)s)")
    parser.add_argument("--duration", type=float, default=None, help="seconds; until Ctrl-C when absent")
    parser.add_argument("--fault", type=Fault, choices=list(Fault), default=None, metavar="NAME", help=", ".join(Fault))
    parser.add_argument(
        "--fault-after", type=float, default=30.0, help="seconds before the fault (default %(default)g)"
    )
    parser.add_argument("--control-port", type=int, default=0, help="of the fault switches; 0 takes a free one")
    parsed = parser.parse_args(arguments)
    if parsed.rate <= 0:
        parser.error("--rate must be above 0")
    return parsed


async def _run(options: argparse.Namespace) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    shop = Shop(options.endpoint, rate=options.rate, seed=options.seed)
    control = Control(shop)
    await control.start(options.control_port)
    try:
        async with shop:
            _say(f"{len(shop.pods)} pods send to {options.endpoint}, {options.rate:g} requests per second")
            _say(f"faults: curl -X POST {control.url}/faults/NAME, NAME one of {', '.join(Fault)}")
            if options.duration is not None:
                loop.call_later(options.duration, ended.set)
            async with asyncio.TaskGroup() as tasks:
                breaking = tasks.create_task(_break(shop, options.fault, options.fault_after))
                reporting = tasks.create_task(_report(shop))
                await ended.wait()
                breaking.cancel()
                reporting.cancel()
            _say("closing")
    finally:
        await control.stop()
    _say(_progress(shop))


async def _break(shop: Shop, fault: Fault | None, after_seconds: float) -> None:
    if fault is not None:
        await asyncio.sleep(after_seconds)
        await shop.inject(fault)
        _say(f"{fault} is on: {FAULTS[fault].effect}")


async def _report(shop: Shop) -> None:
    while True:
        await asyncio.sleep(_REPORT_SECONDS)
        _say(_progress(shop))


def _progress(shop: Shop) -> str:
    emitted = shop.emitted
    text = f"{shop.requests} requests, {shop.failures} failed; {emitted.log_records} log records, {emitted.spans} spans"
    return text + (f"; on: {', '.join(shop.faults)}" if shop.faults else "")


def _say(text: str) -> None:
    print(f"shop: {text}", flush=True)


if __name__ == "__main__":
    asyncio.run(_run(_parse(sys.argv[1:])))
