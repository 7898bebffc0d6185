"""A found cell as inline SVG, from the same geometry as the drawing for papers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from markupsafe import Markup

from reports.cell_arcs import RADIUS, STEP, Arc, Arcs
from reports.cell_graph import Edge, inputs, node_order
from reports.cell_lanes import HEAD, Lanes
from reports.neutral import visible
from results.schema import CONCAT

_PIXELS = 38  # a unit of the geometry


def draw(edges: Sequence[Edge]) -> Markup:
    """Every kind of cell among the edges, one drawing each. Raises ValueError where edges form a loop."""
    kinds = {kind: [e for e in edges if e["cell"] == kind] for kind in dict.fromkeys(e["cell"] for e in edges)}
    return Markup("").join(_cell(str(kind) if len(kinds) > 1 else "", own) for kind, own in kinds.items())


def _cell(kind: str, edges: Sequence[Edge]) -> Markup:
    node_order(edges)  # refuses loops
    drawing = Lanes(edges) if len(inputs(edges)) > 1 else Arcs(edges)
    left, right, bottom, top = drawing.extent()
    parts = list(_arcs(drawing) if isinstance(drawing, Arcs) else _lanes(drawing))
    width, height = (right - left) * _PIXELS, (top - bottom) * _PIXELS
    view = f"{left * _PIXELS:.0f} {-top * _PIXELS:.0f} {width:.0f} {height:.0f}"
    said = ", ".join(f"{e['source']} to {e['target']} {e['operation']}" for e in edges if e["operation"] != CONCAT)
    label = visible(f"{kind} cell: {said}".strip())
    title = Markup('<span class="kind">{}</span>').format(visible(kind)) if kind else Markup("")
    return title + Markup(
        '<svg class="cell" viewBox="{}" width="{}" height="{}" role="img" aria-label="{}">{}</svg>'
    ).format(view, f"{width:.0f}", f"{height:.0f}", label, Markup("").join(parts))


def _arcs(drawing: Arcs) -> Iterable[Markup]:
    for arc in drawing.arcs:
        yield Markup('<path class="{}" d="{}"/>').format(_kind(arc.edge), _bow(arc))
        yield _arrow(_kind(arc.edge), *_foot(arc))
    for arc in drawing.arcs:
        yield _label((arc.left + arc.right) / 2 * STEP, arc.height, arc.edge, "middle")
    for place, node in enumerate(drawing.order):
        yield Markup('<circle class="node" cx="{}" cy="0" r="{}"/>').format(_p(place * STEP), _p(RADIUS))
        yield _node(place * STEP, 0, node)


def _control(arc: Arc) -> tuple[float, float, float]:
    """How far the control points lean, their height, and the angle at the feet."""
    lean, top = 0.5 + 0.12 * STEP * (arc.right - arc.left), 4 / 3 * arc.height
    return lean, top, math.atan2(top, lean)


def _bow(arc: Arc) -> str:
    lean, top, angle = _control(arc)
    start, end = arc.left * STEP, arc.right * STEP
    dx, dy = RADIUS * math.cos(angle), RADIUS * math.sin(angle)
    points = [(start + dx, dy), (start + lean, top), (end - lean, top), (end - dx, dy)]
    (x, y), *rest = [(_p(a), _p(-b)) for a, b in points]
    return f"M{x} {y}C{' '.join(f'{a} {b}' for a, b in rest)}"


def _foot(arc: Arc) -> tuple[float, float, float]:
    """Where an arc's arrow ends, and its direction."""
    _, _, angle = _control(arc)
    end = arc.right * STEP
    return end - RADIUS * math.cos(angle), RADIUS * math.sin(angle), -angle


def _lanes(drawing: Lanes) -> Iterable[Markup]:
    for wire in drawing.wires:
        points = " ".join(f"{_p(x)},{_p(-y)}" for x, y in wire.points)
        yield Markup('<polyline class="halo" points="{}"/><polyline class="{}" points="{}"/>').format(
            points, _kind(wire.edge), points
        )
        yield _arrow(_kind(wire.edge), *wire.points[-1], 0.0)
        if wire.operation != CONCAT:
            x, y = wire.points[-1]
            yield _label(x - HEAD, y, wire.edge, "end")
    for node, box in drawing.boxes.items():
        left, _, _, top = box.sides
        yield Markup('<rect class="node" x="{}" y="{}" width="{}" height="{}" rx="5"/>').format(
            _p(left), _p(-top), _p(box.width), _p(box.height)
        )
        yield _node(box.x, box.y, node)


def _kind(edge: Edge) -> str:
    operation = edge["operation"]
    return {"skip_connect": "skip", "none": "none", CONCAT: "gather"}.get(str(operation), "edge")


def _arrow(kind: str, x: float, y: float, angle: float) -> Markup:
    tip, wing = (_p(x), _p(-y)), 0.2
    corners = [tip] + [
        (_p(x - wing * math.cos(angle + turn)), _p(-(y - wing * math.sin(angle + turn)))) for turn in (0.4, -0.4)
    ]
    return Markup('<polygon class="head {}" points="{}"/>').format(kind, " ".join(f"{a},{b}" for a, b in corners))


def _label(x: float, y: float, edge: Edge, anchor: str) -> Markup:
    text = Markup('<text class="{}" text-anchor="{}" x="{}" y="{}">{}</text>')
    return text.format("on", anchor, _p(x), f"{-y * _PIXELS + 4:.1f}", visible(str(edge["operation"])))


def _node(x: float, y: float, node: str) -> Markup:
    text = Markup('<text class="in" text-anchor="middle" x="{}" y="{}">{}</text>')
    return text.format(_p(x), f"{-y * _PIXELS + 4:.1f}", visible(node.replace("{", "").replace("}", "")))


def _p(units: float) -> str:
    return f"{units * _PIXELS:.1f}".removesuffix(".0")
