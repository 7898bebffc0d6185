"""The clock of a search, and the memory it takes."""

from __future__ import annotations

import ctypes
import gc
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import torch

from harness.measuring.device import synchronise


class Clock:
    """Seconds spent inside ``running`` blocks, the device's queue drained at their ends; survives a checkpoint."""

    def __init__(self, device: torch.device, seconds: float = 0.0) -> None:
        self.device, self.seconds = device, seconds
        self._since: float | None = None

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count the time of the block."""
        synchronise(self.device)
        self._since = time.perf_counter()
        try:
            yield
        finally:
            synchronise(self.device)
            self.seconds, self._since = self.now(), None

    def now(self) -> float:
        """Seconds so far; inside a block without draining the queue."""
        return self.seconds + (0.0 if self._since is None else time.perf_counter() - self._since)


LEFT = 4 * 2**20
"""Bytes that what is done between blocks may leave resident, all together, before they are given back: that takes 0.1 s
and more, and an epoch of a search by queries a hundredth."""


class PeakMemory:
    """Peak memory inside ``running`` blocks, in MB (10⁶ bytes): the largest of all of them so far.

    On CUDA what torch's allocator has given out, the data and the networks on the device among it. Elsewhere the
    process's sampled resident size above that at the first block's start, since the process alone takes hundreds of MB.
    """

    def __init__(self, device: torch.device, interval: float = 0.05) -> None:
        self.device, self.interval = device, interval
        self.peak_mb = 0.0
        self._process, self._start, self._end, self._left = psutil.Process(), 0, 0, 0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Measure the block; what is done between two blocks counts in neither."""
        if self.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self.device)
            try:
                yield
            finally:
                self._take(torch.cuda.max_memory_allocated(self.device))
            return
        self._left += max(0, self._resident() - self._end)
        if self._left > LEFT:
            _give_back_freed()
            self._left = 0
        self._start = self._start or self._resident()
        over = threading.Event()
        sampler = threading.Thread(target=self._sample, args=(over,), daemon=True)
        sampler.start()
        try:
            yield
        finally:
            over.set()
            sampler.join()
            self._end = self._resident()

    def _sample(self, over: threading.Event) -> None:
        while True:
            self._take(self._resident() - self._start)
            if over.wait(self.interval):
                return

    def _resident(self) -> int:
        return int(self._process.memory_info().rss)

    def _take(self, used: int) -> None:
        self.peak_mb = max(self.peak_mb, used / 1e6)


def _give_back_freed() -> None:
    """Hand what was freed back to the system, or what came before the block would count as if it were in it."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)
