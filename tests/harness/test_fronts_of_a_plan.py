"""The fronts that a plan finds are the whole space's, against a slow look at every pair, and its own records agree."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import harness
from harness.planning.plan import Plan
from results.fronts import read
from spaces.nats_cell import parse
from spaces.nats_devices import has_path


@pytest.fixture(scope="module")
def planned(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Plan:
    return harness.plan(
        ["random"],
        "nats",
        [0],
        out=tmp_path_factory.mktemp("run"),
        table=real_data / "nats" / "tss.parquet",
        hardware=f"{real_data / 'hardware' / 'nats_latency_ms.parquet'}:raspi4,eyeriss",
        dataset="cifar10",
        data_dir=real_data / "small",
        eval_datasets=["cifar10", "ImageNet16-120"],
    )


def undominated(costs: np.ndarray, errors: np.ndarray) -> set[tuple[float, float]]:
    """Every pair looked at."""
    kept = set()
    for cost, error in zip(costs, errors, strict=True):
        no_worse = (costs <= cost) & (errors <= error)
        if not (no_worse & ((costs < cost) | (errors < error))).any():
            kept.add((float(cost), float(error)))
    return kept


@pytest.mark.parametrize("dataset", ["cifar10", "ImageNet16-120"])
def test_each_front_is_what_no_cell_dominates(planned: Plan, real_data: Path, dataset: str) -> None:
    frame = pd.read_parquet(real_data / "nats" / "tss.parquet").set_index("arch")
    measured = pd.read_parquet(real_data / "hardware" / "nats_latency_ms.parquet").set_index("arch")
    frame = frame.join(measured[["raspi4", "eyeriss"]])
    error = 100 - frame[f"{dataset}_test_200"].to_numpy(float)
    path = np.array([has_path(parse(cell)) for cell in frame.index])
    everyone = np.ones(len(frame), bool)
    costs = {
        "params": (frame[f"{dataset}_params"], everyone),
        "flops": ((1e6 * frame[f"{dataset}_flops_M"]).round(), everyone),
        "device_latency.raspi4": (frame["raspi4"], path),
        "device_latency.eyeriss": (frame["eyeriss"], path),
    }
    found = planned.comparison.fronts or {}
    assert found.keys() == {"cifar10", "ImageNet16-120"} and found[dataset].keys() == costs.keys()
    for column, (values, known) in costs.items():
        wanted = undominated(values.to_numpy(float)[known], error[known])
        front = read(found[dataset][column])
        assert {(a, b) for a, b in front.points.tolist()} == wanted
        assert front.points[-1, 1] == error[known].min()  # the best cell of all is on each
        print(f"{dataset}, {column}: {len(wanted)} of {known.sum()} cells")


def test_without_a_table_there_is_no_front(real_data: Path, tmp_path: Path) -> None:
    assert harness.plan(["random"], "nats", [0], out=tmp_path).comparison.fronts is None


@pytest.mark.parametrize(("space", "table"), [("macro", "macro/macro.parquet"), ("nats_size", "nats/sss.parquet")])
def test_other_tables_have_fronts_of_their_sizes(real_data: Path, tmp_path: Path, space: str, table: str) -> None:
    made = harness.plan(["random"], space, [0], out=tmp_path, table=real_data / table, eval_datasets=["cifar10"])
    found = (made.comparison.fronts or {})["cifar10"]
    assert found.keys() == {"params", "flops"}
    for text in found.values():
        points = read(text).points
        assert len(points) > 10 and (np.diff(points[:, 0]) > 0).all() and (np.diff(points[:, 1]) < 0).all()
