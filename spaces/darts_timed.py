"""Which operations a stand-alone DARTS network can hold, at which sizes, how often: what a latency table measures."""

from __future__ import annotations

from collections import Counter
from functools import partial

from spaces.base import Edge, Timed
from spaces.darts_cell import Make, operation
from spaces.darts_graph import OPERATIONS
from spaces.darts_network import reductions

Size = tuple[str, int, int, int]
"""Kind of edge, channels, side of its input, stride."""


def timed(channels: int, cells: int, side: int, make: Make = operation) -> list[Timed]:
    """The eight operations at every size at which an edge occurs, each kind's in the order of α's columns.

    ``channels`` is C, ``side`` that of the images which enter the first cell (of the stem's second output). The kinds
    are "normal", "reduce" (edges from nodes of a reduction cell) and "reduce_stride2" (from its two inputs). ``make``
    makes an edge's module.
    """
    sizes: Counter[Size] = Counter()
    for i in range(cells):
        if i in reductions(cells):
            channels *= 2
            sizes["reduce_stride2", channels, side, 2] += 1
            side //= 2
            sizes["reduce", channels, side, 1] += 1
        else:
            sizes["normal", channels, side, 1] += 1
    return [_timed(name, size, count, make) for size, count in sizes.items() for name in OPERATIONS]


def kind(edge: Edge) -> str:
    """The kind under which ``timed`` lists the operation of ``edge``: by its cell and whether it leaves an input."""
    return "reduce_stride2" if edge.cell == "reduce" and edge.source.startswith("c_") else edge.cell


def _timed(name: str, size: Size, count: int, make: Make) -> Timed:
    edges, channels, side, stride = size
    build = None if name == "none" else partial(make, name, channels, stride)
    return Timed(edges, name, build, (channels, side, side), stride, count)
