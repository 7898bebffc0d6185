"""NATS-Bench's topology table as one file, and the choice between such a file and the official archive."""

from __future__ import annotations

import os
from pathlib import Path

from results.errors import BadInput
from spaces.base import Everyone
from spaces.nats_archive import Archive
from spaces.nats_benchmark import (
    ACCURACIES,
    ARCHIVE,
    COSTS,
    DATASETS,
    EPOCHS,
    LATENCIES,
    SIZES,
    Table,
    every_cell,
    everyone,
    how_to_get,
)
from spaces.nats_cell import FORM, parse
from spaces.tabular import Columns, FileTable

__all__ = ["DATASETS", "Archive", "Table", "TableFile", "how_to_get", "open_table"]


class TableFile(FileTable, Table):
    """A table of all cells in one .parquet or .csv file. Raises BadInput where it is unreadable or not such a table."""

    columns = Columns(
        title="NATS-Bench topology table",
        genotype="NATS-Bench cell",
        rows="cells",
        form=FORM,
        every=every_cell,
        accuracies=ACCURACIES,
        others=SIZES,
        unknown=LATENCIES,
        optional=COSTS,
        how_to_get=how_to_get(),
    )

    def everyone(self, dataset: str) -> Everyone:
        """All cells on one data set after 200 epochs."""
        return everyone(self, dataset, max(EPOCHS))

    def refuse(self, genotype: str) -> BadInput:
        """What is wrong with the text: every cell is in the table."""
        try:
            parse(genotype)
        except BadInput as fault:
            return fault
        return super().refuse(genotype)


def open_table(where: Path | None) -> Table | None:
    """The table at ``where``: a .parquet or .csv file, or the folder of the official archive.

    Without ``where``, the archive where ``nats_bench`` looks for it ($TORCH_HOME, else ~/.torch), and None if it is not
    there. Raises BadInput where ``where`` does not exist or is no such table.
    """
    if where is None:
        folder = Path(os.environ.get("TORCH_HOME", Path.home() / ".torch")) / ARCHIVE
        return Archive(folder) if folder.is_dir() else None
    if not where.exists():
        raise BadInput(f"{where} does not exist; {how_to_get()}")
    return Archive(where) if where.is_dir() else TableFile(where)
