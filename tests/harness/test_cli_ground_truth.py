"""Damaged tables and files of latencies at the command line: one line that names file and place, exit code 2."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from faults import RUN, Faults

from spaces.nats_benchmark import every_cell

Damage = Callable[[pd.DataFrame], pd.DataFrame]

TABLES = {
    "macro": ("macro/macro.parquet", "cifar10_test_1", "6,560 of the 6,561 networks"),
    "nats_size": ("nats/sss.parquet", "cifar10_test_90", "32,767 of the 32,768 settings"),
    "nats": ("nats/tss.parquet", "cifar10_test_200", "15,624 of the 15,625 cells"),
}
"""By space: its file, an accuracy of it, and what is said of a row too few."""


def twice(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([frame, frame.iloc[[3]]], ignore_index=True)


def with_value(column: str, row: int, value: object) -> Damage:
    """The frame with one value changed."""

    def changed(frame: pd.DataFrame) -> pd.DataFrame:
        values = frame[column].astype(object)
        values[row] = value
        return frame.assign(**{column: values})

    return changed


@pytest.fixture
def latencies() -> pd.DataFrame:
    """A whole file of two devices."""
    cells = sorted(every_cell())
    return pd.DataFrame({"arch": cells, "raspi4": range(1, len(cells) + 1), "fpga": 2.0})


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda frame: frame.drop(index=9), "lacks 1 of the 15,625 cells, "),
        (twice, "row 15625: arch "),
        (with_value("raspi4", 5, None), "row 5: raspi4 is nan"),
        (with_value("fpga", 6, "slow"), "row 6: fpga is slow"),
        (with_value("raspi4", 7, float("inf")), "row 7: raspi4 is inf"),
        (with_value("raspi4", 8, -1), "row 8: raspi4 is -1 ms; no latency is negative"),
        (with_value("arch", 2, "|skip~0|"), "row 2: arch '|skip~0|' is no NATS-Bench cell"),
        (lambda frame: frame.drop(columns="arch"), "has no column arch"),
        (lambda frame: frame[["arch"]], "has no column arch beside a device's"),
    ],
)
def test_a_damaged_file_of_latencies(
    fault: Faults, tmp_path: Path, latencies: pd.DataFrame, damage: Damage, words: str
) -> None:
    damage(latencies).to_csv(tmp_path / "latencies.csv", index=False)
    error = fault(f"{RUN} --algos rarts --hardware", f"{tmp_path / 'latencies.csv'}:raspi4")
    assert words in error and "latencies.csv" in error
    assert words in fault("list devices", tmp_path / "latencies.csv")


def test_an_unknown_device_and_a_file_that_is_not_there(fault: Faults, tmp_path: Path, latencies: pd.DataFrame) -> None:
    latencies.to_csv(tmp_path / "latencies.csv", index=False)
    error = fault(f"{RUN} --algos rarts --hardware", f"{tmp_path / 'latencies.csv'}:raspi4,raspi5")
    assert "unknown device of latencies.csv 'raspi5'; did you mean 'raspi4'? There are raspi4, fpga" in error
    assert "nowhere.csv does not exist" in fault(
        f"{RUN} --algos rarts --hardware", f"{tmp_path / 'nowhere.csv'}:raspi4"
    )


@pytest.mark.parametrize("space", TABLES)
@pytest.mark.parametrize("kind", ["twice", "few", "gap", "no percentage"])
def test_a_damaged_table(fault: Faults, tmp_path: Path, real_data: Path, space: str, kind: str) -> None:
    file, column, few = TABLES[space]
    damage, words = {
        "twice": (twice, "arch repeats row 3; each must have one row"),
        "few": (lambda frame: frame.drop(index=9), few),
        "gap": (
            lambda frame: frame.assign(**{column: frame[column].where(frame.index != 7)}),
            f"row 7: {column} is nan",
        ),
        "no percentage": (lambda frame: frame.assign(**{column: frame[column] + 20}), f": {column} is 1"),
    }[kind]
    path = tmp_path / "table.parquet"
    damage(pd.read_parquet(real_data / file).reset_index(drop=True)).to_parquet(path)
    error = fault(f"{RUN} --algos rarts --space {space} --evaluate table --table", path)
    assert words in error and "table.parquet" in error


@pytest.mark.parametrize("space", ["macro", "nats_size"])
def test_a_table_of_which_one_value_is_not_the_published_one(
    fault: Faults, tmp_path: Path, real_data: Path, space: str
) -> None:
    file, column, _ = TABLES[space]
    frame = pd.read_parquet(real_data / file)
    frame.loc[frame.index[7], column] -= 0.01
    frame.to_parquet(tmp_path / "table.parquet")
    error = fault(f"{RUN} --algos rarts --space {space} --evaluate table --table", tmp_path / "table.parquet")
    assert "table.parquet does not hold the published figures (digest " in error and ", published " in error
