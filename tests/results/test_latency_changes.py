"""Table 2: each configuration of a sweep beside the published row that changed the same thing as much."""

from __future__ import annotations

from itertools import product
from typing import Any

import pandas as pd
import pytest

from results.latency_changes import FACTORS, HERE, latency_changes
from results.schema import records_frame

BASE = {"latency_weight": 2e-3, "batch_size": 64, "arch_lr": 3e-4, "arch_weight_decay": 1e-3}


def record(latency: float | None, seed: int = 0, **changed: Any) -> dict[str, Any]:
    return {
        "trial": f"{seed}{sorted(changed.items())}",
        "status": "done",
        "algorithm": "rarts",
        "space": "darts",
        "protocol": "mini",
        "search_dataset": "cifar10",
        "eval_dataset": "cifar10",
        "evaluation": "trained",
        "seed": seed,
        "split_seed": 0,
        "latency_ms": latency,
        "latency_source": "measured: cpu",
        "latency_expected": 10.0,
        "test_error": 20.0,
        **{f"hp.{name}": value for name, value in (BASE | changed).items()},
    }


def changes(*records: dict[str, Any]) -> pd.DataFrame:
    return latency_changes(records_frame(records)).set_index(FACTORS)


def test_ours_stand_beside_the_published_row_of_the_same_change() -> None:
    found = changes(
        record(4.0),
        record(6.0, seed=1),
        record(3.0, latency_weight=2e-2),
        record(4.5, batch_size=32),
        record(9.0, arch_lr=1.0),
    )
    base, heavier, half = found.loc[(1, 1, 1, 1)], found.loc[(10, 1, 1, 1)], found.loc[(1, 0.5, 1, 1)]
    assert (base["n"], base["latency_ms_mean"], base["latency_values"]) == (2, 5.0, [4.0, 6.0])
    assert base["latency_change"] == base["published_change"] == 0
    assert (heavier["latency_ms_mean"], heavier["published_latency_ms"]) == (3.0, 12.4)
    assert heavier["latency_change"] == pytest.approx(3 / 5 - 1)
    assert heavier["published_change"] == pytest.approx(12.4 / 21.7 - 1)
    assert (half["latency_change"], half["published_latency_ms"]) == (pytest.approx(-0.1), 20.1)
    far = found[found["latency_ms_mean"] == 9.0].iloc[0]
    assert far["latency_change"] == pytest.approx(0.8) and pd.isna(far["published_latency_ms"])


def test_every_published_row_is_there_once_run_or_not() -> None:
    found = changes(record(4.0), record(3.0, latency_weight=2e-2))
    assert sorted(found["published_latency_ms"]) == sorted([21.7, 12.4, 23.4, 21.0, 23.1, 21.3, 22.9, 20.1, 16.5])
    assert found["n"].notna().sum() == 2


def test_a_reduced_protocols_own_baseline_is_what_counts() -> None:
    own = {"arch_lr": 0.1, "batch_size": 32}
    values = {"latency_weight": [2e-2, 2e-4], "arch_lr": [1.0, 0.01], "batch_size": [16]}
    varied = [record(3.0, **own | {name: value}) for name, many in values.items() for value in many]
    found = changes(record(4.0, **own), *varied)
    ours = found[found["n"].notna()]
    assert len(ours) == 6 and ours["published_latency_ms"].notna().all()
    assert ours.loc[(1, 1, 1, 1), "arch_lr"] == 0.1
    assert ours.loc[(1, 1, 10, 1), ["arch_lr", "published_latency_ms"]].tolist() == [1.0, 21.0]


def test_of_two_configurations_the_papers_is_the_baseline() -> None:
    for order in (1, -1):
        found = changes(*[record(4.0), record(3.0, latency_weight=2e-2)][::order])
        assert found.loc[(1, 1, 1, 1), "latency_weight"] == 2e-3
    unweighted = changes(record(4.0), record(5.0, latency_weight=0.0))
    assert unweighted.loc[(0, 1, 1, 1), "latency_change"] == pytest.approx(0.25)


def test_a_grid_has_one_baseline() -> None:
    grid = product([2e-4, 2e-3, 2e-2], [3e-5, 3e-4, 3e-3])
    found = changes(*(record(5.0, latency_weight=k, arch_lr=lr) for k, lr in grid))
    assert found["n"].sum() == 9
    assert found.loc[(10, 1, 10, 1), "arch_lr"] == 3e-3


def test_what_was_not_measured_or_not_varied_gives_no_table() -> None:
    assert latency_changes(records_frame([record(4.0), record(5.0, seed=1)])).empty
    looked_up = record(5.0, latency_weight=2e-2) | {"latency_source": "NATS-Bench"}
    assert latency_changes(records_frame([record(4.0), looked_up])).empty
    assert latency_changes(records_frame([record(4.0), record(None, latency_weight=2e-2)])).empty
    assert latency_changes(records_frame([{"status": "done", "latency_ms": 1.0}])).empty


def test_other_spaces_get_their_changes_and_no_published_row() -> None:
    nats = {"space": "nats"}
    found = latency_changes(records_frame([record(4.0) | nats, record(3.0, latency_weight=2e-2) | nats]))
    assert len(found) == 2 and found["published_latency_ms"].isna().all()


def test_each_named_device_has_its_own_baseline() -> None:
    """Cells whose latencies a file holds, beside what was timed here; a cell without a path has none."""

    def on(raspi4: float | None, pixel3: float, **changed: Any) -> dict[str, Any]:
        devices = {"device_latency.raspi4": raspi4, "device_latency.pixel3": pixel3}
        return record(4.0, **changed) | devices | {"space": "nats"}

    found = latency_changes(
        records_frame([on(10.0, 2.0), on(None, 4.0, seed=1), on(5.0, 9.0, latency_weight=2e-2)])
    ).set_index(["measured_on", "latency_weight_factor"])
    assert {*found.index.get_level_values(0)} == {HERE, "raspi4", "pixel3"}
    changed = {(HERE, 10): 0.0, ("raspi4", 10): -0.5, ("pixel3", 10): 2.0}
    assert found["latency_change"].to_dict() == pytest.approx({(where, 1): 0.0 for where, _ in changed} | changed)
    assert found.loc[("raspi4", 1), "latency_values"] == [10.0] and found.loc[("pixel3", 1), "n"] == 2
