"""Searches by queries as whole trials: their histories name what they asked about, with the files' figures of it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from faults import RUN, Faults

import harness
from algorithms import ALGORITHMS
from results.store import Run
from spaces.nats_cell import parse
from spaces.nats_devices import has_path

QUERIES = {"nsga2.queries": 60, "nsga2.population": 10, "random.k": 60, "nsga2.cost": "device_latency.raspi4"}


@pytest.fixture(scope="module")
def searched(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    pytest.importorskip("pymoo", reason="pymoo is not installed: NSGA-II cannot search")
    return harness.compare(
        ["nsga2", "random"],
        "nats",
        [0],
        protocol="quick",
        out=tmp_path_factory.mktemp("run"),
        table=real_data / "nats" / "tss.parquet",
        hardware=f"{real_data / 'hardware' / 'nats_latency_ms.parquet'}:raspi4",
        dataset="cifar10",
        data_dir=real_data / "small",
        eval_datasets=["cifar10"],
        overrides=QUERIES,
        serial=True,
    )


def test_each_row_names_what_was_asked_and_its_figures_in_the_files(searched: Run, real_data: Path) -> None:
    table = pd.read_parquet(real_data / "nats" / "tss.parquet").set_index("arch")
    latency = pd.read_parquet(real_data / "hardware" / "nats_latency_ms.parquet").set_index("arch")["raspi4"]
    rows = searched.history[searched.history["epoch"] > 0].set_index("asked")
    assert rows.groupby("algorithm").size().to_dict() == {"nsga2": 60, "random": 60}
    own = table.loc[rows.index]
    assert rows["val_accuracy"].tolist() == own["cifar10_val_12"].tolist()
    assert rows["asked.params"].tolist() == own["cifar10_params"].tolist()
    assert rows["asked.test_error.cifar10"].tolist() == (100 - own["cifar10_test_200"]).tolist()
    path = [has_path(parse(cell)) for cell in rows.index]
    assert rows["asked.device_latency.raspi4"].notna().tolist() == path
    assert (rows["asked.device_latency.raspi4"] == latency[rows.index])[path].all()
    # The first generation is what random search drew.
    drawn = {name: list(group.index[:10]) for name, group in rows.groupby("algorithm")}
    assert drawn["nsga2"] == drawn["random"]


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("nsga2.cost=raspi4", "'raspi4'; did you mean 'params'? There are params, flops"),
        ("nsga2.cost=device_latency.raspi4", "There are params, flops"),
        ("nsga2.population=3907", "population = 3907: set at most 3,906, a quarter of the space's networks"),
    ],
)
def test_a_cost_that_nobody_gives_and_too_large_a_population_are_refused(
    fault: Faults, setting: str, words: str
) -> None:
    pytest.importorskip("pymoo", reason="pymoo is not installed: NSGA-II cannot search")
    assert words in fault(f"{RUN} --algos nsga2 --space nats --protocol quick --set {setting}")


def test_without_its_package_a_search_is_refused(fault: Faults, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ALGORITHMS["nsga2"], "package", "no_such_package")
    error = fault(f"{RUN} --algos nsga2 --space nats --protocol quick")
    assert error == "error: nsga2 needs the package no_such_package: pip install no_such_package, or leave it out\n"
