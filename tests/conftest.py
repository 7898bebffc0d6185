"""Fixtures that tests of several folders share."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

# As in a trial by default; on networks this small a second thread waits longer than it computes.
torch.set_num_threads(1)


def pytest_collection_finish() -> None:
    """Keep what is imported by now out of garbage collections, one of which stands before each measured epoch."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def double() -> Iterator[None]:
    """float64 for the test."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data that HARNESS_TEST_DATA names; without it the test is skipped."""
    folder = os.environ.get("HARNESS_TEST_DATA")
    if not folder:
        pytest.skip("HARNESS_TEST_DATA is unset: no real data to read")
    return Path(folder)
