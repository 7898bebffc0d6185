"""Statistics against slow oracles that enumerate what the library samples, and against published constants."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from results.statistics import FEW, FEWEST_PAIRS, friedman, paired, summarise

PERCENT = st.integers(0, 10_000).map(lambda hundredths: hundredths / 100)


@pytest.mark.parametrize(("n", "quantile"), [(5, 2.776), (6, 2.571), (10, 2.262), (30, 2.045)])
def test_the_interval_is_students(n: int, quantile: float) -> None:
    """Against the printed table of t at 97.5 % with n − 1 degrees of freedom."""
    values = np.random.default_rng(n).normal(7, 2, n)
    summary = summarise(values)
    half = quantile * summary.sd / math.sqrt(n)
    assert (summary.low, summary.high) == pytest.approx((summary.mean - half, summary.mean + half), abs=1e-3)


def test_the_interval_covers_the_mean_as_often_as_it_says() -> None:
    """Of 2,000 samples of six normal values; a percentile bootstrap's does in 86 %."""
    samples = np.random.default_rng(0).normal(7, 2, (2000, 6))
    covered = np.mean([summary.low <= 7 <= summary.high for summary in map(summarise, samples)])
    assert covered == pytest.approx(0.95, abs=4 * math.sqrt(0.95 * 0.05 / 2000))


@given(st.lists(PERCENT, min_size=1, max_size=FEW - 1))
def test_few_values_have_no_interval(values: list[float]) -> None:
    summary, test = summarise(values), paired(values, [0.0] * len(values))
    assert all(math.isnan(end) for end in (summary.low, summary.high, test.low, test.high))


@given(st.lists(PERCENT, min_size=2, max_size=6))
def test_a_summary_is_the_textbooks(values: list[float]) -> None:
    summary = summarise(values)
    mean = math.fsum(values) / len(values)
    assert summary.mean == pytest.approx(mean)
    assert summary.sd**2 == pytest.approx(math.fsum((v - mean) ** 2 for v in values) / (len(values) - 1))
    assert summary.values == tuple(values)  # noqa: PD011 - a Summary's, not a Series'
    assert summary == summarise(values)


@pytest.mark.parametrize("values", [[7.5] * 5, [0.1] * 6])
def test_values_that_agree_have_an_interval_of_one_point(values: list[float]) -> None:
    summary = summarise(values)
    assert summary.low == summary.high == summary.mean == pytest.approx(values[0])
    assert summary.sd == pytest.approx(0)
    assert math.isnan(summarise(values[:1]).sd)


def test_missing_values_are_not_counted() -> None:
    assert summarise([1.0, math.nan, 3.0]) == summarise([1.0, 3.0])
    assert summarise(pd.array([1, None, 3], dtype="Int64")) == summarise([1.0, 3.0])
    nothing = summarise([math.nan])
    assert (nothing.n, nothing.values) == (0, ())  # noqa: PD011
    assert all(math.isnan(x) for x in (nothing.mean, nothing.sd, nothing.low, nothing.high))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=FEWEST_PAIRS, max_size=9))
def test_the_paired_test_counts_every_flip_of_signs(pairs: list[tuple[int, int]]) -> None:
    a, b = zip(*pairs, strict=True)
    differences = [x - y for x, y in pairs]
    flips = itertools.product((-1, 1), repeat=len(pairs))
    sums = [abs(sum(s * d for s, d in zip(signs, differences, strict=True))) for signs in flips]
    share = sum(total >= abs(sum(differences)) for total in sums) / len(sums)
    test = paired(a, b)
    assert test.p == pytest.approx(share)
    assert test.difference == pytest.approx(sum(differences) / len(pairs))
    back = paired(b, a)
    assert (back.difference, back.p) == pytest.approx((-test.difference, test.p))


def test_six_pairs_can_reject_and_five_give_no_p() -> None:
    better, worse = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [2.0, 4.0, 6.0, 8.0, 10.0, 12.0]
    assert paired(better, worse).p == pytest.approx(2 / 2**6)
    five = paired(better[:5], worse[:5])
    assert math.isnan(five.p)
    assert (five.n, five.difference) == (5, -3.0)


def test_a_pair_with_a_gap_is_left_out() -> None:
    test = paired([1.0, math.nan, 5.0, 4.0], [0.0, 1.0, 3.0, math.nan])
    assert (test.n, test.difference) == (2, 1.5)
    with pytest.raises(ValueError, match="zip"):
        paired([1.0], [1.0, 2.0])


@pytest.mark.parametrize("blocks", [2, 5, 10])
def test_friedman_where_every_block_agrees(blocks: int) -> None:
    """χ² = 12 / (n k (k + 1)) · Σ (n R)² − 3 n (k + 1), which at k = 3 and ranks 1, 2, 3 is 2 n."""
    frame = pd.DataFrame({"a": range(blocks), "b": range(10, 10 + blocks), "c": range(20, 20 + blocks)})
    test = friedman(frame)
    assert test is not None
    assert test.statistic == pytest.approx(2 * blocks)
    assert test.p == pytest.approx(math.exp(-blocks))  # χ² with two degrees of freedom
    assert test.ranks == {"a": 1.0, "b": 2.0, "c": 3.0}


def test_nemenyi_rejects_at_demsars_critical_difference() -> None:
    """Demšar's Table 5: q₀.₀₅ = 2.343 at k = 3, so ranks one apart, q = √(n / 2), differ from n = 11 on."""
    p = {}
    for blocks in (10, 11):
        test = friedman(pd.DataFrame({name: np.arange(blocks) + 100.0 * i for i, name in enumerate("abc")}))
        assert test is not None
        p[blocks] = test.pairwise.to_numpy()[0, 1]
    assert p[10] > 0.05 > p[11]


def test_friedman_without_any_difference_and_without_enough_to_test() -> None:
    test = friedman(pd.DataFrame({name: [1.0, 2.0] for name in "abc"}))
    assert test is not None
    assert (test.statistic, test.p) == (0.0, 1.0)
    assert test.pairwise.to_numpy().min() == pytest.approx(1)
    whole = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [2.0, 3.0, 1.0], "c": [3.0, 1.0, 2.0]})
    assert friedman(whole[["a", "b"]]) is None
    assert friedman(whole.mask(whole == 3.0)) is None
