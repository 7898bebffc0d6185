"""A search's peak memory, for a process of its own."""

from __future__ import annotations

import torch
from benchmarks.mini import Mini
from benchmarks.sizes import Size

from harness.measuring.clock import PeakMemory


def peak_mb(size: Mini | Size, algorithm: str, steps: int) -> float:
    """Peak resident size (10⁶ bytes) of a few iterations above what the process held before the search was made."""
    torch.set_num_threads(1)
    train, val = size.batches()
    memory = PeakMemory(torch.device("cpu"), interval=0.002)
    with memory.running():
        search = size.search(algorithm)
        for _ in range(steps):
            search.step(train, val)
    return memory.peak_mb
