"""Fixtures: the receivers at the far end of a Collector."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.collector.hypocenter_process import HypocenterProcess
from tests.collector.receivers import CountingReceiver, Receiver


@pytest.fixture
def double() -> Iterator[CountingReceiver]:
    with CountingReceiver() as receiver:
        yield receiver


@pytest.fixture(params=["double", "hypocenter"])
def receiver(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Receiver]:
    """The same test against a known-good double and the real thing: if only one fails, it is clear which end lies."""
    if request.param == "double":
        with CountingReceiver() as counting:
            yield counting
    else:
        with HypocenterProcess(tmp_path / "hypocenter") as hypocenter:
            yield hypocenter
