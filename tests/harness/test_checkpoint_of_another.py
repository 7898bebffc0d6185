"""A checkpoint that is not the trial's own ends the trial with one line that names the folder and the remedy."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from in_step import train_plainly

from harness.config.protocol import Protocol
from harness.config.sections import Environment
from harness.config.trial import TrialConfig
from harness.data import Shard
from harness.execution.checkpoint import Checkpoint
from harness.execution.schedule import run_serial
from harness.execution.search import Trial
from harness.execution.watch import Watch
from results.errors import BadInput
from results.store import Store


def config(space: str, *more: str, seed: int = 0) -> TrialConfig:
    protocol = Protocol.load("quick", space)
    protocol = protocol.set(["epochs=1", "limit=64", "batch_size=16", "diagnostics.lambda_every=0", *more])
    return protocol.trial("rarts", seed, {"classes": 10, "in_channels": 1}, "none")


OWN = config("nats")
OTHERS = [config("resnet164", "space.prc=0.4"), config("nats", "space.channels=8"), config("nats", seed=1)]


def left_by(other: TrialConfig, folder: Path) -> Path:
    """The checkpoint that ``other`` leaves before its first step."""
    store = Store(folder)
    trial = Trial(other, Environment(run=str(folder)), store, Watch(store.trial_dir(other.hash)))
    trial.folder.mkdir(parents=True, exist_ok=True)
    trial.checkpoint.save(trial.state_dict())
    return trial.checkpoint.current


def error(folder: Path) -> str:
    """What the trial that should have continued says."""
    run_serial([OWN], Environment(run=str(folder)))
    row = Store(folder).records().set_index("trial").loc[OWN.hash]
    assert row["status"] == "failed"
    text = str(row["error"])
    assert text.startswith(f"the checkpoint checkpoint.pt in {folder / 'trials' / OWN.hash} does not belong")
    assert "delete checkpoint*.pt there" in text and "--out" in text
    return text


@pytest.mark.parametrize("other", OTHERS, ids=["space", "size", "seed"])
def test_a_checkpoint_copied_from_another_trial(tmp_path: Path, other: TrialConfig) -> None:
    copied = Store(tmp_path).trial_dir(OWN.hash) / "checkpoint.pt"
    copied.parent.mkdir(parents=True)
    copied.write_bytes(left_by(other, tmp_path).read_bytes())
    assert f"(it is of the trial {other.hash})" in error(tmp_path)


@pytest.mark.parametrize("other", OTHERS[:2], ids=["space", "size"])
def test_one_of_an_older_version_that_does_not_say_whose_it_is(tmp_path: Path, other: TrialConfig) -> None:
    state = torch.load(left_by(other, tmp_path), weights_only=True)
    del state["trial"], state["summed"]
    copied = Store(tmp_path).trial_dir(OWN.hash) / "checkpoint.pt"
    copied.parent.mkdir(parents=True)
    torch.save(state, copied)
    error(tmp_path)


def test_its_own_of_an_older_version_is_taken(tmp_path: Path) -> None:
    path = left_by(OWN, tmp_path)
    state = torch.load(path, weights_only=True)
    del state["trial"], state["summed"]
    torch.save(state | {"started_at": "then"}, path)
    run_serial([OWN], Environment(run=str(tmp_path)))
    assert Store(tmp_path).records().iloc[0]["started_at"] == "then"


def test_a_training_from_scratch_refuses_another_networks(tmp_path: Path) -> None:
    quiet = (lambda text: None, lambda epoch, epochs: None)
    train_plainly(Shard(), *quiet, tmp_path, 0.05)
    checkpoint = Checkpoint(tmp_path)
    state = checkpoint.load(print)
    assert state is not None
    checkpoint.save(state | {"network": torch.nn.Linear(2, 2).state_dict()})
    with pytest.raises(BadInput, match=r"checkpoint\.pt in .* does not belong to this trial .*: delete"):
        train_plainly(Shard(), *quiet, tmp_path, 0.05)
