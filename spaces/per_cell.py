"""Weights of operations that differ from cell to cell, where all cells of a kind share them as a rule."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import repeat
from typing import TypeVar

from torch import Tensor

Prepared = TypeVar("Prepared")


def by_cell(weights: Tensor, prepare: Callable[[Tensor], Prepared]) -> Iterator[Prepared]:
    """What ``prepare`` makes of one cell's weights after the other's: of (cells, E, operations) each cell's own.

    Of (E, operations), which all cells share, it is made once.
    """
    return map(prepare, weights) if weights.dim() == 3 else repeat(prepare(weights))
