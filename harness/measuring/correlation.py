"""How well a score ranks a space's architectures: rank correlation with the table's accuracy over a random sample.

Scores that need no training are compared with what the table says after it, each architecture's function counted once.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from scipy import stats

from algorithms.zero_cost import SCORES, ScoreName
from harness.data import Dataset, evaluation_batches, generator
from harness.training.stand_alone import fresh_network
from results.errors import BadInput
from spaces.base import Batch
from spaces.contracts import Tabular

FEWEST = 3
"""With fewer architectures there is nothing to rank."""

FEW = 10
"""Below so many a bootstrap interval says nothing, and none is given."""

RESAMPLES = 1000

Progress = Callable[[Sequence[str]], Iterable[str]]
"""Shows how far an iteration is."""

Ranks = NDArray[np.float64]

Statistic = Callable[..., float]
"""A number from two or three lists of ranks of the same architectures."""


@dataclass(frozen=True)
class Correlation:
    """Rank correlations of one score with the table's accuracy over ``n`` architectures, each with its 95 % interval.

    ``seconds`` is the mean time of a score, its network's making left out. ``behind`` is by how much its |τ| is below
    that of the strongest score, over the same architectures. NaN stands where there is no such figure.
    """

    score: str
    n: int
    kendall: float
    kendall_low: float
    kendall_high: float
    spearman: float
    spearman_low: float
    spearman_high: float
    seconds: float
    behind: float = math.nan
    behind_low: float = math.nan
    behind_high: float = math.nan


def sample(space: Tabular, count: int, seed: int) -> list[str]:
    """``count`` genotypes drawn uniformly from the space's functions, no two of one; the first by name stands for each.

    Raises
    ------
    BadInput
        Where the space has fewer functions, or fewer than ``FEWEST`` are asked for.
    """
    if count < FEWEST:
        raise BadInput(f"--cells {count}: a rank correlation needs at least {FEWEST}")
    first: dict[str, str] = {}
    for genotype in sorted(space.every()):
        first.setdefault(space.function_of(genotype), genotype)
    if count > len(first):
        raise BadInput(
            f"--cells {count}: the space {space.name} has {len(first):,} architectures that differ as functions; "
            "ask for at most that many"
        )
    distinct = list(first.values())
    drawn = torch.randperm(len(distinct), generator=generator(seed, "correlate.cells"))[:count]
    return [distinct[i] for i in drawn.tolist()]


def one_batch(data: Dataset, size: int, seed: int, device: torch.device) -> Batch:
    """``size`` training images drawn by ``seed``, normalised, not augmented: what every score sees.

    Raises
    ------
    BadInput
        Where there are not so many.
    """
    if size > len(data.train_y):
        raise BadInput(f"--batch-size {size}: {data.name} has {len(data.train_y):,} training images")
    drawn = torch.randperm(len(data.train_y), generator=generator(seed, "correlate.images"))[:size]
    return next(evaluation_batches(data.train_x[drawn], data.train_y[drawn], size, data.mean, data.std, device))


def score_all(
    space: Tabular, genotypes: Sequence[str], names: Sequence[ScoreName], batch: Batch, seed: int, progress: Progress
) -> pd.DataFrame:
    """A row a genotype: ``arch``, each score, and the ``{score}_seconds`` it took. All networks start from ``seed``."""
    rows: list[dict[str, object]] = []
    for genotype in progress(genotypes):
        row: dict[str, object] = {"arch": genotype}
        network = fresh_network(space, genotype, seed, batch.x.device)
        for name in names:
            start = time.perf_counter()
            row[name] = SCORES[name].of(network, batch)
            row[f"{name}_seconds"] = time.perf_counter() - start
        rows.append(row)
    return pd.DataFrame(rows)


def judged(space: Tabular, genotypes: Sequence[str], dataset: str) -> pd.DataFrame:
    """A row a genotype: ``arch``, and the table's ``test_accuracy``, percent, after its longest training."""
    found = [space.score(genotype, dataset) for genotype in genotypes]
    accuracies = [math.nan if score is None else score.test_accuracy for score in found]
    return pd.DataFrame({"arch": genotypes, "test_accuracy": accuracies})


def beside(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """One frame of several that have a row a genotype each."""
    return pd.concat([frame.set_index("arch") for frame in frames], axis=1).reset_index()


def ranked(frame: pd.DataFrame, seed: int) -> list[Correlation]:
    """Each score's correlations with ``test_accuracy``, the strongest first, and how far behind it the others are."""
    truth = frame["test_accuracy"].tolist()
    names = [name.removesuffix("_seconds") for name in frame.columns.astype(str) if name.endswith("_seconds")]
    found = [
        correlate(name, frame[name].tolist(), truth, float(frame[f"{name}_seconds"].mean()), seed) for name in names
    ]
    found.sort(key=lambda row: -1.0 if math.isnan(row.kendall) else abs(row.kendall), reverse=True)
    best, *others = found
    strongest = frame[best.score].tolist()
    return [best, *(compared(row, frame[row.score].tolist(), strongest, truth, seed) for row in others)]


def correlate(name: str, values: Sequence[float], truth: Sequence[float], seconds: float, seed: int) -> Correlation:
    """One score's correlations. An architecture whose score is no number is left out of them, and of ``n``."""
    kept = np.array([not np.isnan(value) for value in values])
    # Ranks, for −∞ is a score; a rank correlation does not see the difference.
    ours, table = (stats.rankdata(np.asarray(side, dtype=float)[kept]) for side in (values, truth))
    kendall = _with_interval(_kendall, (ours, table), seed)
    spearman = _with_interval(_spearman, (ours, table), seed)
    return Correlation(name, int(kept.sum()), *kendall, *spearman, seconds)


def compared(
    row: Correlation, own: Sequence[float], best: Sequence[float], truth: Sequence[float], seed: int
) -> Correlation:
    """``row`` with how far its score is behind the strongest one, over the architectures that both have a score of.

    Scores of the same architectures are no independent samples: the interval is of the difference, and one that holds 0
    does not tell the two apart.
    """
    kept = ~(np.isnan(np.asarray(own, dtype=float)) | np.isnan(np.asarray(best, dtype=float)))
    ranks = [stats.rankdata(np.asarray(side, dtype=float)[kept]) for side in (best, own, truth)]

    def behind(best: Ranks, own: Ranks, truth: Ranks) -> float:
        return abs(_kendall(best, truth)) - abs(_kendall(own, truth))

    value, low, high = _with_interval(behind, ranks, seed)
    return replace(row, behind=value, behind_low=low, behind_high=high)


def _kendall(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """τ-b, which allows for ties; NaN where one side is all ties."""
    return float(stats.kendalltau(a, b).statistic)


def _spearman(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    return float(stats.spearmanr(a, b).statistic) if np.ptp(a) and np.ptp(b) else float("nan")


def _with_interval(statistic: Statistic, sides: Sequence[Ranks], seed: int) -> tuple[float, float, float]:
    """A statistic and the ends of its 95 % percentile interval, architectures drawn with replacement."""
    value = statistic(*sides) if len(sides[0]) >= FEWEST else float("nan")
    if len(sides[0]) < FEW or np.isnan(value):
        return value, float("nan"), float("nan")
    interval = stats.bootstrap(
        tuple(sides),
        statistic,
        paired=True,
        vectorized=False,
        n_resamples=RESAMPLES,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return value, float(interval.low), float(interval.high)
