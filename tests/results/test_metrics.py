"""One registry says what a record may hold; everything that shows a column asks it."""

from __future__ import annotations

from dataclasses import fields

import pandas as pd
import pytest
from described import described
from hypothesis import given
from hypothesis import strategies as st

import results
from results import comparison, metrics, pairs
from results.errors import BadInput
from results.metrics import FAMILIES, METRICS, Metric
from results.schema import conformed, records_frame

ENERGY = Metric("energy_joule", unit="J", title="Energy", direction="lower", aggregate="cost")


def rows() -> list[dict[str, object]]:
    """Three searches by DARTS-1 and three by RARTS."""
    common = {"status": "done", "space": "nats", "protocol": "mini", "search_dataset": "cifar10", "split_seed": 0}
    judged = {"eval_dataset": "cifar10", "evaluation": "table"}
    return [
        {
            "trial": f"{name}-{seed}",
            "algorithm": name,
            **described(name),
            **common,
            **judged,
            "seed": seed,
            "test_error": error,
        }
        for name, errors in (("darts1", (12.0, 45.7, 12.0)), ("rarts", (5.64, 5.64, 8.37)))
        for seed, error in enumerate(errors)
    ]


def with_energy() -> list[dict[str, object]]:
    return [row | {"energy_joule": 100.0 + place} for place, row in enumerate(rows())]


def test_a_column_that_nobody_registered_is_refused_and_not_taken_for_a_hyperparameter() -> None:
    with pytest.raises(BadInput, match="column energy_joule is neither a metric nor a hyperparameter: add it to"):
        records_frame(with_energy())
    with pytest.raises(BadInput, match="column energy_joule is neither"):
        conformed(records_frame(rows()).assign(energy_joule=1.0))


def test_one_registry_line_makes_it_a_column_with_header_mean_and_description(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "METRICS", (*METRICS, ENERGY))
    records = records_frame(with_energy())
    assert str(records["energy_joule"].dtype) == "float64" and metrics.header("energy_joule") == "Energy (J)"
    assert comparison.varied(records) == []
    costs = comparison.cost(records).set_index("algorithm")["energy_joule_mean"]
    assert costs.to_dict() == {"darts1": 101.0, "rarts": 104.0}
    # The means and the paired table, which the issue saw dropped, are of three searches each.
    assert comparison.comparison(records)["n"].tolist() == [3, 3]
    assert pairs.frame(pairs.compare(records))["n"].tolist() == [3]
    described_ = results.describe().set_index("name").loc["energy_joule"]
    assert described_.to_dict() == {
        "dtype": "float64",
        "unit": "J",
        "title": "Energy",
        "direction": "lower",
        "aggregate": "cost",
    }


def test_a_younger_metric_is_missing_in_what_was_stored_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    stored = records_frame(rows())
    monkeypatch.setattr(metrics, "METRICS", (*METRICS, ENERGY))
    read = conformed(stored)
    assert read["energy_joule"].isna().all() and str(read["energy_joule"].dtype) == "float64"
    pd.testing.assert_frame_equal(read.drop(columns="energy_joule"), stored)
    pd.testing.assert_frame_equal(read, records_frame(rows()))


def test_names_are_unique_and_an_unknown_one_gives_the_nearest() -> None:
    names = [metric.name for metric in METRICS]
    assert len(set(names)) == len(names) and not any(map(metrics.is_hyperparameter, names))
    means = [metric.mean for metric in METRICS if metric.aggregate]
    assert len(set(means)) == len(means) and not set(means) & set(names)
    with pytest.raises(BadInput, match="unknown metric 'test_eror'; did you mean 'test_error'"):
        metrics.named("test_eror")
    assert metrics.named("latency_ms").header == "Latency (ms)"


def test_the_description_is_the_registry() -> None:
    frame = results.describe()
    assert [Metric(**row) for row in frame.to_dict("records")] == [*METRICS, *FAMILIES]
    assert list(frame.columns) == [field.name for field in fields(Metric)]


def test_a_family_has_a_column_for_each_of_its_things_and_none_for_no_thing() -> None:
    measured = [row | {"hp.lr": 0.1, "device_latency.pi:4": 12 if row["seed"] else None} for row in rows()]
    records = records_frame(measured)
    assert str(records["device_latency.pi:4"].dtype) == "float64"
    assert records["device_latency.pi:4"].isna().tolist() == [True, False, False] * 2
    # Beside the metrics, before the hyperparameters, and so again where it is read back.
    assert list(records.columns)[-2:] == ["device_latency.pi:4", "hp.lr"]
    pd.testing.assert_frame_equal(conformed(records), records)
    assert comparison.varied(records) == []
    assert metrics.header("device_latency.pi:4") == "Latency on pi:4 (ms)"
    for nameless in ("device_latency.", "device_latency", "device_latencypi"):
        with pytest.raises(BadInput, match=f"column {nameless} is neither a metric"):
            records_frame([row | {nameless: 1.0} for row in rows()])


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e9, max_value=1e9))
def test_a_setting_keeps_what_tells_two_values_apart(value: float) -> None:
    assert float(metrics.setting(value)) == pytest.approx(value, rel=1e-11)


def test_settings_that_are_not_numbers() -> None:
    assert [metrics.setting(v) for v in (True, 1.0, 0.0003, "halves", 2)] == ["True", "1", "0.0003", "halves", "2"]
