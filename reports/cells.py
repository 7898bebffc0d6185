"""A found cell drawn as a graph: nodes from left to right, one labelled arrow per edge."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch
from matplotlib.path import Path as Curve

from reports.style import save, theme

Edge = Mapping[str, Any]

_STEP = 2.4  # between two nodes, in the drawing's units: wide enough for "sep_conv_3x3"
_RADIUS = 0.3
_INCHES = 0.55  # per unit
_RISE = 0.68  # height of an arc's top per step that it spans

_PLAIN: dict[str, Any] = {"color": "#1f2933", "linewidth": 1.8, "linestyle": "-"}
_LINES: dict[str, dict[str, Any]] = {
    "skip_connect": {"color": "#7fa7cf", "linewidth": 1.6, "linestyle": "-"},
    "none": {"color": "#b4bac0", "linewidth": 1.2, "linestyle": (0, (4, 3))},
}
_INK = {"skip_connect": "#3f6f9f", "none": "#7b838a"}


def draw_cell(edges: Sequence[Edge], path: Path, title: str = "") -> Path:
    """Draw ``edges`` (``cell``, ``source``, ``target``, ``operation``) to ``path`` (png, svg or pdf by suffix).

    Each kind of cell gets a row of its own. ``none`` is dashed grey, ``skip_connect`` light, any other operation dark.
    Raises ValueError where there is no edge or where edges form a loop.
    """
    if not edges:
        raise ValueError("a cell without edges cannot be drawn")
    cells = {cell: [e for e in edges if e["cell"] == cell] for cell in dict.fromkeys(e["cell"] for e in edges)}
    spans = {cell: _sides(group, node_order(group)) for cell, group in cells.items()}
    heights = [_extent(sides) for sides in spans.values()]
    columns = max(len(node_order(group)) for group in cells.values())
    width = (columns - 1) * _STEP + 4 * _RADIUS
    with theme():
        figure = Figure(
            figsize=(_INCHES * width, _INCHES * sum(top - low for low, top in heights) + 0.35), layout="constrained"
        )
        rows = figure.subplots(len(cells), 1, squeeze=False, height_ratios=[top - low for low, top in heights])[:, 0]
        for axes, (cell, group), (low, top) in zip(rows, cells.items(), heights, strict=True):
            _draw(axes, group, spans[cell])
            axes.set(xlim=(-2 * _RADIUS, width - 2 * _RADIUS), ylim=(low, top), aspect="equal")
            axes.axis("off")
            if len(cells) > 1:
                axes.set_title(cell, loc="left", fontsize=10, color="#52606d")
        if title:
            figure.suptitle(title, fontsize=11)
        return save(figure, path)


def node_order(edges: Sequence[Edge]) -> list[str]:
    """The nodes so that every edge points right; among several possible next nodes, the one named first."""
    waiting = list(dict.fromkeys(node for edge in edges for node in (edge["source"], edge["target"])))
    placed: list[str] = []
    while waiting:
        ready = [n for n in waiting if all(e["source"] in placed for e in edges if e["target"] == n)]
        if not ready:
            raise ValueError(f"the cell's edges form a loop through {', '.join(waiting)}")
        placed.append(ready[0])
        waiting.remove(ready[0])
    return placed


def _sides(edges: Sequence[Edge], order: Sequence[str]) -> list[tuple[Edge, int, int, float]]:
    """(edge, left, right, height) for each edge: 0 for neighbours, else the signed height of its arc.

    Short arcs choose first; each takes the side (above, below) where it crosses fewer of those already placed.
    """
    places = {node: i for i, node in enumerate(order)}
    ends = [(edge, places[edge["source"]], places[edge["target"]]) for edge in edges]
    drawn: list[tuple[Edge, int, int, float]] = []
    for edge, a, b in sorted(ends, key=lambda item: item[2] - item[1]):
        taken = sum((a, b) == (c, d) for _, c, d, _ in drawn)
        if b - a == 1 and not taken:
            drawn.append((edge, a, b, 0.0))
            continue
        crossings = {
            side: sum(side * h > 0 and (a < c < b < d or c < a < d < b or (a, b) == (c, d)) for _, c, d, h in drawn)
            for side in (1, -1)
        }
        load = {side: sum(side * h > 0 for *_, h in drawn) for side in (1, -1)}
        side = min((1, -1), key=lambda s: (crossings[s], load[s]))
        drawn.append((edge, a, b, side * _RISE * (b - a + taken // 2)))
    return drawn


def _extent(sides: Sequence[tuple[Edge, int, int, float]]) -> tuple[float, float]:
    """The lowest and highest point that a drawing needs, labels included."""
    heights = [height for *_, height in sides]
    margin = 2 * _RADIUS
    return min(0.0, *heights, -_RADIUS) - margin / 2, max(0.0, *heights, _RADIUS) + margin / 2


def _draw(axes: Axes, edges: Sequence[Edge], sides: Sequence[tuple[Edge, int, int, float]]) -> None:
    for edge, a, b, height in sides:
        operation = str(edge["operation"])
        line = _LINES.get(operation, _PLAIN)
        top = 4 / 3 * height  # a cubic Bézier curve reaches three quarters of its control points' height
        start, end = a * _STEP, b * _STEP
        lean = 0.5 + 0.12 * (end - start)  # the same foot for all: longer arcs leave steeper and part at once
        angle = math.atan2(top, lean)
        reach = (_RADIUS * math.cos(angle), _RADIUS * math.sin(angle))
        curve = Curve(
            [(start + reach[0], reach[1]), (start + lean, top), (end - lean, top), (end - reach[0], reach[1])],
            [Curve.MOVETO, Curve.CURVE4, Curve.CURVE4, Curve.CURVE4],
        )
        arrow = FancyArrowPatch(path=curve, arrowstyle="-|>", mutation_scale=11, shrinkA=0, shrinkB=0, **line)
        axes.add_patch(arrow)
        axes.text(
            (start + end) / 2,
            height,
            operation,
            ha="center",
            va="center",
            fontsize=8.5,
            color=_INK.get(operation, _PLAIN["color"]),
            bbox={"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none"},
            zorder=3,
        )
    for place, node in enumerate(node_order(edges)):
        axes.add_patch(Circle((place * _STEP, 0), _RADIUS, facecolor="#eef2f6", edgecolor="#1f2933", zorder=4))
        shown = f"${node}$" if "_{" in node else node  # DARTS names its inputs c_{k-2} and c_{k-1}
        axes.text(place * _STEP, 0, shown, ha="center", va="center", fontsize=9, zorder=5)
