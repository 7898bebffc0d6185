"""What every table of a space has in common: figures by genotype, ranks among all of them, and a digest of the whole.

A space declares what its table holds (``Columns``). A rank, a percentile or a regret is taken over all of the space's
genotypes, each counted as it stands, be some of them the same network or not.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from results.errors import BadInput
from spaces.base import Everyone

DIGITS = 4
"""Decimals that count where a table is compared with the published one: not what float32 or a text form changes."""


@dataclass(frozen=True)
class Columns:
    """What a space's table file holds, a row for each genotype of the space.

    Attributes
    ----------
    title
        What the table is called.
    genotype
        What a row is called: "NATS-Bench cell".
    rows
        What all of them are: "cells".
    form
        How a row's text looks.
    every
        All genotypes of the space.
    accuracies
        Columns of percent: what ranks are taken of, and validation accuracies.
    others
        Columns of other numbers, all known: parameters, multiply-adds.
    unknown
        Columns that may hold gaps, and those that may be left out.
    how_to_get
        How a user gets the table, in one line.
    published
        ``content_digest`` of the published figures where a table must be that one and no other; empty where not.
    """

    title: str
    genotype: str
    rows: str
    form: str
    every: Callable[[], frozenset[str]]
    accuracies: tuple[str, ...]
    others: tuple[str, ...]
    unknown: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    how_to_get: str = ""
    published: str = ""

    @property
    def required(self) -> tuple[str, ...]:
        """The columns besides ``arch`` without which a file is no such table."""
        return (*self.accuracies, *self.others, *self.unknown)


class Standing(NamedTuple):
    """Where a value stands among all genotypes.

    ``rank`` is 1 + the number of strictly better ones, ``percentile`` 100 × the share that is strictly worse,
    ``regret`` the best value minus this one, in the values' unit.
    """

    rank: int
    percentile: float
    regret: float


class Ranked(ABC):
    """A table as ranks see it: figures of one genotype, and of all of them. ``complete``: whether it holds them all."""

    description: str
    complete: bool

    @property
    @abstractmethod
    def digest(self) -> str:
        """Twelve hexadecimal digits that tell the table's figures from any other's, whatever file holds them."""

    @abstractmethod
    def figure(self, genotype: str, column: str) -> float:
        """One figure of one genotype by its column's name in a table file; NaN where unknown.

        Raises
        ------
        BadInput
            Where the text is no genotype of the space.
        """

    @abstractmethod
    def column(self, name: str) -> NDArray[np.float64]:
        """That accuracy of all genotypes, percent, ascending; only for a complete table."""

    def everyone(self, dataset: str) -> Everyone | None:
        """All genotypes on one data set; None where the table does not have them all at hand."""
        return None

    def standing(self, value: float, column: str) -> Standing:
        """Where ``value`` stands in an accuracy's column; only for a complete table."""
        everyone = self.column(column)
        worse, not_better = np.searchsorted(everyone, value, side="left"), np.searchsorted(everyone, value, "right")
        return Standing(
            1 + len(everyone) - int(not_better), 100 * int(worse) / len(everyone), self.best(column) - value
        )

    def best(self, column: str) -> float:
        """The largest accuracy of the column, percent."""
        return float(self.column(column)[-1])


