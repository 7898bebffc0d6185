"""What each algorithm holds at its peak beside first-order DARTS: whole searches, each in a fresh process."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import pytest
from benchmarks.interleaved import note
from benchmarks.mini import Mini
from benchmarks.peak import peak_mb

STEPS = 6


@pytest.mark.parametrize("space", ["nats", "darts"])
def test_memory_of_the_algorithms(benchmark: Any, space: str) -> None:
    if benchmark.disabled:
        pytest.skip("a fresh process for each search: run with --benchmark-enable")
    mini = Mini.of(space, True)

    def peak(algorithm: str) -> float:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            return pool.submit(peak_mb, mini, algorithm, STEPS).result()

    peaks = benchmark.pedantic(lambda: {name: peak(name) for name in mini.algorithms()})
    for name, value in peaks.items():
        note(benchmark, f"{name}: peak MB", value)
        note(benchmark, f"{name} / darts1", value / peaks["darts1"])
    note(benchmark, "goal: rarts / darts1", "at most 1.3")
