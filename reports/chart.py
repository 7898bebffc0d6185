"""What a figure shows, free of how it is drawn: the page draws it as SVG, ``--figures`` by matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reports.scale import Scale

Curve = Sequence[tuple[float, float]]
"""Points (x, y) in the axes' units."""


@dataclass(frozen=True)
class Line:
    """One search's line."""

    points: Curve
    trial: str = ""


@dataclass(frozen=True)
class Dot:
    """One mark: a search's, or with ``mean`` that of a method. ``label`` is written beside it."""

    x: float
    y: float
    trial: str = ""
    method: str = ""
    mean: bool = False
    label: str = ""
    control: bool = False


@dataclass(frozen=True)
class Panel:
    """One part of a figure.

    Attributes
    ----------
    title, method
        What it is called, and the key of the method that it shows; empty where it shows several.
    alt
        What is to be seen, for who does not see it.
    lines, mean, band
        A line a search; their mean; and the lowest and highest at each x.
    dots
        Marks.
    levels
        Horizontal lines to compare with, (y, label).
    front
        Corners of the Pareto front.
    behind
        Further lines, grey.
    """

    title: str
    alt: str
    method: str = ""
    lines: tuple[Line, ...] = ()
    mean: Curve = ()
    band: tuple[tuple[float, float, float], ...] = ()
    dots: tuple[Dot, ...] = ()
    levels: tuple[tuple[float, str], ...] = ()
    front: Curve = ()
    behind: tuple[Line, ...] = ()


@dataclass(frozen=True)
class Chart:
    """Panels with the same axes. With ``grey`` each panel has all others' lines behind its own."""

    key: str
    title: str
    caption: str
    x_label: str
    y_label: str
    x: Scale
    y: Scale
    panels: tuple[Panel, ...]
    grey: bool = False
    folded: bool = False
    """Whether the page shows it only when asked: a second measure of the same thing."""
    x_names: tuple[str, ...] = ()
    """Where x counts names from 0 instead of being a number: those names."""

    bare: bool = False
    """Whether the vertical axis has no numbers: its marks are labelled themselves."""

    def y_ticks(self, most: int) -> list[tuple[float, str]]:
        """Ticks of the vertical axis."""
        return [] if self.bare else self.y.ticks(most)

    def x_ticks(self) -> list[tuple[float, str]]:
        """Ticks of the horizontal axis."""
        return [(float(i), name) for i, name in enumerate(self.x_names)] if self.x_names else self.x.ticks(4)
