"""The share of a mini trial's time that is not search: diagnostics, history and checkpoints."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from benchmarks.interleaved import note
from benchmarks.mini import ITERATIONS, Mini

from harness.config.protocol import Protocol
from harness.config.sections import Environment
from harness.execution.search import Trial
from harness.execution.watch import Watch
from results.store import Store
from spaces.nats import NatsOptions

SUBSET = 1024


def make_trial(folder: Path, options: NatsOptions) -> Trial:
    """First-order DARTS, the cheapest search, under the mini protocol with digits at 16 × 16 for CIFAR-10."""
    protocol = Protocol.load("mini", "nats")
    protocol = protocol.at(("settings", "dataset"), "digits").at(("settings", "eval_datasets"), ["digits"])
    protocol = protocol.set(["limit=256", f"space.cells={options.cells}"])
    config = protocol.trial("darts1", 0, {"classes": 10, "in_channels": 1}, "none")
    store = Store.open_run(folder, {}, ())
    trial = Trial(config, Environment(run=str(folder)), store, Watch(store.trial_dir(config.hash), None))
    few = trial.probe.subset
    batch = config.settings.batch_size
    assert config.settings.diagnostics.subset == SUBSET
    # The 256 images again and again: as many as the diagnostics have at full size.
    trial.probe.subset = [few[i % len(few)] for i in range(SUBSET // batch)]
    return trial


def test_time_outside_search_iterations(benchmark: Any, mini: Mini, tmp_path: Path) -> None:
    """Two epochs, one with the eigenvalue and one without, scaled to the full protocol's 390 iterations an epoch."""
    trial = make_trial(tmp_path, mini.options)
    trial.search_epoch()  # the first iteration of a shape counts its multiply-adds
    before = trial.clock.seconds, trial.diagnostics_seconds, trial.algorithm.counts.forwards

    def two_epochs() -> float:
        start = time.perf_counter()
        for _ in range(2):
            trial.search_epoch()
            trial.checkpoint.save(trial.state_dict())
        return time.perf_counter() - start

    wall = benchmark.pedantic(two_epochs)
    search = trial.clock.seconds - before[0]
    iterations = (trial.algorithm.counts.forwards - before[2]) // 2
    outside, diagnostics = (wall - search) / 2, (trial.diagnostics_seconds - before[1]) / 2
    full = ITERATIONS * search / iterations
    note(benchmark, "milliseconds an iteration", 1e3 * search / iterations)
    note(benchmark, "seconds of diagnostics an epoch", diagnostics)
    note(benchmark, "seconds outside the search an epoch", outside)
    note(benchmark, "share outside, at full size", outside / (outside + full))
    note(benchmark, "diagnostics / search, at full size", diagnostics / full)
    note(benchmark, "goal: share outside", "at most 0.10")
