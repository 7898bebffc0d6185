"""How near an iteration comes to what this core's matrix product gives for its multiply-adds, and what it holds.

``python -m benchmarks.against COMMIT`` sets the same shares beside an older commit's.
"""

from __future__ import annotations

import shutil
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import Any

import pytest
from benchmarks.interleaved import note, ratios
from benchmarks.peak import peak_mb
from benchmarks.sizes import PAPER, SIZES, product

GOALS = {"nats C 16 N 1 32²": 0.70, "nats C 4 N 5 16²": 0.30, "darts C 8, 5 cells, 32²": 0.30}
STEPS = 2
WIDE = 16
"""Channels from which torch's own kernels are faster than compiled loops."""


@pytest.mark.parametrize("name", SIZES)
def test_share_of_the_matrix_products_speed(benchmark: Any, name: str) -> None:
    size = SIZES[name] if benchmark.enabled else SIZES[name].smallest()
    search, (train, val) = size.search("darts1"), size.batches()
    search.step(train, val)
    macs = search.counts.macs
    contestants = {"darts1": partial(search.step, train, val), "products": product(macs)}
    if size.space == "nats" and shutil.which("c++"):
        contestants["compiled"] = partial(size.search("darts1", compiled=True).step, train, val)
    measured = "compiled" if "compiled" in contestants and size.options["channels"] < WIDE else "darts1"
    ratios(benchmark, contestants, measured, {f"products / {measured}": f"at least {GOALS[name]:.2f}"}, rounds=15)
    assert search.counts.macs % macs == 0, "every iteration costs the same, so that one product stands for each"


def test_peak_memory_at_nats_benchs_own_size(benchmark: Any) -> None:
    if benchmark.disabled:
        pytest.skip("a fresh process for each search: run with --benchmark-enable")

    def peak(algorithm: str) -> float:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            return pool.submit(peak_mb, PAPER, algorithm, STEPS).result()

    peaks = benchmark.pedantic(lambda: {name: peak(name) for name in ("darts1", "rarts")})
    for name, value in peaks.items():
        note(benchmark, f"{name}: peak MB", value)
