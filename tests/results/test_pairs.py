"""The single differences behind a paired comparison, against the frame that averages them."""

from __future__ import annotations

from typing import Any

import pytest

from results.comparison import paired_differences
from results.pairs import differences
from results.schema import records_frame


def record(algorithm: str, seed: int, test_error: float, **fields: Any) -> dict[str, Any]:
    row = {
        "trial": f"{algorithm}-{seed}",
        "status": "done",
        "algorithm": algorithm,
        "space": "nats",
        "protocol": "mini",
        "search_dataset": "cifar10",
        "eval_dataset": "cifar10",
        "evaluation": "trained",
        "seed": seed,
        "split_seed": 0,
        "test_error": test_error,
    }
    return row | fields


def test_differences_are_of_common_seeds_in_their_order_and_retrainings_count_as_their_mean() -> None:
    rows = [record("rarts", seed, 10.0 + seed) for seed in (3, 1, 2, 0)]
    rows += [record("darts1", seed, 12.0 + 3 * seed) for seed in (2, 1, 5)]
    rows += [record("rarts", 1, 14.0, trial="r", parent="rarts-1", eval_seed=1)]
    rows += [record("darts1", 3, 99.0, split_seed=1), record("darts1", 0, 99.0, status="diverged")]
    records = records_frame(rows)
    # Seed 1: (11 + 14) / 2 − 15; seed 2: 12 − 18.
    assert differences(records, paired_differences(records)).tolist() == [[-2.5, -6.0]]


def test_each_row_has_its_own_pairs_whose_mean_is_the_rows() -> None:
    """Also where a key is missing, and whatever rows are asked for."""
    rows = [
        record(algorithm, seed, place * 7.0 + seed**place, eval_dataset=name, search_dataset=searched)
        for place, algorithm in enumerate(("rarts", "darts1", "darts2"))
        for seed in range(4)
        for name in ("cifar10", "cifar100")
        for searched in ("cifar10", None)
    ]
    rows += [record("rarts", seed, 1.0, variant="lam = 2", eval_dataset="cifar100") for seed in range(2)]
    records = records_frame(rows)
    pairs = paired_differences(records)
    assert len(pairs) == 4 * 3 + 3
    found = differences(records, pairs)
    assert found.map(len).tolist() == pairs["n"].tolist()
    assert found.map(lambda values: sum(values) / len(values)).tolist() == pytest.approx(pairs["difference"].tolist())
    some = pairs[pairs["n"] == 2]
    assert differences(records, some).to_dict() == found[some.index].to_dict()


def test_no_pairs_have_no_differences() -> None:
    for records in (records_frame([]), records_frame([record("rarts", 0, 9.0)])):
        assert differences(records, paired_differences(records)).empty
