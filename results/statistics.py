"""Means with their spread, and tests of whether two or more algorithms differ.

At the few seeds that searches afford, an interval says little. Hence the values travel with every summary, an interval
of fewer than five is not given, and a test that could not reject at 5 % whatever it saw gives no p. Intervals are
Student's: at n = 5 and 10, of normal values, a percentile bootstrap's 95 % covers the mean in 85 % and 90 % of samples.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

FEWEST_PAIRS = 6
"""With fewer pairs no outcome of a two-sided sign-flip test has p ≤ 0.05: its smallest p is 2 / 2ⁿ."""

FEW = 5
"""Below so many values an interval says less than the values themselves, and there is none."""

LEVEL = 0.05
"""A difference is called certain where its adjusted p is below this."""

POWER = 0.8
"""The power that "how many seeds would tell" asks for, as is usual."""

MOST_SEEDS = 200
"""Beyond so many seeds nobody searches: the number is then not given."""

RESAMPLES = 9999
"""The most sign flips; up to 13 pairs every flip is taken and p is exact."""


@dataclass(frozen=True)
class Summary:
    """Mean, standard deviation (ddof = 1) and Student's 95 % interval of the mean, in the values' unit."""

    n: int
    mean: float
    sd: float
    low: float
    high: float
    values: tuple[float, ...]


@dataclass(frozen=True)
class Paired:
    """Mean of ``a − b`` over n pairs, Student's 95 % interval of it, and the sign-flip test's two-sided p.

    Below ``FEW`` pairs there is no interval, and below ``FEWEST_PAIRS`` no p: both are NaN.
    """

    n: int
    difference: float
    low: float
    high: float
    p: float


@dataclass(frozen=True)
class Friedman:
    """Friedman's test over n blocks, each algorithm's mean rank (1 is the lowest value), and Nemenyi's pairwise p."""

    n: int
    statistic: float
    p: float
    ranks: dict[str, float]
    pairwise: pd.DataFrame


def summarise(values: Iterable[float]) -> Summary:
    """Summarise the values that are not missing, in their order.

    ``sd`` is NaN at n = 1, the interval below ``FEW`` values, all at n = 0. Of values that agree it is the mean itself.
    """
    kept = [float(value) for value in values if not pd.isna(value)]
    if not kept:
        return Summary(0, math.nan, math.nan, math.nan, math.nan, ())
    sd = float(np.std(kept, ddof=1)) if len(kept) > 1 else math.nan
    return Summary(len(kept), float(np.mean(kept)), sd, *_interval(kept), tuple(kept))


def paired(a: Sequence[float], b: Sequence[float]) -> Paired:
    """Compare ``a`` with ``b``, whose i-th values share a seed and hence their batches; pairs with a gap are left out.

    The test flips the signs of the differences and looks at their mean (Fisher's randomisation test), exact up to 13
    pairs. ``p`` is NaN below ``FEWEST_PAIRS``. Raises ``ValueError`` where the lengths differ.
    """
    differences = [float(x) - float(y) for x, y in zip(a, b, strict=True) if not (pd.isna(x) or pd.isna(y))]
    n, mean = len(differences), float(np.mean(differences)) if differences else math.nan
    low, high = _interval(differences)
    p = math.nan
    if n >= FEWEST_PAIRS:
        test = stats.permutation_test(
            (differences,),
            np.mean,
            permutation_type="samples",
            vectorized=True,
            n_resamples=RESAMPLES,
            rng=np.random.default_rng(0),
        )
        p = float(test.pvalue)
    return Paired(n, mean, low, high, p)


def holm(p: Sequence[float]) -> list[float]:
    """Holm's step-down adjustment of several p (Scandinavian Journal of Statistics 6, 1979).

    A missing p stays missing and is not counted: what was not tested can be no false alarm.
    """
    from statsmodels.stats.multitest import multipletests  # a second of CPU time that few commands need

    values = np.asarray(p, dtype=float)
    known = ~np.isnan(values)
    if known.any():
        values[known] = multipletests(values[known], method="holm")[1]
    return [float(value) for value in values]


def interquartile_mean(values: Iterable[float]) -> float:
    """The mean of the middle half, as in Agarwal et al. (NeurIPS 2021); NaN below ``FEW`` values.

    A quarter of the values, rounded down, is left out at either end.
    """
    kept = [float(value) for value in values if not pd.isna(value)]
    return float(stats.trim_mean(kept, 0.25)) if len(kept) >= FEW else math.nan


