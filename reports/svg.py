"""A chart as inline SVG: one drawing a panel, coloured by the page's own variables, readable without a script."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from reports import labels, letters
from reports.chart import Chart, Curve, Dot, Panel
from reports.scale import Scale

_SIZE = 11  # of the letters, as the page's style sets them
_BASE = 10  # from the top of a line of text to the line that it stands on
_STRIP = 22  # height of a row of a forest plot
_PAD = 8  # before and after a strip's axis


@dataclass(frozen=True)
class Box:
    """The size of a panel's drawing in pixels, and the margins around its axes."""

    width: int
    height: int
    left: int = 40
    right: int = 34
    top: int = 8
    bottom: int = 32

    def x(self, fraction: float) -> float:
        """The abscissa of a fraction of the axis."""
        return self.left + fraction * (self.width - self.left - self.right)

    def y(self, fraction: float) -> float:
        """The ordinate of a fraction of the axis; SVG counts downwards."""
        return self.height - self.bottom - fraction * (self.height - self.top - self.bottom)


SMALL = Box(236, 150)
LARGE = Box(560, 380, left=52, right=100, top=20, bottom=42)


def panels(chart: Chart, box: Box, prefix: str) -> list[tuple[Panel, Markup]]:
    """Each panel with its drawing. ``prefix`` makes ids unique in the page."""
    behind = f"{prefix}{chart.key}-all"
    return [(panel, _panel(chart, panel, box, behind if chart.grey else "")) for panel in chart.panels]


def background(chart: Chart, box: Box, prefix: str) -> Markup:
    """All lines of a chart of small multiples, once, for every panel to use; empty for other charts."""
    if not chart.grey:
        return Markup("")
    lines = [_path(chart, line.points, box, "grey") for panel in chart.panels for line in panel.lines]
    group = Markup('<g id="{}{}-all">{}</g>').format(prefix, chart.key, Markup("").join(lines))
    return Markup('<svg class="store" aria-hidden="true" width="0" height="0"><defs>{}</defs></svg>').format(group)


def _panel(chart: Chart, panel: Panel, box: Box, behind: str) -> Markup:
    parts = [*_axes(chart, box)]
    if behind:
        parts.append(Markup('<use href="#{}"/>').format(behind))
    for y, label in panel.levels:
        at = box.y(chart.y.at(y))
        parts.append(_line("level", box.left, box.width - box.right, at, at))
        parts.append(_text(box.left + 3, at - 3, label, "level"))
    if panel.band:
        edge = [(x, high) for x, _, high in panel.band] + [(x, low) for x, low, _ in reversed(panel.band)]
        parts.append(Markup('<polygon class="band" points="{}"/>').format(_points(chart, edge, box)))
    if panel.front:
        parts.append(_path(chart, panel.front, box, "front"))
    parts += [_path(chart, line.points, box, "grey") for line in panel.behind]
    parts += [_path(chart, line.points, box, "own", line.trial) for line in panel.lines]
    parts += _ends(chart, panel, box)
    if len(panel.mean) > 1:
        parts.append(_path(chart, panel.mean, box, "mean"))
        x, y = panel.mean[-1]
        parts.append(_text(box.x(chart.x.at(x)) + 6, box.y(chart.y.at(y)) + 4, _value(y), "end"))
    named = list(_labels(chart, panel, box))
    parts += [*named, *(_dot(chart, dot, box) for dot in panel.dots)]
    return Markup(
        '<svg class="plot" viewBox="0 0 {} {}" width="{}" height="{}" role="img" aria-label="{}">{}</svg>'
    ).format(box.width, box.height, box.width, box.height, panel.alt, Markup("").join(parts))


def _axes(chart: Chart, box: Box) -> Iterable[Markup]:
    floor, end = box.height - box.bottom, box.width - box.right
    for value, text in chart.y_ticks(3 if box is SMALL else 5):
        y = box.y(chart.y.at(value))
        yield _line("rule", box.left, end, y, y)
        yield _text(box.left - 5, y + 4, text, "tick right")
    for value, text in chart.x_ticks():
        x = box.x(chart.x.at(value))
        yield _line("rule", x, x, floor, floor + 3)
        yield _text(x, floor + 14, text, "tick middle")
    yield _line("axis", box.left, end, floor, floor)
    yield _text(box.x(0.5), box.height - 4, chart.x_label, "label middle")
    if chart.y_label:
        yield _text(4, 10, chart.y_label, "label")


def _line(kind: str, x1: float, x2: float, y1: float, y2: float) -> Markup:
    line = Markup('<line class="{}" x1="{}" x2="{}" y1="{}" y2="{}"/>')
    return line.format(kind, _round(x1), _round(x2), _round(y1), _round(y2))


def _ends(chart: Chart, panel: Panel, box: Box) -> Iterable[Markup]:
    """A dot at the end of each line, to hover over; a triangle where a line leaves the axis."""
    for line in panel.lines:
        for x, y in line.points:
            if not chart.y.holds(y):
                up = y > chart.y.high
                cx, cy = box.x(chart.x.at(x)), box.y(1.0 if up else 0.0)
                tip = -4 if up else 4
                corners = f"{_round(cx - 3)},{_round(cy)} {_round(cx + 3)},{_round(cy)} {_round(cx)},{_round(cy + tip)}"
                yield Markup('<polygon class="beyond" points="{}"/>').format(corners)
        if line.points and line.trial:
            x, y = line.points[-1]
            yield _circle(box.x(chart.x.at(x)), box.y(chart.y.at(y)), 3, "seed", line.trial, "")


