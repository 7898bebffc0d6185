"""A trial and a run belong to their data: others, under the same name, are another trial and another run."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from cifar_files import write_cifar10
from PIL import Image

from harness.config.request import Request
from harness.config.sections import Comparison
from harness.config.trial import TrialConfig
from harness.data import load, open_streamed
from harness.data.datasets import _loaded
from harness.execution.job import run_job
from harness.execution.search import Trial
from harness.execution.watch import Watch
from harness.measuring.latency import Table, conditions, write
from harness.planning.plan import Plan, plan
from harness.training.evaluate import evaluator
from harness.training.task import Task
from results.errors import BadInput
from results.store import Store
from spaces.nats_benchmark import REQUIRED, every_cell
from spaces.nats_table import TableFile


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


@pytest.fixture
def another_process() -> Iterator[None]:
    """Nothing is left in memory of what this process read before."""
    _loaded.cache_clear()
    yield
    _loaded.cache_clear()


def replaced(folder: Path, per_file: int) -> None:
    shutil.rmtree(folder)
    write_cifar10(folder, per_file=per_file)
    _loaded.cache_clear()


@pytest.mark.usefixtures("another_process")
def test_data_replaced_while_a_run_is_under_way_are_refused_where_they_are_read(tmp_path: Path) -> None:
    write_cifar10(tmp_path / "data", per_file=8)
    made = planned(tmp_path / "data", tmp_path / "run", evaluate="none")
    store = Store.open_run(made.folder, made.config, Comparison.FROZEN)
    trial = made.trials[0]
    before = trial.data
    replaced(tmp_path / "data", 9)
    with pytest.raises(BadInput, match=f"the cifar10 data were replaced since .*digest {before}, now "):
        run_job(trial, made.environment)
    assert not store.is_done(trial.hash)
    written = (store.trial_dir(trial.hash) / "error.txt").read_text().strip().splitlines()[-1]
    assert written.startswith("the cifar10 data were replaced") and written.endswith("start a run in another folder")
    # The very bytes put back, the trial reads them again.
    replaced(tmp_path / "data", 8)
    assert Task(trial, made.environment).data.digest == before


@pytest.mark.usefixtures("another_process")
def test_data_that_only_the_evaluation_trains_on_are_as_frozen_as_those_searched(tmp_path: Path) -> None:
    write_cifar10(tmp_path / "cifar-10-batches-bin", per_file=8)

    def made() -> Plan:
        options = {"data_dir": tmp_path, "out": tmp_path / "run", "overrides": ["evaluation.batch_size=8"]}
        datasets = {"dataset": "digits", "eval_datasets": ["digits", "cifar10"], "evaluate": "train"}
        return plan(Request(["rarts"], "nats", [0], **datasets, **options))  # type: ignore[arg-type]

    first = made()
    task = Task(first.trials[0], first.environment)
    assert task.load("cifar10").digest == first.trials[0].other_data["cifar10"] != first.trials[0].data
    replaced(tmp_path / "cifar-10-batches-bin", 9)
    with pytest.raises(BadInput, match="the cifar10 data were replaced"):
        task.load("cifar10")
    assert task.load("digits").digest == first.trials[0].data
    second = made()
    assert second.trials[0].hash != first.trials[0].hash
    Store.open_run(first.folder, first.config, Comparison.FROZEN)
    with pytest.raises(BadInput, match="has other_data"):
        Store.open_run(second.folder, second.config, Comparison.FROZEN)


@pytest.fixture(scope="module")
def figures() -> pd.DataFrame:
    """A table of NATS-Bench's form with random figures."""
    random = np.random.default_rng(0)
    drawn = {name: random.uniform(10, 90, len(every_cell())) for name in REQUIRED}
    return pd.DataFrame({"arch": sorted(every_cell()), **drawn})


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a sample of CIFAR-10."""
    folder = tmp_path_factory.mktemp("images")
    write_cifar10(folder / "cifar-10-batches-bin", per_file=20)
    return folder


def judged(table: Path, out: Path, images: Path) -> Plan:
    return plan(Request(["random"], "nats", [0], dataset="cifar10", data_dir=images, table=table, out=out))


def test_another_table_under_the_same_name_is_another_trial_and_another_run(
    tmp_path: Path, figures: pd.DataFrame, images: Path
) -> None:
    table = tmp_path / "tss.parquet"
    figures.to_parquet(table)
    first = judged(table, tmp_path / "run", images)
    store = Store.open_run(first.folder, first.config, Comparison.FROZEN)
    trial = first.trials[0]
    assert trial.table == first.comparison.table_digest == TableFile(table).digest
    figures.assign(cifar10_test_200=figures["cifar10_test_200"].sample(frac=1, random_state=1).to_numpy()).to_parquet(
        table
    )
    # A trial that is under way or waits for its turn is not judged by it, ...
    with pytest.raises(BadInput, match=f"not the one that the run was planned with .digest {trial.table}"):
        run_job(trial, first.environment)
    assert not store.is_done(trial.hash)
    # ... and a relaunch of the run, with the same seed or another one, is refused.
    second = judged(table, tmp_path / "run", images)
    assert second.trials[0].hash != trial.hash
    with pytest.raises(BadInput, match=f"has table_digest = '{trial.table}', not"):
        Store.open_run(second.folder, second.config, Comparison.FROZEN)


def test_a_tables_digest_is_of_its_figures_and_stands_in_the_record(
    tmp_path: Path, figures: pd.DataFrame, images: Path
) -> None:
    figures.to_parquet(tmp_path / "tss.parquet")
    figures.sample(frac=1, random_state=2).to_csv(tmp_path / "tss.csv", index=False)
    files = [TableFile(tmp_path / name) for name in ("tss.parquet", "tss.csv")]
    assert files[0].digest == files[1].digest
    one = figures.copy()
    one.loc[7, "cifar100_val_12"] += 1e-9
    one.to_parquet(tmp_path / "one.parquet")
    assert TableFile(tmp_path / "one.parquet").digest != files[0].digest
    made = judged(tmp_path / "tss.csv", tmp_path / "run", images)
    store = Store.open_run(made.folder, made.config, Comparison.FROZEN)
    run_job(made.trials[0], made.environment)
    record = store.records().iloc[0]
    assert record["table_digest"] == files[0].digest
    assert record["data_digest"] == load("cifar10", images, image_size=8).digest


def test_a_search_reads_no_other_data_sets_accuracies_than_of_what_it_searches(
    tmp_path: Path, figures: pd.DataFrame
) -> None:
    """On the digits, of which NATS-Bench has nothing; a search by gradients asks for none, and is only judged."""
    figures.to_parquet(tmp_path / "tss.parquet")
    options = {"eval_datasets": ["cifar10"], "table": tmp_path / "tss.parquet", "out": tmp_path / "run"}
    with pytest.raises(BadInput, match=r"local_search, random would read .* on digits, .*--dataset.*--no-random"):
        plan(Request(["darts1", "random", "local_search"], "nats", [0], **options))  # type: ignore[arg-type]
    made = plan(Request(["darts1"], "nats", [0], **options))  # type: ignore[arg-type]
    assert made.trials[0].settings.dataset == "digits" and made.comparison.evaluation == "table"
    ask = evaluator(Task(made.trials[0], made.environment), "table")
    with pytest.raises(BadInput, match="no accuracies on digits"):
        ask(min(every_cell()))


def test_another_latency_table_under_the_same_name_is_refused(tmp_path: Path) -> None:
    path, out = tmp_path / "latency.json", tmp_path / "run"

    def made(iqr: float) -> Plan:
        request = Request(["rarts"], "nats", [0], latency=path, any_latency=True, evaluate="none", out=out)
        here = conditions("nats", plan(Request(["rarts"], "nats", [0], out=out)).trials[0].settings, "cpu", 1)
        operations = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
        size = {"channels": 4, "height": 8, "width": 8, "stride": 1, "count": 5}
        rows = [
            {"kind": "cell", "operation": name, **size, "median_ms": float(i), "iqr_ms": iqr}
            for i, name in enumerate(operations)
        ]
        write(Table.model_validate({"conditions": here, "torch": "2", "rows": rows}), path)
        return plan(request)

    first, second = made(0.1), made(0.2)
    assert first.comparison.known["space.latency"] == second.comparison.known["space.latency"]
    assert first.trials[0].hash != second.trials[0].hash
    Store.open_run(first.folder, first.config, Comparison.FROZEN)
    with pytest.raises(BadInput, match=r"has known\.space\.latency_source = "):
        Store.open_run(second.folder, second.config, Comparison.FROZEN)
