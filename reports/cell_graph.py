"""A cell as a graph: its edges as records hold them, the order of its nodes, and how an operation's edge looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes

from results.schema import CONCAT

Edge = Mapping[str, Any]
"""An edge of one cell: ``source``, ``target``, ``operation``."""

OUTPUT = "c_{k}"
INK = "#1f2933"
_PLAIN: dict[str, Any] = {"color": INK, "linewidth": 1.8, "linestyle": "-"}
_GATHER: dict[str, Any] = {"color": "#9aa5b1", "linewidth": 1.4, "linestyle": "-"}
_LINES: dict[str, dict[str, Any]] = {
    "skip_connect": {"color": "#7fa7cf", "linewidth": 1.6, "linestyle": "-"},
    "none": {"color": "#b4bac0", "linewidth": 1.2, "linestyle": (0, (4, 3))},
    CONCAT: _GATHER,
}
_INKS = {"skip_connect": "#3f6f9f", "none": "#7b838a"}


def node_order(edges: Sequence[Edge]) -> list[str]:
    """The nodes so that every edge points right; among several possible next nodes, the one named first.

    Raises ValueError where the edges form a loop.
    """
    waiting = list(dict.fromkeys(node for edge in edges for node in (edge["source"], edge["target"])))
    placed: list[str] = []
    while waiting:
        ready = [n for n in waiting if all(e["source"] in placed for e in edges if e["target"] == n)]
        if not ready:
            raise ValueError(f"the cell's edges form a loop through {', '.join(waiting)}")
        placed.append(ready[0])
        waiting.remove(ready[0])
    return placed


def inputs(edges: Sequence[Edge]) -> list[str]:
    """The nodes that no edge enters, in the order of their names: c_{k-2} before c_{k-1}."""
    return sorted({e["source"] for e in edges} - {e["target"] for e in edges}, reverse=True)


def stroke(operation: str) -> dict[str, Any]:
    """How the line of an edge is drawn: ``none`` dashed grey, ``skip_connect`` light, any other operation dark."""
    return _LINES.get(operation, _PLAIN)


def write_operation(axes: Axes, x: float, y: float, operation: str, side: str = "center") -> None:
    """The operation's name over its line at (x, y); ``side`` is the text's end that stands there."""
    axes.text(
        x,
        y,
        operation,
        ha=side,
        va="center",
        fontsize=8.5,
        color=_INKS.get(operation, INK),
        bbox={"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none"},
        zorder=3,
    )


def write_node(axes: Axes, x: float, y: float, node: str) -> None:
    """A node's name; DARTS names its inputs and its output c_{k-2}, c_{k-1} and c_{k}."""
    axes.text(x, y, f"${node}$" if "_{" in node else node, ha="center", va="center", fontsize=9, zorder=5)
