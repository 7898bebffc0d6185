"""NATS-Bench's official topology archive: a folder with one pickle per cell, read through ``nats_bench``.

It alone holds the separate seeds and the training seconds.
"""

from __future__ import annotations

from pathlib import Path

import nats_bench

from spaces.nats_benchmark import ACCURACIES, DATASETS, EPOCHS, Table, covered, every_cell, how_to_get
from spaces.nats_cell import parse
from spaces.nats_entries import Archived, Entries


class Archive(Archived, Table):
    """The official archive, unpacked: ``meta.pickle.pbz2`` and a file per cell, read through ``nats_bench`` on demand.

    Cells may be missing; then no rank can be had. Raises BadInput for a folder that is no such archive. It unpickles:
    open only archives you trust.
    """

    accuracies = ACCURACIES

    def __init__(self, folder: Path) -> None:
        super().__init__(Entries(folder, "tss", every_cell(), ("cell", "topology cells"), how_to_get()))

    def seeds(self, genotype: str, dataset: str) -> dict[int, float]:
        """Test accuracy after 200 epochs of each of the archive's training seeds. Raises as ``score`` does."""
        covered(dataset, 200)
        name, part = DATASETS[dataset].test
        runs = self._logs(genotype)[200].query(name)
        return {int(seed): float(run.get_eval(part)["accuracy"]) for seed, run in runs.items()}

    def read(self, genotype: str) -> dict[str, float]:
        """See Archived."""
        return {
            column: value
            for epochs, log in self._logs(genotype).items()
            for dataset in DATASETS
            for column, value in _archived(log, dataset, epochs).items()
        }

    def _logs(self, genotype: str) -> dict[int, nats_bench.ArchResults]:
        """One cell's log by training length."""
        parse(genotype)
        return self._entries.logs(genotype, EPOCHS)


def _archived(log: nats_bench.ArchResults, dataset: str, epochs: int) -> dict[str, float]:
    """The table file's columns of one data set and training length, from one cell's log."""
    names = DATASETS[dataset]
    validation, test = log.get_metrics(*names.validation), log.get_metrics(*names.test)
    train_seconds = log.get_metrics(names.validation[0], "train")["all_time"]
    known = train_seconds is not None and validation["all_time"] is not None
    costs = log.get_compute_costs(names.test[0])
    return {
        # Rounded, so that two cells with equal means tie in whatever order their seeds were added.
        f"{dataset}_test_{epochs}": round(float(test["accuracy"]), 6),
        f"{dataset}_val_{epochs}": round(float(validation["accuracy"]), 6),
        f"{dataset}_cost_{epochs}_s": (
            train_seconds + validation["all_time"] / (validation["iepoch"] + 1) if known else float("nan")
        ),
        f"{dataset}_params": float(round(1e6 * costs["params"])),
        f"{dataset}_flops_M": round(costs["flops"], 5),
        f"{dataset}_latency_s": float("nan") if costs["latency"] is None else float(costs["latency"]),
    }
