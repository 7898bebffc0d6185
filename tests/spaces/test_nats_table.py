"""The table file: the benchmark's published facts, a slow oracle for ranks, and every way a file can be wrong."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from results.errors import BadInput
from spaces.nats_benchmark import DATASETS
from spaces.nats_cell import text
from spaces.nats_table import Archive, Table, TableFile, how_to_get, open_table

ALL_SKIP = text(["skip_connect"] * 6)


@pytest.fixture(scope="module")
def table(nats_data: Path) -> TableFile:
    return TableFile(nats_data / "tss.parquet")


@pytest.mark.parametrize(
    ("dataset", "index", "accuracy"),
    [("cifar10", 6111, 94.3733), ("cifar100", 9930, 73.5133), ("ImageNet16-120", 857, 47.3111)],
)
def test_the_best_cells_are_the_published_ones(
    table: Table, nats_frame: pd.DataFrame, dataset: str, index: int, accuracy: float
) -> None:
    score = table.score(nats_frame["arch"][index], dataset)
    assert score.test_accuracy == pytest.approx(accuracy, abs=1e-4)
    assert (score.rank, score.regret) == (1, 0)
    assert 99.98 < score.percentile < 100


def test_all_skip_scores_as_published(table: Table, nats_frame: pd.DataFrame) -> None:
    assert nats_frame["arch"][1835] == ALL_SKIP
    scores = [table.score(ALL_SKIP, dataset) for dataset in DATASETS]
    assert [s.test_accuracy for s in scores] == pytest.approx([54.2967, 15.6067, 16.3222], abs=1e-4)
    assert scores[0].params == 73_306
    assert scores[0].cost_seconds is None
    assert scores[0].source == "NATS-Bench topology table tss.parquet, 200 epochs"


def test_errors_over_all_cells_have_the_published_median_and_mean(table: Table, nats_frame: pd.DataFrame) -> None:
    errors = [100 - table.score(cell, "cifar10").test_accuracy for cell in nats_frame["arch"]]
    assert np.median(errors) == pytest.approx(9.255, abs=1e-9)  # published as 9.26
    assert np.mean(errors) == pytest.approx(12.94, abs=0.005)


def test_the_published_rarts_error_is_better_than_28_5_percent_of_cells(table: Table) -> None:
    """Where the percentile of an accuracy that no cell has exactly would lie: 11.48 % error on CIFAR-10."""
    share = 100 * np.searchsorted(table.column("cifar10_test_200"), 100 - 11.48) / 15_625
    assert share == pytest.approx(28.5, abs=0.05)


@pytest.mark.parametrize("epochs", [12, 200])
@pytest.mark.parametrize("dataset", DATASETS)
def test_ranks_agree_with_counting_row_by_row(
    table: Table, nats_frame: pd.DataFrame, dataset: str, epochs: int
) -> None:
    accuracies = nats_frame[f"{dataset}_test_{epochs}"].tolist()
    tied = nats_frame[f"{dataset}_test_{epochs}"].duplicated(keep=False)
    some = pd.concat([nats_frame.sample(5, random_state=1), nats_frame[tied].sample(5, random_state=1)])
    for _, row in some.iterrows():
        score = table.score(row["arch"], dataset, epochs)
        mine = row[f"{dataset}_test_{epochs}"]
        assert score.test_accuracy == mine
        assert score.val_accuracy == table.validation(row["arch"], dataset, epochs) == row[f"{dataset}_val_{epochs}"]
        assert score.rank == 1 + sum(other > mine for other in accuracies)
        assert score.percentile == pytest.approx(100 * sum(other < mine for other in accuracies) / 15_625, abs=1e-9)
        assert score.regret == pytest.approx(max(accuracies) - mine, abs=1e-9)
        assert score.flops == pytest.approx(1e6 * row[f"{dataset}_flops_M"], abs=0.5)
        assert score.latency_ms == pytest.approx(1000 * row[f"{dataset}_latency_s"])


def test_questions_the_benchmark_cannot_answer_are_bad_input(table: Table) -> None:
    with pytest.raises(BadInput, match="no data set 'cifar-10'; choose one of cifar10, cifar100, ImageNet16-120"):
        table.score(ALL_SKIP, "cifar-10")
    with pytest.raises(BadInput, match="no figures after 90 epochs; choose 12 or 200"):
        table.validation(ALL_SKIP, "cifar10", 90)
    with pytest.raises(BadInput, match="unknown operation 'skip', the nearest is skip_connect"):
        table.score(ALL_SKIP.replace("skip_connect", "skip"), "cifar10")


def test_csv_holds_the_same_figures(table: Table, nats_frame: pd.DataFrame, tmp_path: Path) -> None:
    nats_frame.assign(cifar10_cost_12_s=7.5).to_csv(tmp_path / "tss.csv", index=False)
    other = open_table(tmp_path / "tss.csv")
    assert isinstance(other, TableFile)
    for cell in nats_frame["arch"].sample(20, random_state=2):
        ours, theirs = table.score(cell, "cifar100"), other.score(cell, "cifar100")
        assert (ours.rank, ours.percentile, ours.flops) == (theirs.rank, theirs.percentile, theirs.flops)
        assert ours.test_accuracy == pytest.approx(theirs.test_accuracy, abs=1e-12)
    assert other.score(ALL_SKIP, "cifar10", 12).cost_seconds == 7.5
    assert other.score(ALL_SKIP, "cifar10", 200).cost_seconds is None


def set_cell(frame: pd.DataFrame, row: int, column: str, value: object) -> pd.DataFrame:
    frame = frame.astype({column: object})
    frame.loc[row, column] = value
    return frame


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        (lambda f: f.drop(columns="cifar100_val_12"), "no column 'cifar100_val_12'"),
        (lambda f: f.drop(columns="arch"), "no column 'arch'"),
        (lambda f: f.drop(index=5), "15,624 of the 15,625 cells"),
        (lambda f: pd.concat([f, f.iloc[[3]]], ignore_index=True), "row 15625: arch repeats row 3"),
        (lambda f: set_cell(f, 7, "arch", "|none~0|"), "row 7: arch '|none~0|' is no NATS-Bench cell"),
        (lambda f: set_cell(f, 8, "arch", None), "row 8: arch"),
        (lambda f: set_cell(f, 9, "cifar10_test_200", "high"), "row 9: cifar10_test_200 is high"),
        (lambda f: set_cell(f, 9, "cifar10_test_200", 101), "row 9: cifar10_test_200 is 101"),
        (lambda f: set_cell(f, 2, "cifar10_params", None), "row 2: cifar10_params is"),
    ],
)
def test_a_wrong_table_is_bad_input_that_names_the_place(
    nats_frame: pd.DataFrame, tmp_path: Path, damage: Callable[[pd.DataFrame], pd.DataFrame], fault: str
) -> None:
    damage(nats_frame).to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(BadInput) as error:
        TableFile(tmp_path / "t.csv")
    assert fault in str(error.value)
    assert str(tmp_path / "t.csv") in str(error.value)
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize(("name", "content"), [("t.parquet", b"PAR1 no"), ("t.csv", b""), ("t.csv", b"\xff\xfe\xfa")])
def test_a_file_that_is_no_table_is_bad_input(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInput, match="cannot be read as"):
        open_table(tmp_path / name)


def test_open_table_tells_files_from_folders_and_from_nothing(
    nats_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BadInput, match=r"does not exist; download NATS-tss-v1_0-3ffb9-simple\.tar"):
        open_table(tmp_path / "absent.parquet")
    (tmp_path / "table.xlsx").touch()
    with pytest.raises(BadInput, match=r"neither \.parquet nor \.csv"):
        open_table(tmp_path / "table.xlsx")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    assert open_table(None) is None
    monkeypatch.setenv("TORCH_HOME", str(nats_data / "archive-sample"))
    assert isinstance(open_table(None), Archive)


def test_how_to_get_is_one_line_with_the_place_to_put_it() -> None:
    assert len(how_to_get().splitlines()) == 1
    assert "$TORCH_HOME" in how_to_get()
