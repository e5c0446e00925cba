"""Fixtures for more than one folder of the server's tests."""

import os
from pathlib import Path

import pytest

from tests.collector.build import GoMissingError, collector_binary


@pytest.fixture(scope="session")
def binary() -> Path:
    """A real Collector; without Go the test fails in CI and is skipped elsewhere. The first may have to build it."""
    try:
        return collector_binary()
    except GoMissingError as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(missing))
