"""Latencies of every NATS-Bench topology cell on real devices, and the additive figures that are closest to them.

A file has a row for each of the 15,625 cells (``arch``) and a column a device, in milliseconds: HELP's (Lee, Lee,
Chong, Hwang, NeurIPS 2021), which has 27 device and batch settings. Cells without a path from input to output compute
nothing, and their latencies mean nothing: they are in no fit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from results.errors import BadInput
from results.lookup import lookup
from spaces.contracts import Device
from spaces.nats_benchmark import CELLS, REQUIRED, every_cell
from spaces.nats_cell import EDGES, FORM, NODES, OPERATIONS, STAGES, parse
from spaces.tabular import numbers, read

BENCHMARK_CELLS = 5
"""Cells a stage of the networks that were measured."""
HOW_TO_GET = "export HELP's latencies (https://github.com/HayeonLee/HELP): arch, and a column of milliseconds a device"


@dataclass(frozen=True)
class Fit:
    """Latencies of operations whose sums over a cell's edges are closest to a device's, by least squares.

    Attributes
    ----------
    operations
        Milliseconds of one occurrence of each operation, in the order of ``OPERATIONS``; "none" is 0.
    constant
        Milliseconds of what every network has.
    r2
        Share of the variance over cells that the sums explain.
    worst_ms
        The largest absolute residual, milliseconds, and the cell that has it.
    cells
        How many cells were fitted.
    """

    operations: tuple[float, ...]
    constant: float
    r2: float
    worst_ms: float
    worst_cell: str
    cells: int

    def words(self) -> str:
        """How good it is, in one line."""
        return (
            f"least squares over {self.cells:,} cells with a path: R² {self.r2:.4f}, worst residual "
            f"{self.worst_ms:.4g} ms"
        )


class Devices:
    """Measured latencies by cell and device.

    Raises
    ------
    BadInput
        In one line, where the file is unreadable, lacks or repeats a cell, or holds no number somewhere.
    """

    def __init__(self, path: Path) -> None:
        frame = read(path, HOW_TO_GET)
        if "arch" not in frame or len(frame.columns) < 2:
            raise BadInput(f"{path} has no column arch beside a device's: {HOW_TO_GET}")
        if both := [name for name in REQUIRED if name in frame]:
            raise BadInput(
                f"{path} has {both[0]}, a column of the benchmark's own table, and no device's: {HOW_TO_GET}"
            )
        self.path = path
        self.cells = _cells(path, frame["arch"])
        self._rows = {cell: row for row, cell in enumerate(self.cells)}
        names = [str(name) for name in frame.columns if name not in ("arch", "index")]
        self._columns = {name: numbers(path, frame[name], percent=False, gaps=False) for name in names}
        for name, values in self._columns.items():
            if (values < 0).any():
                row = int((values < 0).argmax())
                raise BadInput(f"{path}, row {row}: {name} is {values[row]:g} ms; no latency is negative")

    @property
    def names(self) -> list[str]:
        """The devices."""
        return list(self._columns)

    @cached_property
    def digest(self) -> str:
        """Twelve hexadecimal digits that tell its figures from any other's."""
        order, made = np.argsort(self.cells), hashlib.sha256()
        for name in sorted(self._columns):
            made.update(name.encode())
            made.update(self._columns[name][order].tobytes())
        return made.hexdigest()[:12]

    def device(self, name: str) -> Device:
        """The fit to one device, as a penalty sees it. Raises BadInput for an unknown one, with the nearest."""
        fit = self.fit(name)
        left_out = int((~self.with_path).sum())
        words = f"{self.path.name}: {name}; {fit.words()}; {left_out} cells without one left out; table {self.digest}"
        return Device(fit.operations, words)

    def latency(self, device: str) -> NDArray[np.float64]:
        """Every cell's latency, (cells,), milliseconds, in the order of ``cells``. Raises BadInput as ``device``."""
        return lookup(f"device of {self.path.name}", device, self._columns)

    def of(self, genotype: str, device: str) -> float | None:
        """A cell's latency, milliseconds; None where no path leads through it. Raises BadInput for no cell."""
        return float(self.latency(device)[self._rows[genotype]]) if has_path(parse(genotype)) else None

    def every(self, device: str) -> dict[str, float]:
        """The latency of each cell that a path leads through, milliseconds."""
        values = self.latency(device)
        return {self.cells[row]: float(values[row]) for row in np.flatnonzero(self.with_path)}

    @cached_property
    def with_path(self) -> NDArray[np.bool_]:
        """Which of ``cells`` a path leads through, (cells,)."""
        return np.array([has_path(parse(cell)) for cell in self.cells])

    @cached_property
    def counts(self) -> NDArray[np.float64]:
        """How often each operation stands on a cell's edges, (cells, 5)."""
        found = [parse(cell) for cell in self.cells]
        return np.array([[chosen.count(name) for name in OPERATIONS] for chosen in found], dtype=np.float64)

    def fit(self, device: str) -> Fit:
        """Least squares of a device's latencies on the counts of operations and a constant."""
        measured = self.latency(device)[self.with_path]
        # A cell has six edges, so "none" and the constant together would be one too many.
        design = np.column_stack([np.ones(len(measured)), self.counts[self.with_path, 1:]])
        solution, *_ = np.linalg.lstsq(design, measured, rcond=None)
        residual = measured - design @ solution
        worst = int(np.abs(residual).argmax())
        total = ((measured - measured.mean()) ** 2).sum()
        each = solution[1:] / (STAGES * BENCHMARK_CELLS)
        return Fit(
            operations=(0.0, *(float(f"{value:.6g}") for value in each)),
            constant=float(solution[0]),
            r2=float(1 - (residual**2).sum() / total) if total else float("nan"),
            worst_ms=float(abs(residual[worst])),
            worst_cell=np.array(self.cells)[self.with_path][worst],
            cells=len(measured),
        )


def has_path(operations: Sequence[str]) -> bool:
    """Whether a cell's output depends on its input: a path of edges that are not none."""
    reached = {0}
    for target in range(1, NODES):
        for (to, source), name in zip(EDGES, operations, strict=True):
            if to == target and source in reached and name != OPERATIONS[0]:
                reached.add(target)
    return NODES - 1 in reached


def _cells(path: Path, cells: pd.Series[str]) -> list[str]:
    """Every cell once."""
    found, seen = [str(cell) for cell in cells], set[str]()
    for row, cell in enumerate(found):
        if cell not in every_cell():
            raise BadInput(f"{path}, row {row}: arch {cell!r} is no NATS-Bench cell; write {FORM}")
        if cell in seen:
            raise BadInput(f"{path}, row {row}: arch {cell} is there twice; each cell must have one row")
        seen.add(cell)
    if len(seen) < CELLS:
        lacking = min(every_cell() - seen)
        raise BadInput(f"{path} lacks {CELLS - len(seen):,} of the {CELLS:,} cells, {lacking} for one: {HOW_TO_GET}")
    return found
