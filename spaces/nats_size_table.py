"""NATS-Bench's size table: 32,768 settings of widths, trained 90 epochs on three data sets with one seed."""

from __future__ import annotations

import itertools
import math
from functools import cache

from results.errors import BadInput
from spaces.base import Everyone, Score
from spaces.nats_benchmark import DATASETS, everyone
from spaces.nats_size_network import FORM, LAYERS, WIDTHS, parse_widths, text_of
from spaces.tabular import Columns, FileTable, Ranked

EPOCHS = 90
ACCURACIES = tuple(f"{dataset}_test_{EPOCHS}" for dataset in DATASETS)
HOW_TO_GET = (
    "give the folder of NATS-sss-v1_0-50262-simple (https://github.com/D-X-Y/NATS-Bench), or a file with a row for "
    "each setting: arch and, of cifar10, cifar100 and ImageNet16-120, _test_90 (percent), _params, _flops_M"
)


@cache
def every_setting() -> frozenset[str]:
    """The text form of all 32,768 settings."""
    return frozenset(map(text_of, itertools.product(WIDTHS, repeat=LAYERS)))


class SizeScores(Ranked):
    """Answers for settings of widths, in whatever form the benchmark's figures are kept."""

    def score(self, genotype: str, dataset: str, epochs: int | None = None) -> Score:
        """What ``genotype`` reaches on ``dataset`` after 90 epochs, one seed; no validation accuracy, no latency.

        Raises
        ------
        BadInput
            For a malformed genotype, another data set and another training length.
        """
        if dataset not in DATASETS or epochs not in (None, EPOCHS):
            raise BadInput(f"the size table has figures after {EPOCHS} epochs on {', '.join(DATASETS)}: ask for those")
        parse_widths(genotype)
        column = f"{dataset}_test_{EPOCHS}"
        test = self.figure(genotype, column)
        rank = percentile = regret = None
        if self.complete:
            rank, percentile, regret = self.standing(test, column)
        return Score(
            test_accuracy=test,
            val_accuracy=math.nan,
            rank=rank,
            percentile=percentile,
            regret=regret,
            params=self.figure(genotype, f"{dataset}_params"),
            flops=float(round(1e6 * self.figure(genotype, f"{dataset}_flops_M"))),
            latency_ms=math.nan,
            cost_seconds=None,
            source=f"{self.description}, {EPOCHS} epochs, one seed",
        )


class SizeTable(FileTable, SizeScores):
    """The table in one .parquet or .csv file. Raises as ``FileTable`` does, and for figures that are not published."""

    columns = Columns(
        title="NATS-Bench size table",
        genotype="network of the size space",
        rows="settings",
        form=FORM,
        every=every_setting,
        accuracies=ACCURACIES,
        others=tuple(f"{dataset}_{size}" for dataset in DATASETS for size in ("params", "flops_M")),
        how_to_get=HOW_TO_GET,
        published="81557b44514d",
    )

    def everyone(self, dataset: str) -> Everyone:
        """All settings on one data set."""
        return everyone(self, dataset, EPOCHS)
