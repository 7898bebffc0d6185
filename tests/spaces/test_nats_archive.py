"""The official archive: its three sample cells against the table file, and whole archives made of those three."""

import logging
import shutil
from pathlib import Path
from typing import Any

import nats_bench
import pandas as pd
import pytest

from results.errors import BadInput
from spaces.nats_archive import Archive
from spaces.nats_benchmark import ARCHIVE, DATASETS
from spaces.nats_table import TableFile

SAMPLE = (0, 11, 284)


@pytest.fixture(scope="module")
def folder(nats_data: Path) -> Path:
    return nats_data / "archive-sample" / ARCHIVE


@pytest.fixture(scope="module")
def archive(folder: Path) -> Archive:
    return Archive(folder)


@pytest.mark.parametrize("epochs", [12, 200])
@pytest.mark.parametrize("dataset", DATASETS)
def test_the_archive_and_the_table_file_agree(
    archive: Archive, nats_data: Path, nats_frame: pd.DataFrame, dataset: str, epochs: int
) -> None:
    table = TableFile(nats_data / "tss.parquet")
    for cell in nats_frame["arch"][list(SAMPLE)]:
        ours, theirs = archive.score(cell, dataset, epochs), table.score(cell, dataset, epochs)
        for figure in ("test_accuracy", "val_accuracy", "params", "flops"):
            assert getattr(ours, figure) == getattr(theirs, figure), figure
        assert archive.validation(cell, dataset, epochs) == table.validation(cell, dataset, epochs)


def test_an_archive_in_part_has_no_ranks_and_says_so(archive: Archive, nats_frame: pd.DataFrame) -> None:
    score = archive.score(nats_frame["arch"][11], "cifar10")
    assert not archive.complete
    assert (score.rank, score.percentile, score.regret) == (None, None, None)
    assert "3 of 15,625 cells: no rank" in score.source
    with pytest.raises(BadInput, match="lacks cell 12, "):
        archive.score(nats_frame["arch"][12], "cifar10")
    with pytest.raises(BadInput, match="no NATS-Bench cell"):
        archive.score("|none~0|", "cifar10")


@pytest.mark.parametrize("dataset", DATASETS)
def test_the_score_is_the_mean_over_the_three_seeds(archive: Archive, nats_frame: pd.DataFrame, dataset: str) -> None:
    for cell in nats_frame["arch"][list(SAMPLE)]:
        seeds = archive.seeds(cell, dataset)
        assert list(seeds) == [777, 888, 999]
        assert len(set(seeds.values())) > 1
        assert sum(seeds.values()) / 3 == pytest.approx(archive.score(cell, dataset).test_accuracy, abs=1e-6)


def test_the_cost_is_what_nats_bench_simulates(archive: Archive, folder: Path, nats_frame: pd.DataFrame) -> None:
    """Its times are the same for every seed of these cells, so its random choice of a seed does not matter."""
    api = nats_bench.create(str(folder), "tss", fast_mode=True, verbose=False)
    for index in SAMPLE:
        for dataset in DATASETS:
            *_, cost, _total = api.simulate_train_eval(index, dataset, hp="12")
            score = archive.score(nats_frame["arch"][index], dataset, 12)
            assert score.cost_seconds == pytest.approx(cost, rel=1e-9)


def test_folders_that_are_no_topology_archive_are_bad_input(nats_data: Path, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"it holds no meta\.pickle\.pbz2; download"):
        Archive(tmp_path)
    (tmp_path / "meta.pickle.pbz2").write_bytes(b"not bz2")
    with pytest.raises(BadInput, match=r"meta\.pickle\.pbz2 cannot be read"):
        Archive(tmp_path)
    with pytest.raises(BadInput, match="another space than the 15,625 topology cells"):
        Archive(nats_data / "archive-sample" / "NATS-sss-v1_0-50262-simple")


def test_a_damaged_cell_is_bad_input(folder: Path, nats_frame: pd.DataFrame, tmp_path: Path) -> None:
    shutil.copy(folder / "meta.pickle.pbz2", tmp_path)
    whole = (folder / "000011.pickle.pbz2").read_bytes()
    (tmp_path / "000011.pickle.pbz2").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadInput, match=r"cell 11 of .* cannot be read"):
        Archive(tmp_path).score(nats_frame["arch"][11], "cifar10")


def last_epoch_alone(run: dict[str, Any]) -> dict[str, Any]:
    """One training run's log in the archive's own form, with all epochs but the last left out."""
    last = run["epochs"] - 1
    return run | {
        "epochs": 1,
        "train_acc1es": {0: run["train_acc1es"][last]},
        "train_losses": {0: run["train_losses"][last]},
        "train_times": {0: sum(run["train_times"].values())},
        "eval_acc1es": {f"{name}@0": run["eval_acc1es"][f"{name}@{last}"] for name in run["eval_names"]},
        "eval_losses": {f"{name}@0": run["eval_losses"][f"{name}@{last}"] for name in run["eval_names"]},
        "eval_times": {f"{name}@0": run["eval_times"][f"{name}@{last}"] for name in run["eval_names"]},
    }


@pytest.mark.slow
def test_a_whole_archive_ranks_and_turns_into_a_table_file(
    folder: Path, nats_frame: pd.DataFrame, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A stand-in for the original: every cell's file is that of sample cell 0, 11 or 284, shortened, in turn."""
    shutil.copy(folder / "meta.pickle.pbz2", tmp_path)
    for place, index in enumerate(SAMPLE):
        logs = nats_bench.pickle_load(folder / f"{index:06d}.pickle.pbz2")
        for log in logs.values():
            log["all_results"] = {key: last_epoch_alone(run) for key, run in log["all_results"].items()}
        nats_bench.pickle_save(logs, tmp_path / f"{place:06d}.pickle")
    for index in range(3, 15_625):
        (tmp_path / f"{index:06d}.pickle.pbz2").symlink_to(tmp_path / f"{index % 3:06d}.pickle.pbz2")
    archive = Archive(tmp_path)
    assert archive.complete
    with caplog.at_level(logging.WARNING):
        scores = [archive.score(nats_frame["arch"][index], "cifar10") for index in range(3)]
    assert "takes minutes" in caplog.text
    # 85.86, 91.58 and 88.79 percent, held by 5,209, 5,208 and 5,208 cells.
    assert [s.rank for s in scores] == [10_417, 1, 5_209]
    assert [s.percentile for s in scores] == [100 * n / 15_625 for n in (0, 10_417, 5_209)]
    archive.frame().to_parquet(tmp_path / "table.parquet")
    table = TableFile(tmp_path / "table.parquet")
    for cell in nats_frame["arch"][:3]:
        ours, theirs = archive.score(cell, "cifar100", 12), table.score(cell, "cifar100", 12)
        assert (ours.rank, ours.regret, ours.cost_seconds) == (theirs.rank, theirs.regret, theirs.cost_seconds)
