"""A trial and a run belong to their data: others, under the same name, are another trial and another run."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from cifar_files import write_cifar10
from PIL import Image

from harness.config.request import Request
from harness.config.sections import Comparison
from harness.config.trial import TrialConfig
from harness.data import load, open_streamed
from harness.execution.search import Trial
from harness.execution.watch import Watch
from harness.planning.plan import Plan, plan
from harness.training.evaluate import evaluator
from harness.training.task import Task
from results.errors import BadInput
from results.store import Store


def planned(folder: Path, out: Path, **more: object) -> Plan:
    overrides = ["batch_size=8", "evaluation.batch_size=8"]
    return plan(
        Request(["rarts"], "nats", [0], dataset="cifar10", data_dir=folder, out=out, overrides=overrides, **more)  # type: ignore[arg-type]
    )


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Two samples of CIFAR-10."""
    write_cifar10(tmp_path / "a", per_file=8)
    write_cifar10(tmp_path / "b", per_file=9)
    return tmp_path / "a", tmp_path / "b"


def test_other_data_are_another_trial_and_the_same_ones_elsewhere_not(
    tmp_path: Path, folders: tuple[Path, Path]
) -> None:
    first, second = folders
    copied = shutil.copytree(first, tmp_path / "moved" / "cifar-10-batches-bin").parent
    hashes = [planned(folder, tmp_path / "run").trials[0].hash for folder in (first, second, copied)]
    assert hashes[0] == hashes[2] != hashes[1]


def test_a_run_is_not_opened_again_with_other_data(tmp_path: Path, folders: tuple[Path, Path]) -> None:
    first, second = (planned(folder, tmp_path / "run") for folder in folders)
    Store.open_run(first.folder, first.config, Comparison.FROZEN)
    with pytest.raises(BadInput, match="has data_digest = "):
        Store.open_run(second.folder, second.config, Comparison.FROZEN)


def test_what_a_plan_changes_is_in_its_configuration(tmp_path: Path, folders: tuple[Path, Path]) -> None:
    assert planned(folders[0], tmp_path, budget="epochs=3", split="all").config["changed"] == [
        "budget = epochs=3",
        "split = all",
        "a sample of the data",
    ]
    digits = plan(Request(["rarts"], "nats", [0], out=tmp_path, split="halves"))
    assert digits.config["changed"] == []


def test_a_folders_digest_is_of_its_files_whether_they_are_streamed_or_resident(tmp_path: Path) -> None:
    for place, side in (("a/train", 8), ("a/val", 8), ("b/train", 8), ("b/val", 16)):
        (tmp_path / place / "grey").mkdir(parents=True)
        Image.new("L", (side, side), 77).save(tmp_path / place / "grey" / "x.bmp")
    small, large = (load("imagefolder", tmp_path / name, image_size=8).digest for name in "ab")
    assert small != large
    assert open_streamed("imagefolder", tmp_path / "a", 8).digest == small


def test_a_budget_of_seconds_needs_a_table_that_knows_what_a_training_costs(real_data: Path, tmp_path: Path) -> None:
    folders = {"data_dir": real_data / "small", "table": real_data / "nats" / "tss.parquet", "out": tmp_path}
    made = plan(Request(["random"], "nats", [0], dataset="cifar10", budget="seconds=2", **folders))
    task = Task(made.trials[0], made.environment)
    with pytest.raises(BadInput, match=r"use macs=N"):
        evaluator(task, "table")(task.space.sample(torch.Generator()))


def test_an_epoch_is_one_pass_of_the_half_for_w_beside_as_many_batches_of_a_smaller_one(tmp_path: Path) -> None:
    overrides = ["batch_size=90", "evaluation.batch_size=90", "channels=2", "space.cells=1"]
    made = plan(
        Request(
            ["darts1"], "nats", [0], dataset="digits", split="nats", evaluate="none", out=tmp_path, overrides=overrides
        )
    )
    store = Store.open_run(made.folder, made.config, Comparison.FROZEN)
    config = made.trials[0].model_copy(update={"settings": made.trials[0].settings.model_copy(update={"limit": None})})
    assert isinstance(config, TrialConfig)
    trial = Trial(config, made.environment, store, Watch(store.trial_dir(config.hash), None))
    assert (trial.columns["n_train"], trial.columns["n_val"]) == (1_437, 180)
    pairs = list(trial.pairs())
    # 1,437 images are 15 batches of 90, and 180 are two: the other 13 are of passes that are drawn anew.
    assert len(pairs) == 15
    assert {(len(w.y), w.half, len(a.y), a.half) for w, a in pairs} == {(90, "train", 90, "val")}
    first, again = (torch.cat([a.y for _, a in pairs[k : k + 2]]) for k in (0, 2))
    assert torch.equal(first.sort().values, again.sort().values) and not torch.equal(first, again)
