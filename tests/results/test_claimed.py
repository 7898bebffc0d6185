"""What the papers claim: each row is of an algorithm that is here, says where it stands, and lies in its table."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from algorithms import ALGORITHMS

CLAIMED = Path(__file__).parents[2] / "results" / "claimed.csv"


@pytest.fixture
def nats_frame(real_data: Path) -> pd.DataFrame:
    """NATS-Bench's topology table."""
    return pd.read_parquet(real_data / "nats" / "tss.parquet")


def test_every_claim_is_of_an_algorithm_here_and_says_where_it_stands() -> None:
    frame = pd.read_csv(CLAIMED)
    assert all(ALGORITHMS.known(name) for name in frame["algorithm"])
    assert frame[["source", "read_in", "protocol"]].notna().all(axis=None)
    assert not frame.duplicated(["algorithm", "space", "dataset", "metric"]).any()


def test_accuracies_on_nas_bench_201_are_ones_that_its_table_can_give(nats_frame: pd.DataFrame) -> None:
    claims = pd.read_csv(CLAIMED).query("space == 'nats' and metric == 'test_accuracy'")
    for _, claim in claims.iterrows():
        assert 10 <= claim["value"] <= nats_frame[f"{claim['dataset']}_test_200"].max() + 0.05


def test_three_searches_claim_one_cell_whose_figures_the_table_knows(nats_frame: pd.DataFrame) -> None:
    claims = (
        pd.read_csv(CLAIMED).query("space == 'nats'").pivot_table(index="algorithm", columns="dataset", values="value")
    )
    same = claims.loc[["drnas", "darts1+beta", "darts1+lambda"]].drop_duplicates()
    assert len(same) == 1
    near = sum((nats_frame[f"{name}_test_200"] - same.iloc[0][name]).abs() for name in same.columns)
    assert near.min() < 0.2
