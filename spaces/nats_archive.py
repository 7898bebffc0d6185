"""NATS-Bench's official topology archive: a folder with one pickle per cell, read through ``nats_bench``.

It alone holds the separate seeds and the training seconds.
"""

from __future__ import annotations

import logging
from pathlib import Path

import nats_bench
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spaces.nats_benchmark import ACCURACIES, CELLS, DATASETS, EPOCHS, Table, covered, every_cell, how_to_get
from spaces.nats_cell import parse
from spaces.nats_entries import Entries


class Archive(Table):
    """The official archive, unpacked: ``meta.pickle.pbz2`` and a file per cell, read through ``nats_bench`` on demand.

    Cells may be missing; then no rank can be had. Raises BadInput for a folder that is no such archive. It unpickles:
    open only archives you trust.
    """

    def __init__(self, folder: Path) -> None:
        self._entries = Entries(folder, "tss", every_cell(), ("cell", "topology cells"), how_to_get())
        self.complete, self.description = self._entries.complete, self._entries.description
        self._figures: dict[str, dict[str, float]] = {}
        self._sorted: dict[str, NDArray[np.float64]] = {}

    @property
    def digest(self) -> str:
        """See Table, but of the files' names and sizes: reading their figures would take minutes."""
        return self._entries.digest

    def figure(self, genotype: str, column: str) -> float:
        """See Table."""
        return self._cell(genotype).get(column, float("nan"))

    def column(self, name: str) -> NDArray[np.float64]:
        """See Table. The first call reads the whole archive (see ``frame``)."""
        if not self._sorted:
            frame = self.frame()
            self._sorted = {accuracy: np.sort(frame[accuracy].to_numpy()) for accuracy in ACCURACIES}
        return self._sorted[name]

    def seeds(self, genotype: str, dataset: str) -> dict[int, float]:
        """Test accuracy after 200 epochs of each of the archive's training seeds. Raises as ``score`` does."""
        covered(dataset, 200)
        name, part = DATASETS[dataset].test
        runs = self._logs(genotype)[200].query(name)
        return {int(seed): float(run.get_eval(part)["accuracy"]) for seed, run in runs.items()}

    def frame(self) -> pd.DataFrame:
        """All cells of a complete archive with a table file's columns, in the archive's order.

        Reading them takes minutes, once a process; saved with ``to_parquet``, they make a TableFile that opens at once.
        """
        logging.getLogger(__name__).warning(
            "reading all %d cells of %s, which takes minutes; Archive.frame().to_parquet(...) makes a table of them",
            CELLS,
            self._entries.folder,
        )
        return pd.DataFrame([{"arch": arch, **self._cell(arch)} for arch in self._entries.networks])

    def _cell(self, genotype: str) -> dict[str, float]:
        """One cell's figures by column name."""
        if genotype not in self._figures:
            logs = self._logs(genotype)
            self._figures[genotype] = {
                column: value
                for epochs, log in logs.items()
                for dataset in DATASETS
                for column, value in _archived(log, dataset, epochs).items()
            }
        return self._figures[genotype]

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
