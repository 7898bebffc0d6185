"""What one iteration of each algorithm costs beside first-order DARTS's, at the mini protocol's size."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from benchmarks.interleaved import note, ratios
from benchmarks.mini import Mini

GOALS = {"milenas": "at most 1.5", "rarts": "at most 2.2", "darts2": "at most 2.9"}


# What samples takes more time than its multiply-adds say (0.23, 0.15 and 0.28 of DARTS-1's): one operation an edge is a
# kernel of its own, where the whole mixture merges the edges that leave a node; and norms and pools count nothing.
# PC-DARTS (0.09) takes about 0.7 at width 4 and half at width 16: what passes by counts nothing either.
OTHERS = {
    "gdas": "below 1",
    "random_ws": "below 1",
    "proxylessnas": "below 1",
    "fairdarts": "about 1",
    "snas": "about 1.2",
    "pcdarts": "below 1",
    "milenas2": "about 3.2",
}

AFTER_WARM_UP = {"pcdarts": {"warm_up": 0.0}}


@pytest.mark.parametrize("goals", [GOALS, OTHERS], ids=["core", "others"])
def test_iterations_of_the_algorithms(benchmark: Any, mini: Mini, goals: dict[str, str]) -> None:
    train, val = mini.batches()
    searches = {name: mini.search(name, **AFTER_WARM_UP.get(name, {})) for name in ("darts1", *goals)}
    steps = {name: partial(search.step, train, val) for name, search in searches.items()}
    ratios(benchmark, steps, "darts1", goals, rounds=20)
    # All took as many steps, so that their multiply-adds compare as one step's do.
    macs = {name: search.counts.macs for name, search in searches.items()}
    for name in goals:
        note(benchmark, f"{name} / darts1, multiply-adds", macs[name] / macs["darts1"])
