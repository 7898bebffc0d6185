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


def synchronise(device: torch.device) -> None:
    """Wait until ``device`` has done what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


class PeakMemory:
    """Peak memory above the start of the block, in MB (10⁶ bytes): CUDA's own peak, else sampled resident size."""

    def __init__(self, device: torch.device, interval: float = 0.05) -> None:
        self.device, self.interval = device, interval
        self.peak_mb = 0.0
        self._stop = threading.Event()

    def __enter__(self) -> PeakMemory:
        if self.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self.device)
            return self
        _give_back_freed()
        self._process = psutil.Process()
        self._start = self._process.memory_info().rss
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.device.type == "cuda":
            self.peak_mb = torch.cuda.max_memory_allocated(self.device) / 1e6
            return
        self._stop.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._stop.is_set():
            used = self._process.memory_info().rss - self._start
            self.peak_mb = max(self.peak_mb, used / 1e6)
            self._stop.wait(self.interval)


def _give_back_freed() -> None:
    """Hand what earlier trials of this process freed back to the system, or this one's start would seem too high."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)
