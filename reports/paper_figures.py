"""Figures as files for a paper, at its columns' widths, drawn by matplotlib from the very charts of the page."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.cells import draw_cell
from reports.chart import Chart, Panel
from reports.contents import Part
from reports.scale import Scale
from reports.style import LIGHT, save, theme

COLUMN, PAGE = 3.5, 7.16
"""Widths in inches of one column and of both in IEEE's journals; other publishers' are close."""

_ACROSS = 4  # panels of small multiples beside one another on a page's width
_SIZES = {"font.size": 7, "axes.labelsize": 7, "axes.titlesize": 7, "xtick.labelsize": 6, "ytick.labelsize": 6}


def write(
    part: Part, folder: Path, prefix: str, formats: Collection[str], tell: Callable[[str], None]
) -> dict[str, list[Path]]:
    """Write every chart and cell of a part to ``folder`` in every format; the paths by the chart's key."""
    written: dict[str, list[Path]] = {}
    with theme(_SIZES):
        for chart in part.charts():
            tell(f"drawing {chart.title}")
            figure = draw(chart)
            stem = prefix + re.sub(r"[^A-Za-z0-9_.-]+", "-", chart.key)
            written[chart.key] = [save(figure, folder / f"{stem}.{suffix}") for suffix in formats]
    for cell in part.cells:
        tell(f"drawing {cell.key}")
        paths = [folder / f"{cell.key.replace('-', '_')}.{suffix}" for suffix in formats]
        written[cell.key] = [draw_cell(cell.edges, path, cell.title) for path in paths]
    return written


def draw(chart: Chart) -> Figure:
    """One chart: small multiples over the page's width, other charts a column's width for each panel."""
    count = len(chart.panels)
    across = min(_ACROSS if chart.grey else 2, count)
    down = math.ceil(count / across)
    width = COLUMN if count == 1 else PAGE
    high = 1.35 if chart.grey else 2.6
    figure = Figure(figsize=(width, high * down + 0.3), layout="constrained")
    grid = figure.subplots(down, across, squeeze=False, sharex=True, sharey=True)
    for axes, panel in zip(grid.flat, chart.panels, strict=False):
        _panel(axes, chart, panel)
    for axes in grid.flat[count:]:
        axes.set_visible(False)
    figure.supxlabel(chart.x_label, fontsize=7)
    figure.supylabel(chart.y_label or chart.title, fontsize=7)
    return figure


def _panel(axes: Axes, chart: Chart, panel: Panel) -> None:
    if chart.grey:
        for line in (line for other in chart.panels for line in other.lines):
            axes.plot(*zip(*line.points, strict=True), color=LIGHT["grey"], linewidth=0.3, zorder=1)
    for y, _ in panel.levels:
        axes.axhline(y, color=LIGHT["ink"], linestyle="--", linewidth=0.6, zorder=2)
    if panel.band:
        x, low, high = zip(*panel.band, strict=True)
        axes.fill_between(x, low, high, color=LIGHT["own"], alpha=0.2, linewidth=0, zorder=2)
    for line in panel.behind:
        axes.plot(*zip(*line.points, strict=True), color=LIGHT["grey"], linewidth=0.5, zorder=1)
    for line in panel.lines:
        axes.plot(*zip(*line.points, strict=True), color=LIGHT["own"], linewidth=0.7, zorder=3)
    if panel.mean:
        axes.plot(*zip(*panel.mean, strict=True), color=LIGHT["own"], linewidth=1.6, zorder=4)
    if panel.front:
        axes.plot(*zip(*panel.front, strict=True), color=LIGHT["own"], linewidth=0.9, linestyle="--", zorder=2)
    for dot in panel.dots:
        colour = LIGHT["soft"] if dot.control else LIGHT["own"]
        y = _shown(dot.y, chart.y)
        size, layer = (22, 5) if dot.mean else (7, 3)
        axes.scatter([dot.x], [y], size, color=colour, zorder=layer, edgecolors="white", linewidths=0.4)
        if dot.label:
            axes.annotate(dot.label, (dot.x, y), xytext=(3, 2), textcoords="offset points", fontsize=5, zorder=6)
    _scale(axes.set_xscale, axes.set_xlim, chart.x)
    _scale(axes.set_yscale, axes.set_ylim, chart.y)
    if chart.x_names:
        axes.set_xticks(range(len(chart.x_names)), chart.x_names)
    if chart.bare:
        axes.set_yticks([])
    axes.set_title(panel.title, fontsize=7)
    axes.grid(color=LIGHT["line"], linewidth=0.4)


def _shown(value: float, scale: Scale) -> float:
    """A value, or on a logarithmic axis its start for what lies before it, 0 above all."""
    return max(value, _start(scale)) if scale.log else value


def _start(scale: Scale) -> float:
    return scale.low / 1.5 if scale.zero else scale.low


def _scale(kind: Callable[[str], object], limits: Callable[[float, float], object], scale: Scale) -> None:
    kind("log" if scale.log else "linear")
    limits(_start(scale) if scale.log else scale.low, scale.high)
