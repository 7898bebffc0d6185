"""Figures as files for a paper, at its columns' widths, drawn by matplotlib from the very charts of the page."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports import labels
from reports.cells import draw_cell
from reports.chart import Chart, Dot, Panel
from reports.contents import Part
from reports.scale import Scale
from reports.style import LIGHT, save, theme

COLUMN, PAGE = 3.5, 7.16
"""Widths in inches of one column and of both in IEEE's journals; other publishers' are close."""

_ACROSS = 4  # panels of small multiples beside one another on a page's width
_NAME, _LINE = 5.0, 6.25
"""Of a mark's name and of a line of such names, in points."""

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
    if any(dot.label for panel in chart.panels for dot in panel.dots):
        figure.draw_without_rendering()  # only then do the axes have their place
        for axes, panel in zip(grid.flat, chart.panels, strict=False):
            _names(axes, chart, panel)
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
        layer = 5 if dot.mean else 3
        axes.scatter([dot.x], [y], _size(dot), color=colour, zorder=layer, edgecolors="white", linewidths=0.4)
    _scale(axes.set_xscale, axes.set_xlim, chart.x)
    _scale(axes.set_yscale, axes.set_ylim, chart.y)
    if chart.x_names:
        axes.set_xticks(range(len(chart.x_names)), chart.x_names)
    if chart.bare:
        axes.set_yticks([])
    axes.set_title(panel.title, fontsize=7)
    axes.grid(color=LIGHT["line"], linewidth=0.4)


def _names(axes: Axes, chart: Chart, panel: Panel) -> None:
    """Each labelled dot's name, none over another, and a line to those that stand apart; lost ones are counted."""
    # Places are reckoned in pixels of the page's lines of text, from the upper left corner of the axes.
    pixel = _LINE / labels.HEIGHT * axes.figure.dpi / 72
    wide, high = (float(size) / pixel for size in axes.get_window_extent().size)

    def at(x: float, y: float) -> tuple[float, float]:
        across, up = axes.transAxes.inverted().transform(axes.transData.transform((x, y)))
        return float(across) * wide, (1 - float(up)) * high

    texts = [axes.text(0, 0, dot.label, fontsize=_NAME, va="center", zorder=6, in_layout=False) for dot in panel.dots]
    marks = [
        labels.Mark(*at(dot.x, _shown(dot.y, chart.y)), math.sqrt(_size(dot)) / 2 * labels.HEIGHT / _LINE, width)
        for dot, width in zip(panel.dots, (text.get_window_extent().width / pixel for text in texts), strict=True)
    ]
    front = [at(x, _shown(y, chart.y)) for x, y in panel.front]
    places = labels.place(marks, labels.along(*front), (1.0, -6.0, wide - 1.0, high - 1.0))
    for text, place in zip(texts, places, strict=True):
        text.set_visible(place is not None)
        text.set_transform(axes.transAxes)
        if place:
            text.set_position((place.left / wide, 1 - (place.top + labels.HEIGHT / 2) / high))
        if place and place.lead:
            across, up = zip(*((x / wide, 1 - y / high) for x, y in place.lead), strict=True)
            axes.plot(across, up, color=LIGHT["soft"], linewidth=0.4, transform=axes.transAxes, zorder=2)
    if lost := sum(bool(dot.label) and place is None for dot, place in zip(panel.dots, places, strict=True)):
        said = axes.text(1, 1, f"no room for {lost} more names", fontsize=_NAME, ha="right", va="top", in_layout=False)
        said.set_transform(axes.transAxes)


def _size(dot: Dot) -> float:
    """Of a dot, in square points."""
    return 22.0 if dot.mean else 7.0


def _shown(value: float, scale: Scale) -> float:
    """A value, or on a logarithmic axis its start for what lies before it, 0 above all."""
    return max(value, _start(scale)) if scale.log else value


def _start(scale: Scale) -> float:
    return scale.low / 1.5 if scale.zero else scale.low


def _scale(kind: Callable[[str], object], limits: Callable[[float, float], object], scale: Scale) -> None:
    kind("log" if scale.log else "linear")
    limits(_start(scale) if scale.log else scale.low, scale.high)
