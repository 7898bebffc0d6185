"""A cell of several inputs (DARTS, Fig. 2 of the RARTS paper): nodes in a staircase, each edge a lane of its own.

The inputs stand side by side at the top left. Every edge leaves its source downwards, turns once and runs along a lane
of its own, with its operation's name, into its target's left side. So lanes never meet, labels never meet a line, and
lines cross only at right angles. The output gathers its nodes in a bar at the right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib.patheffects as effects
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path as Curve

from reports.cell_graph import INK, OUTPUT, Edge, inputs, node_order, stroke, write_node, write_operation
from results.schema import CONCAT

LETTER = 0.128  # width of a label's letter
_LANE = 0.5  # from lane to lane
_GAP = 0.3  # between the rows of two nodes
_WIDE, _HIGH = 0.8, 0.5  # of a node
_RIBBON = 0.15  # between two lines that leave one node
_TURN = 0.2  # radius of a line's corner
HEAD = 0.35  # a lane's end after its label, the arrow's head in it

Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """A node's rectangle by its centre."""

    x: float
    y: float
    width: float
    height: float

    @property
    def sides(self) -> tuple[float, float, float, float]:
        """Left, right, bottom, top."""
        return self.x - self.width / 2, self.x + self.width / 2, self.y - self.height / 2, self.y + self.height / 2


@dataclass(frozen=True)
class Wire:
    """An edge's line through ``points``, at right angles."""

    edge: Edge
    points: tuple[Point, ...]

    @property
    def operation(self) -> str:
        """What the line is labelled with."""
        return str(self.edge["operation"])


class Lanes:
    """The drawing of one cell. ``boxes`` are its nodes, ``wires`` its edges, those into the output last."""

    def __init__(self, edges: Sequence[Edge]) -> None:
        edges = gathered(edges)
        carried = [e for e in edges if e["target"] != OUTPUT]
        step = LETTER * max(len(str(e["operation"])) for e in carried) + HEAD + _TURN + 1.6 * _WIDE
        self.boxes: dict[str, Box] = {}
        for i, node in enumerate(inputs(edges)):
            self.boxes[node] = Box(i * 1.5 * _WIDE, 0.0, _WIDE, _HIGH)
        x, bottom = (len(self.boxes) - 1) * 1.5 * _WIDE, -_HIGH / 2
        ends: list[tuple[Edge, Point]] = []
        for node in (n for n in node_order(carried) if n not in self.boxes):
            own = sorted((e for e in carried if e["target"] == node), key=lambda e: -self.boxes[e["source"]].x)
            x, height = x + step, _LANE * len(own)
            self.boxes[node] = Box(x, bottom - _GAP - height / 2, _WIDE, height)
            lanes = [bottom - _GAP - _LANE * (i + 0.5) for i in range(len(own))]
            ends += [(edge, (x - _WIDE / 2, y)) for edge, y in zip(own, lanes, strict=True)]
            bottom -= _GAP + height
        self.wires = self._wires(ends)
        gather = [e for e in edges if e["target"] == OUTPUT]
        if gather:
            last = [self.boxes[e["source"]] for e in gather]
            low, high = min(b.sides[2] for b in last), max(b.sides[3] for b in last)
            bar = self.boxes[OUTPUT] = Box(x + 1.8 * _WIDE, (low + high) / 2, 0.7 * _WIDE, high - low)
            for edge, box in zip(gather, last, strict=True):
                self.wires.append(Wire(edge, ((box.sides[1], box.y), (bar.sides[0], box.y))))

    def _wires(self, ends: Sequence[tuple[Edge, Point]]) -> list[Wire]:
        """Each node's lines side by side under it, the one to the highest lane rightmost: they never cross."""
        wires = []
        for node, box in self.boxes.items():
            own = sorted((end for end in ends if end[0]["source"] == node), key=lambda end: end[1][1])
            space = min(_RIBBON, (_WIDE - 0.2) / max(1, len(own) - 1))
            for i, (edge, (x, y)) in enumerate(own):
                down = box.x + space * (i - (len(own) - 1) / 2)
                wires.append(Wire(edge, ((down, box.sides[2]), (down, y), (x, y))))
        return wires

    def extent(self) -> tuple[float, float, float, float]:
        """Left, right, bottom and top of what is drawn."""
        left, right, bottom, top = zip(*(box.sides for box in self.boxes.values()), strict=True)
        return min(left) - 0.1, max(right) + 0.1, min(bottom) - 0.1, max(top) + 0.1

    def draw(self, axes: Axes) -> None:
        """Draw into axes whose unit is the same in both directions."""
        for wire in self.wires:
            line = stroke(wire.operation)
            # Wide enough for the halos of two neighbours to meet: no dot of the line beneath is left between them.
            halo = [effects.Stroke(linewidth=line["linewidth"] + 5, foreground="white"), effects.Normal()]
            arrow = FancyArrowPatch(
                path=_rounded(wire.points),
                arrowstyle="-|>",
                mutation_scale=10,
                shrinkA=0,
                shrinkB=0,
                path_effects=halo,
                **line,
            )
            axes.add_patch(arrow)
            if wire.operation != CONCAT:
                x, y = wire.points[-1]
                write_operation(axes, x - HEAD, y, wire.operation, "right")
        for node, box in self.boxes.items():
            corner = (box.sides[0] + 0.1, box.sides[2] + 0.1)
            shape: dict[str, Any] = {"boxstyle": "round,pad=0.1", "facecolor": "#eef2f6", "edgecolor": INK, "zorder": 4}
            axes.add_patch(FancyBboxPatch(corner, box.width - 0.2, box.height - 0.2, **shape))
            write_node(axes, box.x, box.y, node)


def gathered(edges: Sequence[Edge]) -> list[Edge]:
    """The edges with those into the output: where none is given, every node but the inputs is concatenated."""
    if any(e["target"] == OUTPUT for e in edges):
        return list(edges)
    nodes = [node for node in node_order(edges) if node not in inputs(edges)]
    return [*edges, *({"source": node, "target": OUTPUT, "operation": CONCAT} for node in nodes)]


def _rounded(points: Sequence[Point]) -> Curve:
    """The line through ``points`` with round corners."""
    if len(points) == 2:
        return Curve(points, [Curve.MOVETO, Curve.LINETO])
    start, (x, y), end = points
    path = [start, (x, y + _TURN), (x, y), (x + _TURN, y), end]
    return Curve(path, [Curve.MOVETO, Curve.LINETO, Curve.CURVE3, Curve.CURVE3, Curve.LINETO])
