"""Means with their spread, and tests of whether two or more algorithms differ.

At the few seeds that searches afford, an interval says little: a bootstrap at n = 3 returns almost the range. Hence the
values travel with every summary, and a test that could not reject at 5 % whatever it saw gives no p.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

FEWEST_PAIRS = 6
"""With fewer pairs no outcome of a two-sided sign-flip test has p ≤ 0.05: its smallest p is 2 / 2ⁿ."""

RESAMPLES = 9999
"""Bootstrap samples, and the most sign flips; up to 13 pairs every flip is taken and p is exact."""


@dataclass(frozen=True)
class Summary:
    """Mean, standard deviation (ddof = 1) and 95 % bootstrap percentile interval of the mean, in the values' unit."""

    n: int
    mean: float
    sd: float
    low: float
    high: float
    values: tuple[float, ...]


@dataclass(frozen=True)
class Paired:
    """Mean of ``a − b`` over n pairs, its 95 % bootstrap percentile interval, and the sign-flip test's two-sided p."""

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

    ``sd`` is NaN at n = 1; the interval is the mean itself at n = 1 and where all values agree; all is NaN at n = 0.
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
    summary = summarise(differences)
    p = math.nan
    if summary.n >= FEWEST_PAIRS:
        test = stats.permutation_test(
            (differences,),
            np.mean,
            permutation_type="samples",
            vectorized=True,
            n_resamples=RESAMPLES,
            rng=np.random.default_rng(0),
        )
        p = float(test.pvalue)
    return Paired(summary.n, summary.mean, summary.low, summary.high, p)


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
    """The 95 % bootstrap percentile interval of the mean. Percentiles, because BCa fails where seeds agree."""
    if len(set(values)) == 1:
        mean = float(np.mean(values))
        return mean, mean
    interval = stats.bootstrap(
        (values,),
        np.mean,
        n_resamples=RESAMPLES,
        confidence_level=0.95,
        method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval
    return float(interval.low), float(interval.high)