def improvement(a: Sequence[float], b: Sequence[float]) -> float:
    """The probability that a value of ``a`` is lower than one of ``b``, ties counting half (Agarwal et al., 2021).

    It looks at all pairs of values, whatever their seeds; NaN where either side has none.
    """
    first, second = (np.asarray([v for v in side if not pd.isna(v)], dtype=float) for side in (a, b))
    if not len(first) or not len(second):
        return math.nan
    below = first[:, None] < second[None, :]
    return float(np.mean(below + 0.5 * (first[:, None] == second[None, :])))


def seeds_needed(differences: Sequence[float], level: float = LEVEL, draws: int = 400) -> int | None:
    """How many pairs would show a mean difference like the one seen, at ``POWER``, by the sign-flip test at ``level``.

    Simulated: normal differences with the mean and standard deviation seen, ``draws`` times for each number of pairs,
    generator seeded with 0. None where fewer than two differences give no spread, where their mean is 0, and where
    even ``MOST_SEEDS`` pairs would not do.
    """
    known = np.asarray([d for d in differences if not pd.isna(d)], dtype=float)
    if len(known) < 2 or np.isclose(known.mean(), 0):
        return None
    mean, sd = abs(known.mean()), known.std(ddof=1)
    least = max(FEWEST_PAIRS, math.ceil(1 - math.log2(level)))  # the smallest p of n pairs is 2 / 2ⁿ
    if not sd > 0:
        return least
    low, high = least - 1, least
    while _power(high, mean / sd, level, draws) < POWER:
        if high >= MOST_SEEDS:
            return None
        low, high = high, min(2 * high, MOST_SEEDS)
    while high - low > 1:
        middle = (low + high) // 2
        enough = _power(middle, mean / sd, level, draws) >= POWER
        low, high = (low, middle) if enough else (middle, high)
    return high


def _power(n: int, effect: float, level: float, draws: int) -> float:
    """The share of simulated samples of ``n`` differences, of mean ``effect`` and deviation 1, that are significant.

    Up to 12 pairs by every flip of signs; beyond, by the t test, which the sign-flip test approaches.
    """
    samples = effect + np.random.default_rng(0).standard_normal((draws, n))
    if n > 12:
        return float(np.mean(stats.ttest_1samp(samples, 0, axis=1).pvalue <= level))
    flips = np.array([(1.0, *flip) for flip in itertools.product((1.0, -1.0), repeat=n - 1)])  # the rest mirrors them
    reached = np.abs(flips @ samples.T) >= np.abs(samples.sum(axis=1)) - 1e-9
    return float(np.mean(reached.mean(axis=0) <= level))


def friedman(frame: pd.DataFrame) -> Friedman | None:
    """Compare three or more algorithms (columns) over the blocks (rows: seeds or data sets) that have them all.

    None where fewer than three algorithms or two complete blocks leave nothing to test. Nemenyi's test is Demšar's
    (JMLR 7, 2006) recommendation after Friedman's.
    """
    # Imported here because it brings matplotlib and seaborn, which the command line must not load to start a run.
    from scikit_posthocs import posthoc_nemenyi_friedman

    complete = frame.dropna()
    if complete.shape[1] < 3 or len(complete) < 2:
        return None
    ranks = complete.rank(axis=1).mean()
    if complete.nunique(axis=1).eq(1).all():
        statistic, p = 0.0, 1.0  # nothing but ties, where the statistic's correction for ties divides 0 by 0
    else:
        statistic, p = map(float, stats.friedmanchisquare(*(complete[name] for name in complete)))
    pairwise = posthoc_nemenyi_friedman(complete)
    return Friedman(len(complete), statistic, p, {str(name): float(rank) for name, rank in ranks.items()}, pairwise)


def _interval(values: Sequence[float]) -> tuple[float, float]:
    """Student's 95 % interval of the mean; NaN below ``FEW`` values."""
    if len(values) < FEW:
        return math.nan, math.nan
    mean = float(np.mean(values))
    if len(set(values)) == 1:
        return mean, mean
    low, high = stats.t.interval(0.95, len(values) - 1, loc=mean, scale=stats.sem(values))
    return float(low), float(high)
