"""What RARTS's second network takes: the peaks of whole searches, each in a fresh process."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import pytest
from benchmarks.interleaved import note
from benchmarks.mini import Mini
from benchmarks.peak import peak_mb

STEPS = 8


def test_memory_of_rarts_against_darts1(benchmark: Any, mini: Mini) -> None:
    if benchmark.disabled:
        pytest.skip("a fresh process for each search: run with --benchmark-enable")

    def peak(algorithm: str) -> float:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            return pool.submit(peak_mb, mini, algorithm, STEPS).result()

    peaks = benchmark.pedantic(lambda: {name: peak(name) for name in ("darts1", "rarts")})
    for name, value in peaks.items():
        note(benchmark, f"{name}: peak MB", value)
    note(benchmark, "rarts / darts1", peaks["rarts"] / peaks["darts1"])
    note(benchmark, "goal: rarts / darts1", "at most 1.3")