def _dot(chart: Chart, dot: Dot, box: Box) -> Markup:
    kind = ("mean-dot" if dot.mean else "seed") + (" control" if dot.control else "")
    place = box.x(chart.x.at(dot.x)), box.y(chart.y.at(dot.y))
    return _circle(*place, _radius(dot), kind, dot.trial, dot.method, dot.label if dot.mean else "")


def _labels(chart: Chart, panel: Panel, box: Box) -> Iterable[Markup]:
    """Each labelled dot's name, and a line to those that stand apart; what no room is left for is counted."""
    marks = [_mark(chart, dot, box) for dot in panel.dots]
    front = [(box.x(chart.x.at(x)), box.y(chart.y.at(y))) for x, y in panel.front]
    area = (box.left + 2.0, box.top - 6.0, box.width - 1.0, box.height - box.bottom - 1.0)
    lost = 0
    for dot, place in zip(panel.dots, labels.place(marks, labels.along(*front), area), strict=True):
        if place is None:
            lost += bool(dot.label)
            continue
        if place.lead:
            (x1, y1), (x2, y2) = place.lead
            yield _line("lead", x1, x2, y1, y2)
        yield _text(place.left, place.top + _BASE, dot.label, "name", dot.method)
    if lost:
        yield _text(box.width - 4, 10, f"no room for {lost} more names: point at a mark", "label right")


def _mark(chart: Chart, dot: Dot, box: Box) -> labels.Mark:
    wide = letters.width(dot.label, _SIZE) if dot.label else 0.0
    return labels.Mark(box.x(chart.x.at(dot.x)), box.y(chart.y.at(dot.y)), _radius(dot), wide)


def _radius(dot: Dot) -> float:
    return 5.5 if dot.mean else 3.0


def _path(chart: Chart, points: Curve, box: Box, kind: str, trial: str = "") -> Markup:
    drawn = _points(chart, points, box)
    named = Markup(' data-t="{}"').format(trial) if trial and kind == "own" else ""
    return Markup('<polyline class="{}"{} points="{}"/>').format(kind, named, drawn)


def _points(chart: Chart, points: Iterable[tuple[float, float]], box: Box) -> str:
    return " ".join(f"{_round(box.x(chart.x.at(x)))},{_round(box.y(chart.y.at(y)))}" for x, y in points)


def _circle(x: float, y: float, radius: float, kind: str, trial: str, method: str, title: str = "") -> Markup:
    named = Markup("").join(
        Markup(' data-{}="{}"').format(key, value) for key, value in (("t", trial), ("m", method)) if value
    )
    place = Markup('cx="{}" cy="{}" r="{}"').format(_round(x), _round(y), _round(radius))
    circle = Markup('<circle class="{}"{} {}').format(kind, named, place)
    return circle + (Markup("><title>{}</title></circle>").format(title) if title else Markup("/>"))


def _text(x: float, y: float, text: str, kind: str, method: str = "") -> Markup:
    named = Markup(' data-m="{}"').format(method) if method else ""
    return Markup('<text class="{}"{} x="{}" y="{}">{}</text>').format(kind, named, _round(x), _round(y), text)


def strip(
    values: Sequence[tuple[float, str]],
    mean: float,
    interval: tuple[float, float] | None,
    scale: Scale,
    levels: Sequence[float],
    width: int,
    alt: str,
) -> Markup:
    """One row of a forest plot: a dot a search, a bar at the mean, its interval where one is given, levels behind."""

    def place(value: float) -> float:
        return _PAD + scale.at(value) * (width - 2 * _PAD)

    rules = [("rule", value) for value, _ in scale.ticks(6)] + [("level", value) for value in levels]
    parts = [_line(kind, x := place(value), x, 0, _STRIP) for kind, value in rules]
    if interval is not None:
        low, high = map(place, interval)
        parts.append(_line("interval", low, high, _STRIP / 2, _STRIP / 2))
    parts += [_circle(place(value), _STRIP / 2, 3.4, "seed", trial, "") for value, trial in values]
    parts.append(_line("mean", x := place(mean), x, 4, _STRIP - 4))
    drawing = Markup(
        '<svg class="strip" viewBox="0 0 {0} {1}" width="{0}" height="{1}" role="img" aria-label="{2}">{3}</svg>'
    )
    return drawing.format(width, _STRIP, alt, Markup("").join(parts))


def ruler(scale: Scale, width: int, most: int = 6) -> Markup:
    """The axis above a forest plot's strips."""
    texts = [_text(_PAD + scale.at(v) * (width - 2 * _PAD), 12, text, "tick middle") for v, text in scale.ticks(most)]
    return Markup('<svg class="strip" viewBox="0 0 {} 16" width="{}" height="16" aria-hidden="true">{}</svg>').format(
        width, width, Markup("").join(texts)
    )


def _value(value: float) -> str:
    return f"{value:.3g}".replace("-", "−")


def _round(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
