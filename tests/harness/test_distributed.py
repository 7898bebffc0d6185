"""Several processes for one training: the weights of one process, the same end after a kill, faults named."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from darts_retraining import retraining
from equal_runs import assert_same, frames
from in_step import train_plainly

from harness.config.request import Request, environment_of
from harness.config.sections import Environment, Evaluation
from harness.data import Shard
from harness.execution.checkpoint import Checkpoint
from harness.execution.job import run_job
from harness.planning.retrainings import plan_retrainings
from harness.training.distributed import Group, train_on_several
from harness.training.train import Diverged
from results.errors import BadInput
from results.store import Store


def two(folder: Path, lr: float) -> Group:
    return Group(train_plainly, (folder, lr), 2, torch.device("cpu"), folder / "meeting", Diverged)


@pytest.mark.slow
def test_two_processes_end_with_the_weights_of_one(tmp_path: Path) -> None:
    alone, both = tmp_path / "alone", tmp_path / "with a blank"
    for folder in (alone, both):
        folder.mkdir()
    epochs: list[int] = []
    train_plainly(Shard(), print, lambda epoch, of: None, alone, 0.05)
    train_on_several(two(both, 0.05), print, lambda epoch, of: epochs.append(epoch))
    one, several = (Checkpoint(folder).load(print) for folder in (alone, both))
    assert one is not None and several is not None and one.keys() == several.keys()
    torch.testing.assert_close(several["network"], one["network"], rtol=0, atol=1e-5)
    moved = one["network"]["0.weight"] - Checkpoint(alone, "checkpoint.prev").load(print)["network"]["0.weight"]  # type: ignore[index]
    assert moved.abs().max() > 1e-3, "nothing was learnt, so nothing was compared"
    torch.testing.assert_close(several["optimiser"]["state"], one["optimiser"]["state"], rtol=0, atol=1e-5)
    assert torch.equal(several["network"]["idle"], torch.ones(3)), "decayed, though it has no gradient"
    assert several["stream"]["position"] == one["stream"]["position"] and epochs == [0, 1, 2]
    assert not (both / "meeting").exists()


@pytest.mark.slow
def test_a_loss_that_is_no_number_is_raised_here(tmp_path: Path) -> None:
    with pytest.raises(Diverged, match="not finite in epoch 1"):
        train_on_several(two(tmp_path, 1e30), print, lambda epoch, of: None)


RUN = """
import sys
from pathlib import Path
from harness.config.sections import Environment
from harness.execution.job import parse, run_job
from results.store import Store
run_job(parse(Store(Path(sys.argv[1])).read_config(sys.argv[2])), Environment(run=sys.argv[1]))
"""


@pytest.mark.slow
def test_a_group_killed_in_its_midst_ends_as_the_undisturbed_one(tmp_path: Path) -> None:
    config, undisturbed, killed = retraining(2), tmp_path / "undisturbed", tmp_path / "killed"
    run_job(config, Environment(run=str(undisturbed)))
    store = Store(killed)
    store.write_config(config.hash, config.model_dump(mode="json"), {})
    command = [sys.executable, "-c", RUN, str(killed), config.hash]
    process = subprocess.Popen(command, start_new_session=True)
    deadline = time.monotonic() + 240
    while not (store.trial_dir(config.hash) / "evaluation-digits.pt").exists():
        assert process.poll() is None and time.monotonic() < deadline, "no checkpoint appeared"
        time.sleep(0.002)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not store.is_done(config.hash), "it was over before the kill"
    run_job(config, Environment(run=str(killed)))
    assert_same(frames(killed), frames(undisturbed))
    networks = [torch.load(Store(f).trial_dir(config.hash) / "network.pt") for f in (killed, undisturbed)]
    torch.testing.assert_close(networks[0]["state_dict"], networks[1]["state_dict"], rtol=0, atol=0)


def test_one_process_is_no_other_trial_than_before_and_two_are() -> None:
    assert Evaluation(processes=1).model_dump(exclude_defaults=True) == {}
    assert retraining(1).hash != retraining(2).hash


def request(**fields: object) -> Request:
    return Request([], "darts", [0], dataset="digits", **{"device": "cpu", **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("overrides", "named"),
    [
        (["processes=3", "batch_size=16"], r"batch_size = 16 cannot be shared evenly by evaluation.processes = 3"),
        (["processes=0"], "processes = 0"),
    ],
)
def test_processes_that_cannot_share_a_batch_are_refused(overrides: list[str], named: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=named):
        plan_retrainings(request(overrides=overrides, out=tmp_path), None, ["darts_v2"])


def test_each_process_has_a_gpu_of_its_own_unless_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert environment_of(request(), tmp_path, 4).gpus == 0
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert environment_of(request(device="cuda"), tmp_path, 4).gpus == 4
    assert environment_of(request(device="cuda", gpus_per_trial=2), tmp_path, 4).gpus == 2
