"""The graph of a DARTS cell (Liu, Simonyan, Yang, ICLR 2019): every node takes an edge from each one before it."""

from __future__ import annotations

OPERATIONS = (
    "none",
    "max_pool_3x3",
    "avg_pool_3x3",
    "skip_connect",
    "sep_conv_3x3",
    "sep_conv_5x5",
    "dil_conv_3x3",
    "dil_conv_5x5",
)
"""The eight operations in the authors' order, which is the order of α's columns."""

CELLS = ("normal", "reduce")
"""The two kinds of cells, each with an α of its own."""


def edges(nodes: int) -> tuple[tuple[int, int], ...]:
    """(target, source) of every edge, in the order of α's rows.

    Sources count from 0: the outputs of the cells before the last and of the last (c_{k-2}, c_{k-1}), then the
    intermediate nodes; targets are intermediate nodes, counted alike from 2. Four nodes have 14 edges.
    """
    return tuple((target, source) for target in range(2, nodes + 2) for source in range(target))
