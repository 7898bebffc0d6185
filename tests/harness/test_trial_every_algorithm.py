"""Every algorithm as a trial: interrupted and resumed, in its selection too, it ends as if it had not been."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from equal_runs import assert_same, frames
from killing import Interrupting
from searches import takes

from algorithms import ALGORITHMS
from harness.config.protocol import Protocol
from harness.config.sections import Environment
from harness.config.trial import TrialConfig
from harness.execution.job import run_job
from spaces.nats import Nats

SINGLE = [name for name in ALGORITHMS if "+" not in name and takes(name, Nats())]
COMPOSED = ["rarts+pt", "rarts+beta", "pcdarts+sdarts_rs", "darts1+oles+es", "darts1+beta+pt", "darts1+minus+pt"]
ON_DARTS = ["darts2", "rarts+pt"]
"""What goes another way where a space chooses among edges."""


SHORT = [
    "epochs=3", "limit=32", "batch_size=16", "diagnostics.lambda_every=0", "diagnostics.subset=16",
    "evaluation.short_epochs=1", "evaluation.batch_size=32",
    "random.k=3", "random_ws.k=5", "zerocost.k=3", "local_search.queries=3",
    "evolution.queries=3", "evolution.population=2", "nsga2.queries=3", "nsga2.population=2",
    "pt_tune_epochs=1", "pt_batches=1", "es_every=1", "es_window=1", "es_delta=1", "es_start=0",
]  # fmt: skip
SMALL = {"nats": [], "darts": ["channels=2", "nodes=2", "operations=s2"]}


def trial(algorithm: str, space: str = "nats") -> TrialConfig:
    """Three epochs of two steps on the digits."""
    protocol = Protocol.load("quick", space).set([*SHORT, *SMALL[space]])
    return protocol.trial(algorithm, 0, {"classes": 10, "in_channels": 1}, "none")


@pytest.mark.parametrize(
    ("space", "algorithm"),
    [*(("nats", name) for name in (*SINGLE, *COMPOSED)), *(("darts", name) for name in ON_DARTS)],
)
def test_trial_interrupted_again_and_again_ends_as_an_undisturbed_one(
    space: str, algorithm: str, tmp_path: Path
) -> None:
    config = trial(algorithm, space)
    run_job(config, Environment(run=str(tmp_path / "whole")))
    launches, done = 0, False
    while not done:
        launches += 1
        with contextlib.suppress(KeyboardInterrupt):
            run_job(config, Environment(run=str(tmp_path / "interrupted")), Interrupting())
            done = True
    # Three epochs, and a selection where there is one; each launch but the last leaves one more behind.
    assert launches == len(frames(tmp_path / "whole")[1]) - 1
    assert_same(frames(tmp_path / "interrupted"), frames(tmp_path / "whole"))


def test_selection_is_a_row_of_its_own_after_the_last_epoch(tmp_path: Path) -> None:
    config = trial("random_ws")
    run_job(config, Environment(run=str(tmp_path)))
    records, history = frames(tmp_path)
    assert history["epoch"].tolist() == [0, 1, 2, 3, 4]
    assert history["progress"].tolist()[-2:] == [1.0, 1.0]
    assert history["forwards"].tolist() == [0, 2, 4, 6, 6 + 5 * 10]
    assert records["genotype"].tolist() == [history["genotype"].iloc[-1]]
    assert records["forwards"].tolist() == [56]
