"""NATS-Bench's official size archive: a folder with one pickle per setting of widths, read through ``nats_bench``."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spaces.nats_benchmark import DATASETS
from spaces.nats_entries import Entries
from spaces.nats_size_network import parse_widths
from spaces.nats_size_table import EPOCHS, HOW_TO_GET, SizeScores, every_setting


class SizeArchive(SizeScores):
    """The archive, unpacked. Settings may be missing; then no rank can be had. Raises as ``Entries`` does."""

    def __init__(self, folder: Path) -> None:
        self._entries = Entries(folder, "sss", every_setting(), ("setting", "settings of widths"), HOW_TO_GET)
        self.complete, self.description = self._entries.complete, self._entries.description
        self._figures: dict[str, dict[str, float]] = {}
        self._sorted: dict[str, NDArray[np.float64]] = {}

    @property
    def digest(self) -> str:
        """See Ranked, but of the files' names and sizes."""
        return self._entries.digest

    def figure(self, genotype: str, column: str) -> float:
        """See Ranked."""
        parse_widths(genotype)
        if genotype not in self._figures:
            log = self._entries.logs(genotype, [EPOCHS])[EPOCHS]
            self._figures[genotype] = {}
            for dataset, names in DATASETS.items():
                costs, test = log.get_compute_costs(names.test[0]), log.get_metrics(*names.test)
                self._figures[genotype] |= {
                    f"{dataset}_test_{EPOCHS}": round(float(test["accuracy"]), 6),
                    f"{dataset}_params": float(round(1e6 * costs["params"])),
                    f"{dataset}_flops_M": round(costs["flops"], 6),
                }
        return self._figures[genotype].get(column, float("nan"))

    def column(self, name: str) -> NDArray[np.float64]:
        """See Ranked. The first call reads the whole archive (see ``frame``)."""
        if not self._sorted:
            frame = self.frame()
            accuracies = [f"{dataset}_test_{EPOCHS}" for dataset in DATASETS]
            self._sorted = {accuracy: np.sort(frame[accuracy].to_numpy()) for accuracy in accuracies}
        return self._sorted[name]

    def frame(self) -> pd.DataFrame:
        """All settings of a complete archive with a table file's columns, in the archive's order.

        Reading them takes minutes, once a process; saved with ``to_parquet``, they make a table that opens at once.
        """
        logging.getLogger(__name__).warning(
            "reading all of %s, which takes minutes; SizeArchive.frame().to_parquet(...) makes a table of it",
            self._entries.folder,
        )
        for genotype in self._entries.networks:
            self.figure(genotype, "")
        return pd.DataFrame([{"arch": genotype, **self._figures[genotype]} for genotype in self._entries.networks])
