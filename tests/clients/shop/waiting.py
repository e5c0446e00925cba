"""Waiting for something to become true, with an end."""

import asyncio
from collections.abc import Callable


async def until(true: Callable[[], bool], seconds: float = 15.0) -> None:
    """Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - what is waited for happens in other threads too
            await asyncio.sleep(0.02)
