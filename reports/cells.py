"""A found cell drawn as a graph: nodes from left to right, one labelled arrow per edge."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from reports.cell_arcs import Arcs
from reports.cell_graph import Edge, inputs, node_order
from reports.cell_lanes import Lanes
from reports.style import save, theme

_INCHES = 0.55  # per unit of a drawing


def draw_cell(edges: Sequence[Edge], path: Path, title: str = "") -> Path:
    """Draw ``edges`` (``cell``, ``source``, ``target``, ``operation``) to ``path`` (png, svg or pdf by suffix).

    Each kind of cell gets a row of its own. ``none`` is dashed grey, ``skip_connect`` light, any other operation dark;
    what only gathers nodes into a cell's output has no label. Raises ValueError where there is no edge or where edges
    form a loop.
    """
    if not edges:
        raise ValueError("a cell without edges cannot be drawn")
    cells = {cell: [e for e in edges if e["cell"] == cell] for cell in dict.fromkeys(e["cell"] for e in edges)}
    drawings = {cell: _drawing(group) for cell, group in cells.items()}
    extents = [drawing.extent() for drawing in drawings.values()]
    left, right = min(e[0] for e in extents), max(e[1] for e in extents)
    heights = [top - bottom for *_, bottom, top in extents]
    with theme():
        size = (_INCHES * (right - left), _INCHES * sum(heights) + 0.35 * len(cells))
        figure = Figure(figsize=size, layout="constrained")
        rows = figure.subplots(len(cells), 1, squeeze=False, height_ratios=heights)[:, 0]
        for axes, (cell, drawing), (*_, bottom, top) in zip(rows, drawings.items(), extents, strict=True):
            drawing.draw(axes)
            axes.set(xlim=(left, right), ylim=(bottom, top), aspect="equal")
            axes.axis("off")
            if len(cells) > 1:
                axes.set_title(cell, loc="left", fontsize=10, color="#52606d")
        if title:
            figure.suptitle(title, fontsize=11)
        return save(figure, path)


def _drawing(edges: Sequence[Edge]) -> Arcs | Lanes:
    """Arcs over a line of nodes where one input leads, lanes where several do."""
    node_order(edges)
    return Lanes(edges) if len(inputs(edges)) > 1 else Arcs(edges)
