"""How much of two CPUs Ray's schedule turns into trials: serial time over twice the time through Ray."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from benchmarks.interleaved import note

from harness.config.protocol import Protocol
from harness.config.sections import Environment
from harness.config.trial import TrialConfig
from harness.execution.schedule import run_ray, run_serial
from results.store import Store

CPUS = 2
TRIALS = 8


def trials(count: int, first_seed: int) -> list[TrialConfig]:
    """Trials of equal work: one algorithm under the quick protocol, a seed each."""
    protocol = Protocol.load("quick", "nats")
    image = {"classes": 10, "in_channels": 1}
    return [protocol.trial("darts1", first_seed + i, image, "none") for i in range(count)]


def environment(folder: Path) -> Environment:
    """A run's folder, one thread a trial."""
    Store.open_run(folder, {}, ())
    return Environment(run=str(folder))


@pytest.mark.slow
def test_efficiency_of_rays_schedule(benchmark: Any, tmp_path: Path) -> None:
    """Start-up aside: what Ray takes for two trials, one a CPU, is taken off what it takes for ten."""
    if benchmark.disabled:
        pytest.skip("a minute or more of trials: run with --benchmark-enable")
    if psutil.cpu_count() != CPUS:
        pytest.skip(f"the figure is for {CPUS} CPUs; this machine has {psutil.cpu_count()}")

    def through_ray(name: str, count: int) -> float:
        start = time.perf_counter()
        run_ray(trials(count, 0), environment(tmp_path / name), [])
        return time.perf_counter() - start

    def serial() -> float:
        start = time.perf_counter()
        run_serial(trials(TRIALS, 0), environment(tmp_path / "serial"))
        return time.perf_counter() - start

    few, many = through_ray("few", CPUS), through_ray("many", CPUS + TRIALS)
    alone = benchmark.pedantic(serial)
    note(benchmark, "serial seconds", alone)
    note(benchmark, "seconds through Ray, start-up aside", many - few)
    note(benchmark, "efficiency", alone / (CPUS * (many - few)))
    note(benchmark, "goal: efficiency", "at least 0.85")
    note(benchmark, "load average", os.getloadavg()[0])
