"""Latencies of real devices: the published facts, paths by a slow oracle, a fit against normal equations, bad files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

import harness
import results
from harness.config.sections import Environment
from harness.config.trial import TrialConfig
from harness.measuring.record import device_columns
from harness.reproduce import Shared, Wanted, table2
from harness.training.task import Task
from results.errors import BadInput
from spaces.nats_benchmark import every_cell
from spaces.nats_cell import OPERATIONS, parse
from spaces.nats_devices import Devices, has_path

ROUTES = ((3,), (0, 4), (1, 5), (0, 2, 5))
"""The four ways from node 0 to node 3, each as its edges."""


@pytest.fixture(scope="module")
def path(real_data: Path) -> Path:
    return real_data / "hardware" / "nats_latency_ms.parquet"


@pytest.fixture(scope="module")
def devices(path: Path) -> Devices:
    return Devices(path)


def test_a_path_is_one_of_the_four_routes() -> None:
    for cell in sorted(every_cell()):
        operations = parse(cell)
        assert has_path(operations) == any(all(operations[edge] != "none" for edge in route) for route in ROUTES)


def test_every_fit_is_the_best_one_and_explains_what_is_published(devices: Devices) -> None:
    assert len(devices.names) == 27
    for device, published in (("eyeriss", 1.00), ("fpga", 1.00), ("silver_4114", 0.93), ("raspi4", 0.86)):
        fit = devices.fit(device)
        assert fit.cells == int(devices.with_path.sum())
        assert fit.r2 == pytest.approx(published, abs=0.02)
        assert fit.operations[0] == 0
        # The residual of least squares is orthogonal to every column.
        measured, counts = devices.latency(device)[devices.with_path], devices.counts[devices.with_path]
        residual = measured - fit.constant - counts @ (15 * np.array(fit.operations))
        assert np.abs(counts.T @ residual).max() < 1e-3 * np.abs(counts.T @ measured).max()
        assert np.abs(residual).max() == pytest.approx(fit.worst_ms, rel=1e-3, abs=1e-4)  # operations have six digits


def test_a_cell_without_a_path_has_no_latency(devices: Devices) -> None:
    none = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"
    assert devices.of(none, "raspi4") is None
    best = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|"
    frame = pd.read_parquet(devices.path).set_index("arch")
    assert devices.of(best, "raspi4") == frame["raspi4"][best]
    assert parse(best).count(OPERATIONS[3]) == 5


@pytest.mark.parametrize(
    "fault", ["lacks 1 of the 15,625 cells", "row 3: raspi4 is nan", "row 5: raspi4 is -1 ms", "is there twice"]
)
def test_a_wrong_file_is_refused_in_one_line(path: Path, tmp_path: Path, fault: str) -> None:
    frame = pd.read_parquet(path, columns=["arch", "raspi4"])
    damaged = {
        "lacks 1 of the 15,625 cells": frame.drop(index=9),
        "row 3: raspi4 is nan": frame.assign(raspi4=frame["raspi4"].where(frame.index != 3)),
        "row 5: raspi4 is -1 ms": frame.assign(raspi4=frame["raspi4"].where(frame.index != 5, -1)),
        "is there twice": pd.concat([frame, frame.iloc[[2]]], ignore_index=True),
    }[fault]
    damaged.to_parquet(tmp_path / "l.parquet")
    with pytest.raises(BadInput) as error:
        Devices(tmp_path / "l.parquet")
    assert fault in str(error.value)
    assert len(str(error.value).splitlines()) == 1


def test_every_latency_is_of_the_cells_with_a_path(devices: Devices) -> None:
    frame = pd.read_parquet(devices.path).set_index("arch")["pixel3"]
    every = devices.every("pixel3")
    assert len(every) == 15_625 - 341
    assert all(devices.of(cell, "pixel3") == every.get(cell) for cell in frame.index[::50])
    assert all(frame[cell] == value for cell, value in every.items())


def test_an_unknown_device_names_the_nearest(devices: Devices) -> None:
    with pytest.raises(BadInput, match="raspi4"):
        devices.device("raspi5")


def test_a_plan_gives_the_penalty_the_fit_to_the_device(devices: Devices, tmp_path: Path) -> None:
    hardware = f"{devices.path}:raspi4"
    made = harness.plan(["rarts"], "nats", [0], out=tmp_path, hardware=hardware, overrides={"latency_weight": 0.1})
    fit = devices.fit("raspi4")
    options = made.trials[0].options.model_dump()
    assert options["latency"] == fit.operations
    assert fit.words() in options["latency_source"] and devices.digest in options["latency_source"]


@pytest.mark.parametrize(
    ("space", "suffix", "fault"),
    [
        ("macro", ":raspi4", "nobody measured the space macro on devices"),
        ("nats", ":raspi5", "raspi4"),
        ("nats", "", "names no device: write FILE:DEVICE"),
        ("nats", ":", "names no device: write FILE:DEVICE"),
        ("nats", ":raspi4,", "names no device: write FILE:DEVICE"),
        ("nats", ":raspi4,pixel4", "unknown device of nats_latency_ms.parquet 'pixel4'; did you mean 'pixel3'"),
    ],
)
def test_hardware_is_refused_in_one_line(path: Path, tmp_path: Path, space: str, suffix: str, fault: str) -> None:
    with pytest.raises(BadInput, match=fault) as error:
        harness.plan(["rarts"], space, [0], out=tmp_path, hardware=f"{path}{suffix}")
    assert len(str(error.value).splitlines()) == 1


def test_the_first_device_gives_the_penalty_and_all_are_in_the_hash(devices: Devices, tmp_path: Path) -> None:
    def trial(names: str) -> TrialConfig:
        made = harness.plan(["random"], "nats", [0], out=tmp_path, hardware=f"{devices.path}:{names}")
        assert isinstance(made.trials[0], TrialConfig)
        return made.trials[0]

    one, two, again = trial("raspi4"), trial("raspi4,pixel3"), trial("raspi4, pixel3,raspi4")
    assert one.options == two.options and one.hash != two.hash
    assert again.hash == two.hash and two.devices == ("raspi4", "pixel3")
    assert two.hardware == devices.digest


@pytest.mark.slow
def test_a_record_holds_what_was_measured_of_the_found_cell_on_each_device(path: Path, tmp_path: Path) -> None:
    short = tmp_path / "l.parquet"
    frame = pd.read_parquet(path, columns=["arch", "raspi4", "pixel3"])
    frame.to_parquet(short)
    asked: dict[str, Any] = {"out": tmp_path / "run", "hardware": f"{short}:raspi4,pixel3", "serial": True}
    asked |= {"table": path.parents[1] / "nats" / "tss.parquet", "eval_datasets": ["cifar10"]}
    asked |= {"budget": "epochs=1", "overrides": {"limit": 64, "channels": 2}}
    run = harness.compare(["darts1"], "nats", [0], **asked)
    rows = frame.set_index("arch")
    for record in run.records.to_dict("records"):
        of_cell = rows.loc[str(record["genotype"])]
        assert [record["device_latency.raspi4"], record["device_latency.pixel3"]] == of_cell.tolist()
    digest = Devices(short).digest
    assert set(run.records["hardware_digest"]) == {digest} == {run.config["hardware_digest"]}
    assert run.config["devices"] == ["raspi4", "pixel3"]

    frame.assign(pixel3=frame["pixel3"] + 1).to_parquet(short)
    with pytest.raises(BadInput, match=f"hardware_digest = '{digest}', not"):
        harness.compare(["darts1"], "nats", [0], **asked)
    with pytest.raises(BadInput, match="the measured latencies are not those that the run was planned with"):
        trial = harness.plan(["darts1"], "nats", [0], hardware=f"{path}:raspi4", out=tmp_path).trials[0]
        assert Task(trial, Environment(run=str(tmp_path), hardware=str(short))).latencies


@pytest.mark.slow
def test_table_2_is_asked_of_a_devices_cells(path: Path, tmp_path: Path) -> None:
    """Nine settings of RARTS, one hyperparameter apart from the first; each found cell's latency is the file's."""
    short = ["epochs=1", "limit=32", "batch_size=16", "rarts.arch_lr=0.2", "channels=2"]
    short += ["diagnostics.subset=16", "diagnostics.lambda_every=0"]
    shared: Shared = {"protocol": "quick", "seeds": [0], "overrides": short, "serial": True}
    shared["hardware"] = f"{path}:raspi4"
    table2(Wanted(tmp_path, shared), Console(quiet=True))
    records = results.load(tmp_path).records
    names = ["hp.latency_weight", "hp.arch_lr", "hp.arch_weight_decay", "hp.batch_size"]
    assert len(records) == 9 and not records.duplicated(names).any()
    base = records[names].mode().iloc[0]
    assert (base["hp.arch_lr"], base["hp.batch_size"]) == (0.2, 16)
    assert ((records[names] != base).sum(axis=1) <= 1).all()
    measured = pd.read_parquet(path).set_index("arch")["raspi4"]
    assert records["device_latency.raspi4"].tolist() == measured[records["genotype"]].tolist()
    shown = (tmp_path / "report" / "report.md").read_text()
    assert "Latency by hyperparameters" in shown and "| raspi4 |" in shown


def test_of_a_cell_without_a_path_nothing_is_recorded(devices: Devices) -> None:
    none = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"
    assert device_columns(devices, ["raspi4"], none) == {"device_latency.raspi4": None}


def test_the_benchmarks_own_table_is_no_latencies(tmp_path: Path) -> None:
    """Its accuracies were once fitted as milliseconds."""
    frame = pd.DataFrame({"arch": sorted(every_cell()), "cifar10_test_200": 50.0})
    frame.to_parquet(tmp_path / "file.parquet")
    with pytest.raises(BadInput, match="cifar10_test_200, a column of the benchmark's own table"):
        Devices(tmp_path / "file.parquet")
