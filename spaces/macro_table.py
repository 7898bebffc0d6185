"""NAS-Bench-Macro's table: 6,561 networks, trained 50 epochs on CIFAR-10 with three seeds each.

Su et al., "Prioritized Architecture Sampling with Monto-Carlo Tree Search", CVPR 2021. It holds test accuracies alone,
and rows of one function have the same figures, for each function was trained once.
"""

from __future__ import annotations

import itertools
import math
from functools import cache, cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from results.errors import BadInput
from spaces.base import Everyone, Score
from spaces.macro_network import FORM, LAYERS, OPERATIONS, parse, same_function
from spaces.tabular import Columns, FileTable

EPOCHS = 50
DATASET = "cifar10"
SEEDS = tuple(f"{DATASET}_test_{seed}" for seed in range(3))
MEAN = f"{DATASET}_test"
"""The objective: the mean over the seeds, percent, rounded to six decimals so that float32 makes no order."""
HOW_TO_GET = (
    "make it of nas-bench-macro_cifar10.json from https://github.com/xiusu/NAS-Bench-Macro: a row for each network, "
    "columns arch, cifar10_test_0 to cifar10_test_2 (percent), params, flops"
)


@cache
def every_network() -> frozenset[str]:
    """The text form of all 6,561 networks."""
    return frozenset(map("".join, itertools.product("012"[: len(OPERATIONS)], repeat=LAYERS)))


class MacroTable(FileTable):
    """The table in one .parquet or .csv file. Raises as ``FileTable`` does, and for figures that are not published."""

    columns = Columns(
        title="NAS-Bench-Macro table",
        genotype="network of NAS-Bench-Macro",
        rows="networks",
        form=FORM,
        every=every_network,
        accuracies=SEEDS,
        others=("params", "flops"),
        how_to_get=HOW_TO_GET,
        published="40f0917bc896",
    )

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._seeds = np.stack([self.values(name) for name in SEEDS], axis=1)
        self._means = dict(zip(self.genotypes, self._seeds.mean(1).round(6).tolist(), strict=True))

    def figure(self, genotype: str, column: str) -> float:
        """See Ranked; ``MEAN`` besides."""
        own = super().figure(genotype, column)
        return self._means[genotype] if column == MEAN else own

    def column(self, name: str) -> NDArray[np.float64]:
        """See Ranked; ``MEAN`` besides."""
        return self._objective if name == MEAN else super().column(name)

    @cached_property
    def _objective(self) -> NDArray[np.float64]:
        return np.sort(np.array(list(self._means.values())))

    @cached_property
    def noise(self) -> float:
        """Standard error of the difference between two networks' means over the seeds, points.

        From the variance over the three seeds (ddof 1), averaged over the functions, each once.
        """
        distinct = [row for row, genotype in enumerate(self.genotypes) if same_function(genotype) == genotype]
        variance = self._seeds[distinct].var(axis=1, ddof=1).mean()
        return math.sqrt(2 * float(variance) / len(SEEDS))

    def everyone(self, dataset: str) -> Everyone:
        """All networks, by their mean over the seeds."""
        error = 100 - np.array([self._means[genotype] for genotype in self.genotypes])
        return Everyone(self.genotypes, error, {name: self.values(name) for name in ("params", "flops")})

    def score(self, genotype: str, dataset: str, epochs: int | None = None) -> Score:
        """What ``genotype`` reaches after 50 epochs, the mean over three seeds; no validation accuracy, no latency.

        Raises
        ------
        BadInput
            For a malformed genotype, another data set and another training length.
        """
        if dataset != DATASET or epochs not in (None, EPOCHS):
            raise BadInput(f"NAS-Bench-Macro has figures on CIFAR-10 after {EPOCHS} epochs alone: ask for those")
        parse(genotype)
        test = self.figure(genotype, MEAN)
        rank, percentile, regret = self.standing(test, MEAN)
        return Score(
            test_accuracy=test,
            val_accuracy=math.nan,
            rank=rank,
            percentile=percentile,
            regret=regret,
            params=self.figure(genotype, "params"),
            flops=self.figure(genotype, "flops"),
            latency_ms=math.nan,
            cost_seconds=None,
            source=f"{self.description}, {EPOCHS} epochs, {len(SEEDS)} seeds",
            noise=self.noise,
        )
