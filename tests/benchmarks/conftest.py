"""What every benchmark runs under: one thread, and the mini protocol's size where it is measured."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from benchmarks.mini import Mini


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """One thread, as a trial of the mini protocol has."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def mini(benchmark: Any) -> Mini:
    """The mini protocol's search on NATS cells, small where benchmarks are disabled."""
    return Mini.of("nats", benchmark.enabled)
