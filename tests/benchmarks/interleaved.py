"""Speeds as ratios within one run: the contestants take turns, so that a busy machine slows them all alike."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Contestants = Mapping[str, Callable[[], Any]]


def ratios(
    benchmark: Any, contestants: Contestants, reference: str, goals: Mapping[str, str], rounds: int, inner: int = 1
) -> None:
    """Benchmark rounds in which every contestant runs ``inner`` times, each turn timed by this process's CPU clock.

    Writes to ``extra_info``, for each contestant, the median and the quartiles over rounds of its CPU seconds over the
    reference's in the same round; the goals beside; the machine's load. Disabled, everything runs once, unmeasured.
    """
    turns: list[list[float]] = []

    def take_turns() -> None:
        row = []
        for run in contestants.values():
            start = time.process_time()
            for _ in range(inner):
                run()
            row.append(time.process_time() - start)
        turns.append(row)

    benchmark.pedantic(take_turns, rounds=rounds, warmup_rounds=2)
    if benchmark.disabled:
        return
    seconds = np.array(turns[-rounds:])
    relative = seconds / seconds[:, [list(contestants).index(reference)]]
    low, median, high = np.percentile(relative, [25, 50, 75], axis=0)
    for i, name in enumerate(contestants):
        note(benchmark, f"{name} / {reference}", {"median": median[i], "quartiles": [low[i], high[i]]})
        note(benchmark, f"{name}: CPU milliseconds", 1e3 * float(np.median(seconds[:, i])) / inner)
    for name, goal in goals.items():
        note(benchmark, f"goal: {name}", goal)
    note(benchmark, "load average", os.getloadavg()[0])


def note(benchmark: Any, name: str, value: Any) -> None:
    """Keep a figure in the benchmark's JSON and print it (seen with ``-s``)."""
    if isinstance(value, dict):
        value = {key: np.round(part, 4).tolist() for key, part in value.items()}
    benchmark.extra_info[name] = round(value, 6) if isinstance(value, float) else value
    print(f"\n  {name}: {benchmark.extra_info[name]}", end="")
