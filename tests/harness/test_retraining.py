"""Retrainings: the same training as the search's own evaluation, each with a seed of its own, tied to its search."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from darts_retraining import retraining
from equal_runs import assert_same, frames
from killing import kill_when, launch

import results
from harness.config.sections import Environment, Evaluation
from harness.config.trial import Retraining
from harness.execution.job import parse, run_job
from harness.training.stand_alone import load_network
from harness.training.train import objective
from results.errors import BadInput
from results.store import Store
from spaces.base import Batch

SEARCH = [
    "run", "--seeds", "0", "--no-random", "--algos", "rarts", "--serial", "--set", "epochs=1", "--set", "limit=64",
    "--set", "batch_size=16", "--set", "evaluation.epochs=3", "--set", "diagnostics.lambda_every=0",
]  # fmt: skip


def harness(*command: str) -> None:
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, "-m", "harness", *command], env=environment, check=True, capture_output=True)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A search with its evaluation, and retrainings of what it found with seeds 0 and 1."""
    out = tmp_path_factory.mktemp("retraining") / "run"
    harness(*SEARCH, "--out", str(out))
    harness("evaluate", str(out), "--seeds", "0,1", "--serial")
    return out


def test_the_seed_of_the_searchs_own_evaluation_gives_its_error_again_and_another_does_not(run: Path) -> None:
    records = results.load(run).records
    search = records[records["parent"] == ""].iloc[0]
    retrained = records[records["parent"] == search["trial"]].set_index("eval_seed")
    assert retrained.loc[0, "test_error"] == search["test_error"]
    assert retrained.loc[1, "test_error"] != search["test_error"]
    assert retrained.loc[0, "params"] == search["params"]


def test_a_retraining_has_its_searchs_hyperparameters_and_none_of_its_costs(run: Path) -> None:
    records = results.load(run).records.set_index("eval_seed")
    search, retrained = records[records["parent"] == ""].iloc[0], records.loc[1]
    for name in ("hp.rarts.lam", "hp.arch_lr", "hp.space.channels", "hp.evaluation.epochs"):
        assert retrained[name] == search[name]
    assert torch.isnan(torch.tensor(retrained["search_seconds"]))


def test_the_trained_network_is_kept_with_what_rebuilds_it(run: Path) -> None:
    records = results.load(run).records
    trial = records[records["eval_seed"] == 1].iloc[0]
    kept = torch.load(Store(run).trial_dir(trial["trial"]) / "network.pt", weights_only=True)
    assert kept["genotype"] == trial["genotype"]
    assert (
        sum(t.numel() for n, t in kept["state_dict"].items() if "running" not in n and "num_b" not in n)
        == (trial["params"])
    )


def test_the_exported_program_gives_the_trained_networks_logits(run: Path, tmp_path: Path) -> None:
    records = results.load(run).records
    kept = Store(run).trial_dir(records[records["eval_seed"] == 1].iloc[0]["trial"]) / "network.pt"
    harness("export", str(kept), "--out", str(tmp_path / "network.pt2"))
    network, shape, _ = load_network(kept)
    x = torch.randn(5, *shape, generator=torch.Generator().manual_seed(0))
    exported = torch.export.load(tmp_path / "network.pt2").module()
    torch.testing.assert_close(exported(x), network(x))


def test_a_file_that_holds_no_network_is_named(tmp_path: Path) -> None:
    (tmp_path / "network.pt").write_bytes(b"no network")
    with pytest.raises(BadInput, match=r"network.pt holds no trained network"):
        load_network(tmp_path / "network.pt")


@pytest.mark.slow
def test_a_retraining_killed_in_its_midst_ends_the_same(run: Path, tmp_path: Path) -> None:
    records = results.load(run).records
    trial = records[records["eval_seed"] == 1].iloc[0]["trial"]
    config = parse(Store(run).read_config(trial))
    assert isinstance(config, Retraining) and config.hash == trial
    process = launch(config, tmp_path)
    kill_when(process, Store(tmp_path).trial_dir(trial) / "evaluation-digits.prev.pt", 0)
    again = launch(config, tmp_path)
    again.join()
    ours, theirs = frames(tmp_path), frames(run)
    mine = [frame[frame["trial"] == trial].dropna(axis=1).reset_index(drop=True) for frame in (ours[0], theirs[0])]
    common = [name for name in mine[0].columns if name in mine[1].columns]
    assert "test_error" in common
    assert_same([mine[0][common]], [mine[1][common]])


@pytest.mark.slow
def test_dropped_paths_are_drawn_again_after_a_kill(tmp_path: Path) -> None:
    config = retraining()
    undisturbed, killed = tmp_path / "undisturbed", tmp_path / "killed"
    run_job(config, Environment(run=str(undisturbed)))
    process = launch(config, killed)
    kill_when(process, Store(killed).trial_dir(config.hash) / "evaluation-digits.prev.pt", 0)
    run_job(config, Environment(run=str(killed)))
    assert_same(frames(killed), frames(undisturbed))


def test_the_auxiliary_heads_loss_is_added_by_its_weight() -> None:
    class Twice(torch.nn.Module):
        def forward_with_auxiliary(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            return x, 2 * x

    x, y = torch.tensor([[1.0, 0.0], [0.0, 3.0]]), torch.tensor([0, 0])
    fields = Evaluation(auxiliary=0.4, label_smoothing=0.1)
    expected = F.cross_entropy(x, y, label_smoothing=0.1) + 0.4 * F.cross_entropy(2 * x, y, label_smoothing=0.1)
    assert torch.equal(objective(Twice(), Batch(x, y), fields), expected)
