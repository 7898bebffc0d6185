"""A cell of one input: its nodes in a line, its edges arcs above and below."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.patches import Circle, FancyArrowPatch
from matplotlib.path import Path as Curve

from reports.cell_graph import INK, Edge, node_order, stroke, write_node, write_operation

STEP = 2.4  # between two nodes, in the drawing's units: wide enough for "sep_conv_3x3"
RADIUS = 0.3
_RISE = 0.68  # height of an arc's top per step that it spans


@dataclass(frozen=True)
class Arc:
    """An edge from node ``left`` to node ``right``, counted in their order; ``height`` is signed, 0 a straight line."""

    edge: Edge
    left: int
    right: int
    height: float


class Arcs:
    """The drawing of one cell."""

    def __init__(self, edges: Sequence[Edge]) -> None:
        self.order = node_order(edges)
        self.arcs = _arcs(edges, self.order)

    def extent(self) -> tuple[float, float, float, float]:
        """Left, right, bottom and top of what is drawn, labels included."""
        heights = [arc.height for arc in self.arcs]
        bottom, top = min(0.0, *heights, -RADIUS) - RADIUS, max(0.0, *heights, RADIUS) + RADIUS
        return -2 * RADIUS, (len(self.order) - 1) * STEP + 2 * RADIUS, bottom, top

    def draw(self, axes: Axes) -> None:
        """Draw into axes whose unit is the same in both directions."""
        for arc in self.arcs:
            operation = str(arc.edge["operation"])
            top = 4 / 3 * arc.height  # a cubic Bézier curve reaches three quarters of its control points' height
            start, end = arc.left * STEP, arc.right * STEP
            lean = 0.5 + 0.12 * (end - start)  # the same foot for all: longer arcs leave steeper and part at once
            angle = math.atan2(top, lean)
            reach = (RADIUS * math.cos(angle), RADIUS * math.sin(angle))
            curve = Curve(
                [(start + reach[0], reach[1]), (start + lean, top), (end - lean, top), (end - reach[0], reach[1])],
                [Curve.MOVETO, Curve.CURVE4, Curve.CURVE4, Curve.CURVE4],
            )
            line = stroke(operation)
            axes.add_patch(
                FancyArrowPatch(path=curve, arrowstyle="-|>", mutation_scale=11, shrinkA=0, shrinkB=0, **line)
            )
            write_operation(axes, (start + end) / 2, arc.height, operation)
        for place, node in enumerate(self.order):
            axes.add_patch(Circle((place * STEP, 0), RADIUS, facecolor="#eef2f6", edgecolor=INK, zorder=4))
            write_node(axes, place * STEP, 0, node)


def _arcs(edges: Sequence[Edge], order: Sequence[str]) -> list[Arc]:
    """Short arcs choose first; each takes the side (above, below) where it crosses fewer of those already placed."""
    places = {node: i for i, node in enumerate(order)}
    ends = [(edge, places[edge["source"]], places[edge["target"]]) for edge in edges]
    placed: list[Arc] = []
    for edge, a, b in sorted(ends, key=lambda item: item[2] - item[1]):
        taken = sum((a, b) == (arc.left, arc.right) for arc in placed)
        if b - a == 1 and not taken:
            placed.append(Arc(edge, a, b, 0.0))
            continue
        sides = {side: [arc for arc in placed if side * arc.height > 0] for side in (1, -1)}
        crossings = {side: sum(_meet(a, b, arc) for arc in arcs) for side, arcs in sides.items()}
        side = min((1, -1), key=lambda s: (crossings[s], len(sides[s])))
        placed.append(Arc(edge, a, b, side * _RISE * (b - a + taken // 2)))
    return placed


def _meet(a: int, b: int, arc: Arc) -> bool:
    """Whether an arc from a to b on the same side as ``arc`` crosses or covers it."""
    c, d = arc.left, arc.right
    return a < c < b < d or c < a < d < b or (a, b) == (c, d)
