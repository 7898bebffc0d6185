"""Settings of a sweep: none is averaged with another, and importance is the variance that a parameter explains."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from described import described

from results.schema import records_frame
from results.sweeps import importance, objective, settings


def record(seed: int, error: float | None, **fields: Any) -> dict[str, Any]:
    return {
        "trial": f"{seed}-{sorted(fields.items())}",
        "status": "done",
        "algorithm": "rarts",
        **described("rarts"),
        "space": "nats",
        "protocol": "mini",
        "search_dataset": "digits",
        "eval_dataset": "digits",
        "evaluation": "trained",
        "seed": seed,
        "split_seed": 0,
        "test_error": error,
    } | fields


def test_each_setting_has_its_own_row_and_values_in_the_order_of_seeds() -> None:
    errors = {0.1: (10.0, 12.0), 0.01: (20.0, 24.0)}
    rows = [record(s, e, **{"hp.lr": lr}) for lr, both in errors.items() for s, e in zip((1, 0), both, strict=True)]
    rows += [record(5, 99.0, status="diverged", **{"hp.lr": 0.1}), record(6, 3.0, **{"hp.lr": None})]
    frame = settings(records_frame(rows), ["hp.lr"])
    assert frame[["n", "mean", "values", "best"]].to_numpy().tolist() == [
        [2, 22.0, [24.0, 20.0], False],
        [2, 11.0, [12.0, 10.0], False],
        [1, 3.0, [3.0], True],
    ]
    assert frame["hp.lr"].isna().tolist() == [False, False, True]  # unset is a setting too


def test_without_a_test_error_settings_compare_by_measured_latency() -> None:
    rows = [record(0, None, latency_ms=5.0, evaluation="none", **{"hp.lr": lr}) for lr in (0.1, 0.2)]
    assert objective(records_frame(rows)) == "latency_ms"
    assert objective(records_frame([record(0, None)])) == ""


def test_importance_finds_the_parameter_that_decides() -> None:
    pytest.importorskip("optuna", reason="optuna is not installed: importances are not computed")
    rng = np.random.default_rng(0)
    rows = [
        record(0, 10 * np.log10(a) + b + 0.01 * rng.standard_normal(), **{"hp.a": a, "hp.b": b, "hp.c": c})
        for a, b, c in itertools.product((0.1, 1.0, 10.0), (0.0, 1.0, 2.0), ("x", "y"))
    ]
    names = ["hp.a", "hp.b", "hp.c"]
    shares = importance(settings(records_frame(rows), names), names)
    assert shares is not None and next(iter(shares)) == "hp.a"
    assert shares["hp.a"] > 0.85 > 0.1 > shares["hp.c"]
    assert importance(settings(records_frame(rows[:11]), names), names) is None  # fewer than four settings a parameter
