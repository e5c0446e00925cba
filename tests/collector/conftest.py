"""Fixtures: the built Collector, and the receivers at its far end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.collector.build import GoMissingError, collector_binary
from tests.collector.hypocenter_process import HypocenterProcess
from tests.collector.receivers import CountingReceiver, Receiver


@pytest.fixture(scope="session")
def binary() -> Path:
    try:
        return collector_binary()
    except GoMissingError as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(missing))


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
