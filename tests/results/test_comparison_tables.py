"""What a report's tables say of records that are small enough to work out by hand."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest
from described import done
from hypothesis import given, settings
from hypothesis import strategies as st

from results import comparison, pairs
from results.answer import answer
from results.schema import history_frame, records_frame


def record(algorithm: str, seed: int, test_error: float | None = None, **fields: Any) -> dict[str, Any]:
    trial = f"{algorithm}-{fields.get('variant', '')}-{fields.get('protocol', '')}-{seed}"
    return done(algorithm, seed, **{"trial": trial, "test_error": test_error, **fields})


def lost(algorithm: str, seed: int, status: str, **fields: Any) -> dict[str, Any]:
    return record(algorithm, seed, status=status, eval_dataset=None, evaluation=None, **fields)


def rows_of(frame: pd.DataFrame, *columns: str) -> list[list[Any]]:
    return frame[list(columns)].astype(object).to_numpy().tolist()


def test_means_are_over_done_searches_in_the_order_of_seeds_and_losses_are_counted() -> None:
    records = records_frame(
        [
            record("rarts", 2, 14.0, rank=3, regret=5.0, percentile_in_space=40.0, skip_ratio=1.0, val_error=20.0),
            record("rarts", 0, 10.0, rank=1, regret=1.0, percentile_in_space=60.0, skip_ratio=0.0, val_error=10.0),
            record("rarts", 1, 90.0, status="diverged"),
            lost("rarts", 3, "failed"),
            lost("rarts", 4, "failed"),
        ]
    )
    row = comparison.comparison(records).iloc[0]
    assert (row["n"], row["n_diverged"], row["n_failed"]) == (2, 1, 2)
    assert row["test_error_values"] == [10.0, 14.0]
    assert (row["test_error_mean"], row["test_error_sd"]) == pytest.approx((12.0, math.sqrt(8)))
    assert (row["rank_mean"], row["regret_mean"], row["percentile_mean"]) == (2.0, 3.0, 50.0)
    assert (row["skip_ratio_mean"], row["val_error_mean"]) == (0.5, 15.0)


def test_trials_are_counted_once_however_many_data_sets_they_name() -> None:
    sets = ("cifar10", "cifar100")
    rows = [record("rarts", seed, 10.0, eval_dataset=name) for seed in range(3) for name in sets]
    rows += [record("rarts", 3, status="diverged", eval_dataset=name) for name in sets]
    frame = comparison.comparison(records_frame(rows))
    assert rows_of(frame, "eval_dataset", "n", "n_diverged") == [["cifar10", 3, 1], ["cifar100", 3, 1]]


def test_a_method_of_which_nothing_ended_is_shown_beside_the_others() -> None:
    rows = [record("rarts", 0, 10.0, eval_dataset=name) for name in ("cifar10", "cifar100")]
    rows += [lost("darts2", seed, "failed") for seed in range(2)]
    frame = comparison.comparison(records_frame(rows))
    assert rows_of(frame[frame["algorithm"] == "darts2"], "eval_dataset", "n", "n_failed") == [
        ["cifar10", 0, 2],
        ["cifar100", 0, 2],
    ]
    alone = comparison.comparison(records_frame([lost("darts2", 0, "failed")]))
    assert rows_of(alone, "algorithm", "n", "n_failed") == [["darts2", 0, 1]]
    assert alone["eval_dataset"].isna().all()


@pytest.mark.parametrize("column", ["protocol", "space", "search_dataset", "eval_dataset", "evaluation", "variant"])
def test_different_things_are_never_averaged(column: str) -> None:
    rows = [
        record("rarts", 0, 10.0, **{column: "one"}, trial="a"),
        record("rarts", 1, 20.0, **{column: "two"}, trial="b"),
    ]
    records = records_frame(rows)
    assert rows_of(comparison.comparison(records), column, "n", "test_error_mean") == [
        ["one", 1, 10.0],
        ["two", 1, 20.0],
    ]


def test_retrainings_of_one_search_count_as_their_mean() -> None:
    trained = {"evaluation": "trained", "space": "darts"}
    rows = [record("rarts", 0, evaluation="none", space="darts", trial="s0", search_macs=8.0)]
    rows += [
        record("rarts", 0, error, trial=f"e{i}", parent="s0", eval_seed=i, search_macs=99.0, **trained)
        for i, error in enumerate((3.0, 4.0, 5.0))
    ]
    rows += [record("rarts", 1, 10.0, trial="e3", parent="s1", eval_seed=0, **trained)]
    records = records_frame(rows)
    rows_by_kind = comparison.comparison(records).set_index("evaluation").to_dict("index")
    row = rows_by_kind["trained"]
    assert (row["n"], row["test_error_mean"], row["test_error_values"]) == (2, 7.0, [4.0, 10.0])
    assert row["retraining_sd"] == pytest.approx(1.0)
    assert math.isnan(rows_by_kind["none"]["test_error_mean"])
    assert rows_of(comparison.cost(records), "n", "search_macs_mean") == [[1, 8.0]]


def test_published_figures_stand_beside_and_change_nothing() -> None:
    rows = [record("darts1", 0, 50.0), record("rarts", 0, 60.0, eval_dataset="cifar100"), record("rarts", 1, 1.0)]
    rows += [record("random", 0, 5.0), record("darts1", 1, 2.0, space="other")]
    frame = comparison.comparison(records_frame(rows))
    shown = ["space", "algorithm", "eval_dataset", "test_error_mean", "published_error", "published_skip_ratio"]
    known = frame["published_error"].notna()
    assert rows_of(frame[known], *shown, "published_source") == [
        ["nats", "darts1", "cifar10", 50.0, 40.16, 1.0, "quoted"],
        ["nats", "rarts", "cifar100", 60.0, 32.37, 0.0, "authors"],
        ["nats", "rarts", "cifar10", 1.0, 11.48, 0.0, "authors"],
    ]
    assert rows_of(frame[~known], *shown[:4]) == [
        ["nats", "random", "cifar10", 5.0],
        ["other", "darts1", "cifar10", 2.0],
    ]
    assert frame.loc[~known, "published_source"].isna().all()


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 10**6), st.integers(1, 500), st.integers(2, 5))
def test_cost_ratios_are_those_of_the_passes(macs: int, steps: int, seeds: int) -> None:
    """Second-order DARTS at 2.6 times the multiply-adds of first-order DARTS an iteration, whatever their number."""
    rows = []
    for seed, name in ((seed, name) for seed in range(seeds) for name in ("cifar10", "cifar100", "imagenet16")):
        for algorithm, passes, work in (("darts1", 2, 5), ("darts2", 5, 13), ("rarts", 3, 9)):
            # Seeds run for different lengths: the ratio is of the means, not the mean of the ratios.
            length = steps * (seed + 1)
            spent = {
                "search_macs": work * macs * length,
                "forwards": passes * length,
                "search_seconds": 2.0 * work * length,
            }
            rows.append(record(algorithm, seed, 10.0, eval_dataset=name, **spent))
    frame = comparison.cost(records_frame(rows)).set_index("algorithm")
    assert frame["n"].tolist() == [seeds] * 3
    assert frame["macs_ratio"].to_dict() == pytest.approx({"darts1": 1.0, "darts2": 2.6, "rarts": 1.8})
    assert frame["seconds_ratio"].to_dict() == pytest.approx({"darts1": 1.0, "darts2": 2.6, "rarts": 1.8})
    assert frame.loc["rarts", "forwards_mean"] == pytest.approx(3 * steps * (seeds + 1) / 2)


def test_a_cost_has_a_ratio_only_to_darts_of_its_own_setting() -> None:
    rows = [record("darts1", 0, 1.0, search_macs=10.0), record("rarts", 0, 1.0, search_macs=15.0)]
    rows += [record("rarts", 0, 1.0, search_macs=90.0, protocol="quick")]
    rows += [record("darts1", 0, 1.0, search_macs=30.0, variant="lr = 1")]
    rows += [record("darts1", 9, search_macs=1e9, status="diverged")]
    frame = comparison.cost(records_frame(rows)).set_index(["protocol", "algorithm", "variant"])
    ratios = frame["macs_ratio"]
    assert ratios.dropna().to_dict() == {
        ("mini", "darts1", ""): 1.0,
        ("mini", "rarts", ""): 1.5,
        ("mini", "darts1", "lr = 1"): 3.0,
    }
    assert math.isnan(ratios["quick", "rarts", ""])


def test_pairs_are_of_common_seeds_on_the_same_split() -> None:
    rows = [record("rarts", seed, 10.0 + seed) for seed in (3, 1, 2, 0)]
    rows += [record("darts1", seed, 12.0 + 3 * seed) for seed in (1, 2, 5)]
    rows += [record("darts1", 3, 99.0, split_seed=1), record("darts1", 0, 99.0, status="diverged")]
    frame = pairs.frame(pairs.compare(records_frame(rows)))
    assert rows_of(frame, "algorithm_a", "algorithm_b", "n", "difference") == [["rarts", "darts1", 2, -5.0]]
    assert frame[["low", "high", "p"]].isna().all(axis=None)  # two differences have no interval
    assert frame["values"].tolist() == [[-4.0, -6.0]]


def test_every_two_methods_are_paired_within_a_measure() -> None:
    rows = [
        record(algorithm, seed, 10.0 * place + seed, eval_dataset=name)
        for place, algorithm in enumerate(("rarts", "darts1", "darts2"))
        for seed in range(6)
        for name in ("cifar10", "cifar100")
    ]
    verdicts = answer(records_frame(rows)).verdicts
    assert [verdict.dataset for verdict in verdicts] == ["cifar10", "cifar100"]
    for verdict in verdicts:
        frame = pairs.frame(verdict.pairs)
        expected = [["rarts", "darts1", -10.0], ["rarts", "darts2", -20.0], ["darts1", "darts2", -10.0]]
        assert rows_of(frame, "algorithm_a", "algorithm_b", "difference") == expected
        assert frame["p"].tolist() == pytest.approx([2 / 2**6] * 3)
        assert frame["adjusted"].tolist() == pytest.approx([3 * 2 / 2**6] * 3)


def test_what_varies_is_what_differs_within_one_method() -> None:
    rows = [
        {**record("rarts", seed, 10.0), "hp.lr": 0.1, "hp.rarts.lam": lam, "hp.epochs": 50, "protocol": protocol}
        for seed, (lam, protocol) in enumerate([(1.0, "mini"), (2.0, "mini"), (1.0, "quick")])
    ]
    rows += [{**record("darts1", 0, 10.0), "hp.lr": 0.3, "hp.epochs": 20, "protocol": "quick"}]
    assert comparison.varied(records_frame(rows)) == ["hp.rarts.lam"]
    assert comparison.varied(records_frame(rows[1:])) == []


def test_unset_is_a_value_that_varies() -> None:
    rows = [
        {**record("rarts", 0, 10.0), "hp.space.prc": None},
        {**record("rarts", 0, 10.0, trial="b"), "hp.space.prc": 0.4},
    ]
    assert comparison.varied(records_frame(rows)) == ["hp.space.prc"]


def test_a_retraining_has_its_searchs_hyperparameters_and_one_without_it_varies_nothing() -> None:
    rows = [{**record("rarts", 0, 10.0), "hp.lr": 0.1}, {**record("rarts", 1, 10.0, trial="b"), "hp.lr": 0.1}]
    retrained = record("rarts", 0, 11.0, trial="c", parent="b", evaluation="trained")
    orphan = record("rarts", 0, 11.0, trial="d", parent="elsewhere", evaluation="trained")
    records = records_frame([*rows, {**retrained, "hp.evaluation.epochs": 20}, {**orphan, "hp.evaluation.epochs": 20}])
    assert comparison.inherited(records)["hp.lr"].fillna(0).tolist() == [0.1, 0.1, 0.1, 0]
    assert comparison.varied(records) == []
    records.loc[records["trial"] == "b", "hp.lr"] = 0.2
    assert comparison.varied(records) == ["hp.lr"]


def priced(seed: int, device: str, latency: str, table: str = "1a") -> dict[str, Any]:
    source = f"ms.parquet: {device}; R² 0.9; table {table}"
    return record("rarts", seed, 10.0, **{"hp.space.latency": latency, "hp.space.latency_source": source})


def test_latencies_of_a_device_are_called_by_the_device() -> None:
    rows = [priced(0, "pi", "[1, 2]"), priced(1, "phone", "[2, 1]")]
    assert comparison.varied(records_frame(rows)) == ["hp.space.latency_source"]
    named = comparison.by_configuration(records_frame(rows))
    assert named["variant"].tolist() == ["latency_source = pi", "latency_source = phone"]


def test_two_tables_of_one_name_stay_two_settings() -> None:
    rows = [priced(0, "pi", "[1, 2]"), priced(1, "pi", "[1, 3]", table="2b")]
    assert comparison.varied(records_frame(rows)) == ["hp.space.latency", "hp.space.latency_source"]
    assert comparison.by_configuration(records_frame(rows))["variant"].nunique() == 2


def test_anytime_is_a_row_per_search_epoch_and_data_set() -> None:
    records = records_frame(
        [record("rarts", 0, 10.0, eval_dataset=name, trial="a") for name in ("cifar10", "cifar100")]
        + [record("rarts", 1, status="diverged", trial="b")]
    )
    history = history_frame(
        {"trial": trial, "epoch": epoch, "search_macs": 5.0 * epoch, "table_accuracy.cifar10": 80.0 + epoch, **more}
        for trial in ("a", "b")
        for epoch, more in ((0, {}), (1, {"table_accuracy.cifar100": 60.0}))
    )
    frame = comparison.anytime(history, records)
    assert rows_of(frame, "trial", "algorithm", "seed", "dataset", "epoch", "search_macs", "table_accuracy") == [
        ["a", "rarts", 0, "cifar10", 0, 0.0, 80.0],
        ["a", "rarts", 0, "cifar10", 1, 5.0, 81.0],
        ["a", "rarts", 0, "cifar100", 1, 5.0, 60.0],
    ]


def test_no_records_give_empty_tables() -> None:
    empty = records_frame([])
    for table in (comparison.comparison, comparison.cost):
        assert table(empty).empty
    assert comparison.varied(empty) == []
    assert comparison.anytime(history_frame([]), empty).empty
