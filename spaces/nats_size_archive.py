"""NATS-Bench's official size archive: a folder with one pickle per setting of widths, read through ``nats_bench``."""

from __future__ import annotations

from pathlib import Path

from spaces.nats_benchmark import DATASETS
from spaces.nats_entries import Archived, Entries
from spaces.nats_size_network import parse_widths
from spaces.nats_size_table import ACCURACIES, EPOCHS, HOW_TO_GET, SizeScores, every_setting


class SizeArchive(Archived, SizeScores):
    """The archive, unpacked. Settings may be missing; then no rank can be had. Raises as ``Entries`` does."""

    accuracies = ACCURACIES

    def __init__(self, folder: Path) -> None:
        super().__init__(Entries(folder, "sss", every_setting(), ("setting", "settings of widths"), HOW_TO_GET))

    def read(self, genotype: str) -> dict[str, float]:
        """See Archived."""
        parse_widths(genotype)
        log, found = self._entries.logs(genotype, [EPOCHS])[EPOCHS], dict[str, float]()
        for dataset, names in DATASETS.items():
            costs, test = log.get_compute_costs(names.test[0]), log.get_metrics(*names.test)
            found |= {
                f"{dataset}_test_{EPOCHS}": round(float(test["accuracy"]), 6),
                f"{dataset}_params": float(round(1e6 * costs["params"])),
                f"{dataset}_flops_M": round(costs["flops"], 6),
            }
        return found
