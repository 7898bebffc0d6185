"""What NATS-Bench knows of its topology cells, in whatever form it is kept: data sets, training lengths, figures.

Accuracies are percent, means over the benchmark's seeds. A cell's CIFAR-10 validation figure comes from training on
half of the training images and its test figure from training on all of them; of the other data sets' held-out images
the benchmark validates on one half and tests on the other (Dong et al., "NATS-Bench", TPAMI 2021).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cache

import numpy as np

from results.errors import BadInput
from spaces.base import Everyone, Score
from spaces.nats_cell import EDGES, OPERATIONS, text
from spaces.tabular import FileTable, Ranked

EPOCHS = (12, 200)
CELLS = len(OPERATIONS) ** len(EDGES)
ARCHIVE = "NATS-tss-v1_0-3ffb9-simple"


@dataclass(frozen=True)
class Dataset:
    """One of the table's data sets: images behind its validation accuracy, (name, set) of figures in ``nats_bench``.

    ``training_images`` is of NATS-Bench, Section 3.2.
    """

    training_images: int
    validation: tuple[str, str]
    test: tuple[str, str]


DATASETS = {
    "cifar10": Dataset(25_000, ("cifar10-valid", "x-valid"), ("cifar10", "ori-test")),
    "cifar100": Dataset(50_000, ("cifar100", "x-valid"), ("cifar100", "x-test")),
    "ImageNet16-120": Dataset(151_700, ("ImageNet16-120", "x-valid"), ("ImageNet16-120", "x-test")),
}

ACCURACIES = tuple(f"{d}_{part}_{epochs}" for d in DATASETS for part in ("test", "val") for epochs in EPOCHS)
"""The accuracy columns of a table file. Beside them: ``arch``, and per data set ``_params``, ``_flops_M``,
``_latency_s`` and, where known, ``_cost_{epochs}_s``."""
COSTS = tuple(f"{d}_cost_{epochs}_s" for d in DATASETS for epochs in EPOCHS)
SIZES = tuple(f"{d}_{figure}" for d in DATASETS for figure in ("params", "flops_M"))
LATENCIES = tuple(f"{d}_latency_s" for d in DATASETS)
REQUIRED = (*ACCURACIES, *SIZES, *LATENCIES)
"""What no table file lacks."""


class Table(Ranked):
    """Answers for cells in the benchmark's text form."""

    def score(self, genotype: str, dataset: str, epochs: int | None = None) -> Score:
        """What ``genotype`` reaches on ``dataset`` after ``epochs`` (200 by default, or 12) of training.

        ``cost_seconds`` is what ``nats_bench.simulate_train_eval`` charges: training for the validation figure and
        validating once. Raises BadInput for a malformed or missing cell and for what the table does not cover.
        """
        epochs = covered(dataset, 200 if epochs is None else epochs)
        test = self.figure(genotype, f"{dataset}_test_{epochs}")
        cost = self.figure(genotype, f"{dataset}_cost_{epochs}_s")
        rank = percentile = regret = None
        if self.complete:
            rank, percentile, regret = self.standing(test, f"{dataset}_test_{epochs}")
        return Score(
            test_accuracy=test,
            val_accuracy=self.figure(genotype, f"{dataset}_val_{epochs}"),
            rank=rank,
            percentile=percentile,
            regret=regret,
            params=self.figure(genotype, f"{dataset}_params"),
            flops=float(round(1e6 * self.figure(genotype, f"{dataset}_flops_M"))),
            latency_ms=1000 * self.figure(genotype, f"{dataset}_latency_s"),
            cost_seconds=None if np.isnan(cost) else cost,
            source=f"{self.description}, {epochs} epochs",
        )

    def validation(self, genotype: str, dataset: str, epochs: int = 12) -> float:
        """Validation accuracy alone: what a search without gradients may look at. Raises as ``score`` does."""
        return self.figure(genotype, f"{dataset}_val_{covered(dataset, epochs)}")


@cache
def every_cell() -> frozenset[str]:
    """The text form of all 15,625 cells."""
    return frozenset(text(operations) for operations in itertools.product(OPERATIONS, repeat=len(EDGES)))


def covered(dataset: str, epochs: int) -> int:
    """``epochs``, once it is sure that the benchmark trained that long on ``dataset``; else BadInput."""
    if dataset not in DATASETS:
        raise BadInput(f"NATS-Bench has no data set {dataset!r}; choose one of {', '.join(DATASETS)}")
    if epochs not in EPOCHS:
        raise BadInput(f"NATS-Bench has no figures after {epochs} epochs; choose 12 or 200")
    return epochs


def how_to_get() -> str:
    """How to get the official archive, on one line (after the README of ``nats_bench``)."""
    return (
        f"download {ARCHIVE}.tar from https://drive.google.com/file/d/17_saCsj_krKjlCBLOJEpNtzPXArMCqxU/view "
        "(mirrors: https://github.com/D-X-Y/NATS-Bench) and unpack it with tar xf in $TORCH_HOME, by default ~/.torch"
    )


def everyone(table: FileTable, dataset: str, epochs: int) -> Everyone:
    """All rows on one data set after ``epochs``: topology's and size's tables name their columns alike."""
    error = 100 - table.values(f"{dataset}_test_{epochs}")
    flops = np.round(1e6 * table.values(f"{dataset}_flops_M"))  # printed in millions
    return Everyone(table.genotypes, error, {"params": table.values(f"{dataset}_params"), "flops": flops})
