"""The frames that records and history are, and how skips are counted."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.schema import COLUMNS, HISTORY_COLUMNS, history_frame, records_frame, skip_ratios

OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")


def edges(*operations: str) -> list[dict[str, object]]:
    return [{"cell": "cell", "operation": operation} for operation in operations]


def test_the_cell_that_table_4_calls_all_skips_has_five_of_six() -> None:
    assert skip_ratios(edges(*["skip_connect"] * 5, "none")) == (1.0, 5 / 6, 1)


def test_a_cell_without_any_operation_has_no_skip_ratio() -> None:
    ratio, of_all, nones = skip_ratios(edges(*["none"] * 6))
    assert math.isnan(ratio)
    assert (of_all, nones) == (0.0, 6)
    assert all(math.isnan(value) for value in skip_ratios([])[:2])


@given(st.lists(st.sampled_from(OPERATIONS), min_size=1, max_size=14))
def test_both_ratios_count_the_same_skips(operations: list[str]) -> None:
    ratio, of_all, nones = skip_ratios(edges(*operations))
    kept = len(operations) - nones
    assert of_all * len(operations) == pytest.approx(operations.count("skip_connect"))
    assert kept == 0 or ratio * kept == pytest.approx(of_all * len(operations))


def test_frames_have_every_column_in_its_type_even_without_a_row() -> None:
    for frame, columns in ((records_frame([]), COLUMNS), (history_frame([]), HISTORY_COLUMNS)):
        assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == columns


def test_hyperparameters_come_after_the_columns_in_the_plainest_type() -> None:
    rows = [
        {"trial": "a", "hp.lr": 0.1, "hp.epochs": 50, "hp.momentum": 1, "hp.nesterov": True, "hp.betas": [0.9, 0.999]},
        {"trial": "b", "hp.lr": 1, "hp.epochs": 50, "hp.random.k": 7, "hp.betas": [0.5, 0.999], "hp.budget": "3 h"},
        {"trial": "c", "hp.lr": 0.3, "hp.epochs": 60, "hp.budget": 4},
    ]
    frame = records_frame(rows)
    assert list(frame.columns[: len(COLUMNS)]) == list(COLUMNS)
    extra = frame[frame.columns[len(COLUMNS) :]]
    assert {name: str(dtype) for name, dtype in extra.dtypes.items()} == {
        "hp.lr": "float64",
        "hp.epochs": "int64",
        "hp.momentum": "Int64",
        "hp.nesterov": "boolean",
        "hp.betas": "str",
        "hp.random.k": "Int64",
        "hp.budget": "str",
    }
    assert frame["hp.betas"].dropna().tolist() == ["[0.9, 0.999]", "[0.5, 0.999]"]
    assert frame["hp.budget"].dropna().tolist() == ["3 h", "4"]
    assert frame["variant"].tolist() == ["", "", ""]
    assert frame["hp.nesterov"].isna().tolist() == [False, True, True]


def test_a_fraction_where_a_size_belongs_is_refused() -> None:
    with pytest.raises((TypeError, ValueError)):
        records_frame([{"seed": 0.5}])


def test_every_missing_value_is_missing_whatever_it_was_written_as() -> None:
    frame = records_frame([{"seed": gone, "test_error": gone, "error": gone} for gone in (None, math.nan, pd.NA)])
    assert frame[["seed", "test_error", "error"]].isna().to_numpy().all()