class FileTable(Ranked):
    """A whole table in one .parquet or .csv file: a subclass says in ``columns`` what it holds.

    Raises
    ------
    BadInput
        In one line, where the file is unreadable or no such table: a column or a row is missing, a row is there twice,
        a figure is no number, an accuracy is no percentage, or the figures are not the published ones.
    """

    columns: ClassVar[Columns]
    complete = True

    def __init__(self, path: Path) -> None:
        known = self.columns
        self.description = f"{known.title} {path.name}"
        frame = read(path, known.how_to_get)
        for name in ("arch", *known.required):
            if name not in frame:
                raise BadInput(f"{path} has no column {name!r}; a table needs arch and {', '.join(known.required)}")
        held = [*known.required, *(name for name in known.optional if name in frame)]
        gaps = {*known.unknown, *known.optional}
        self._columns = {
            name: numbers(path, frame[name], percent=name in known.accuracies, gaps=name in gaps) for name in held
        }
        self._rows = _rows(path, frame["arch"], known)
        if known.published and self.content_digest != known.published:
            raise BadInput(
                f"{path} does not hold the published figures (digest {self.content_digest}, published "
                f"{known.published}): {known.how_to_get}"
            )

    @cached_property
    def digest(self) -> str:
        """See Ranked: of every column's name and its figures in the order of the genotypes' text."""
        return self._hashed(lambda values: values)

    @cached_property
    def content_digest(self) -> str:
        """The same of the required columns, rounded to ``DIGITS`` decimals: however the figures are kept."""
        return self._hashed(lambda values: np.round(values, DIGITS) + 0.0, self.columns.required)

    def _hashed(
        self, as_kept: Callable[[NDArray[np.float64]], NDArray[np.float64]], names: tuple[str, ...] = ()
    ) -> str:
        order = [self._rows[genotype] for genotype in sorted(self._rows)]
        made = hashlib.sha256()
        for name in sorted(names or self._columns):
            made.update(name.encode())
            made.update(as_kept(self._columns[name][order]).tobytes())
        return made.hexdigest()[:12]

    def figure(self, genotype: str, column: str) -> float:
        """See Ranked."""
        if genotype not in self._rows:
            raise self.refuse(genotype)
        return float(self._columns[column][self._rows[genotype]]) if column in self._columns else float("nan")

    def values(self, name: str) -> NDArray[np.float64]:
        """A column as it stands, a figure for each of ``genotypes``."""
        return self._columns[name]

    @property
    def genotypes(self) -> list[str]:
        """Every genotype, in the file's order."""
        return list(self._rows)

    def column(self, name: str) -> NDArray[np.float64]:
        """See Ranked."""
        return self._sorted[name]

    @cached_property
    def _sorted(self) -> dict[str, NDArray[np.float64]]:
        return {name: np.sort(self._columns[name]) for name in self.columns.accuracies}

    def refuse(self, genotype: str) -> BadInput:
        """What to say of a text that has no row."""
        known, shown = self.columns, repr(genotype if len(genotype) <= 160 else genotype[:157] + "...")
        return BadInput(f"{shown} is no {known.genotype}: write {known.form}")


def read(path: Path, how_to_get: str) -> pd.DataFrame:
    """The frame in a .parquet or .csv file. Raises BadInput where it cannot be read."""
    if not path.exists():
        raise BadInput(f"{path} does not exist; {how_to_get}")
    if path.suffix not in (".parquet", ".csv"):
        raise BadInput(f"{path} is neither .parquet nor .csv; give a table file or the archive: {how_to_get}")
    try:
        if path.suffix == ".parquet":
            return pd.read_parquet(path)
        return pd.read_csv(path, dtype={"arch": "str"})  # digits alone would be read as a number
    except (OSError, ValueError) as error:  # pyarrow's and pandas' own errors are among them
        raise BadInput(f"{path} cannot be read as {path.suffix} ({type(error).__name__}); export it again") from error


def numbers(path: Path, column: pd.Series[float], *, percent: bool, gaps: bool) -> NDArray[np.float64]:
    """The column as floats. Raises BadInput, naming the row, for what is no number or, of ``percent``, none from 0 on.

    With ``gaps`` numbers may be missing.
    """
    values = pd.to_numeric(column, errors="coerce").to_numpy(np.float64)
    wrong = ~np.isfinite(values)
    if percent:
        wrong |= (values < 0) | (values > 100)
    if wrong.any() and not gaps:
        row = int(wrong.argmax())
        raise BadInput(f"{path}, row {row}: {column.name} is {column.iloc[row]}; correct it or export the table again")
    return values


def _rows(path: Path, genotypes: pd.Series[str], known: Columns) -> dict[str, int]:
    """Row by genotype, each of the space exactly once."""
    rows: dict[str, int] = {}
    every = known.every()
    for row, genotype in enumerate(genotypes):
        if genotype not in every:
            raise BadInput(f"{path}, row {row}: arch {genotype!r} is no {known.genotype}; write {known.form}")
        if genotype in rows:
            raise BadInput(f"{path}, row {row}: arch repeats row {rows[genotype]}; each must have one row")
        rows[genotype] = row
    if len(rows) < len(every):
        raise BadInput(
            f"{path} has {len(rows):,} of the {len(every):,} {known.rows}; a rank needs them all: export it again"
        )
    return rows
