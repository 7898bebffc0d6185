"""What one iteration of each algorithm costs beside first-order DARTS's, at the mini protocol's size."""

from __future__ import annotations

from functools import partial
from typing import Any

from benchmarks.interleaved import ratios
from benchmarks.mini import Mini

GOALS = {"milenas": "at most 1.5", "rarts": "at most 2.2", "darts2": "at most 2.9"}


def test_iterations_of_the_algorithms(benchmark: Any, mini: Mini) -> None:
    train, val = mini.batches()
    steps = {name: partial(mini.search(name).step, train, val) for name in ("darts1", *GOALS)}
    ratios(benchmark, steps, "darts1", GOALS, rounds=20)
