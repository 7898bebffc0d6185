"""NATS-Bench's topology table as one file, and the choice between such a file and the official archive."""

from __future__ import annotations

import hashlib
import os
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from results.errors import BadInput
from spaces.nats_archive import Archive
from spaces.nats_benchmark import (
    ACCURACIES,
    ARCHIVE,
    CELLS,
    COSTS,
    DATASETS,
    REQUIRED,
    Table,
    every_cell,
    how_to_get,
)
from spaces.nats_cell import FORM, parse

__all__ = ["DATASETS", "Archive", "Table", "TableFile", "how_to_get", "open_table"]


class TableFile(Table):
    """A table of all cells in one .parquet or .csv file. Raises BadInput where it is unreadable or not such a table."""

    complete = True

    def __init__(self, path: Path) -> None:
        self.description = f"NATS-Bench topology table {path.name}"
        frame = _read(path)
        for name in ("arch", *REQUIRED):
            if name not in frame:
                raise BadInput(f"{path} has no column {name!r}; a table needs arch and {', '.join(REQUIRED)}")
        costs = [name for name in COSTS if name in frame]
        self._columns = {name: _numbers(path, frame[name]) for name in (*REQUIRED, *costs)}
        self._rows = _rows(path, frame["arch"])
        self._sorted = {name: np.sort(self._columns[name]) for name in ACCURACIES}

    @cached_property
    def digest(self) -> str:
        """See Table: of every column's name and its figures in the order of the cells' text."""
        order = [self._rows[cell] for cell in sorted(self._rows)]
        made = hashlib.sha256()
        for name in sorted(self._columns):
            made.update(name.encode())
            made.update(self._columns[name][order].tobytes())
        return made.hexdigest()[:12]

    def figure(self, genotype: str, column: str) -> float:
        """See Table."""
        if genotype not in self._rows:
            parse(genotype)  # says what is wrong with it, for every cell is in the table
        return float(self._columns[column][self._rows[genotype]]) if column in self._columns else float("nan")

    def column(self, name: str) -> NDArray[np.float64]:
        """See Table."""
        return self._sorted[name]


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


def _read(path: Path) -> pd.DataFrame:
    if path.suffix not in (".parquet", ".csv"):
        raise BadInput(f"{path} is neither .parquet nor .csv; give a table file or the archive: {how_to_get()}")
    try:
        return pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
    except (OSError, ValueError) as error:  # pyarrow's and pandas' own errors are among them
        raise BadInput(f"{path} cannot be read as {path.suffix} ({type(error).__name__}); export it again") from error


def _numbers(path: Path, column: pd.Series[float]) -> NDArray[np.float64]:
    """The column as floats; only latencies and costs may be unknown."""
    values = pd.to_numeric(column, errors="coerce").to_numpy(np.float64)
    wrong = ~np.isfinite(values)
    if column.name in ACCURACIES:
        wrong |= (values < 0) | (values > 100)
    if wrong.any() and not str(column.name).endswith("_s"):
        row = int(wrong.argmax())
        raise BadInput(f"{path}, row {row}: {column.name} is {column.iloc[row]}; correct it or export the table again")
    return values


def _rows(path: Path, cells: pd.Series[str]) -> dict[str, int]:
    """Row by cell, each of the 15,625 cells exactly once."""
    rows: dict[str, int] = {}
    for row, cell in enumerate(cells):
        if cell not in every_cell():
            raise BadInput(f"{path}, row {row}: arch {cell!r} is no NATS-Bench cell; write {FORM}")
        if cell in rows:
            raise BadInput(f"{path}, row {row}: arch repeats row {rows[cell]}; each cell must have one row")
        rows[cell] = row
    if len(rows) < CELLS:
        raise BadInput(f"{path} has {len(rows):,} of the {CELLS:,} cells; a rank needs them all: export it again")
    return rows
