"""Colours of the page and of figures for papers, and how a figure is saved."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

LIGHT = {
    "paper": "#ffffff",
    "ink": "#1b2733",
    "soft": "#51606e",
    "line": "#d9dfe5",
    "pale": "#f3f6f8",
    "own": "#0b62a8",
    "worse": "#b5420a",
    "grey": "#8793a0",
    "skip": "#3f7fb5",
    "heat": "#8fc3ee",
    "warn": "#fff3d6",
    "warn-line": "#b07c00",
}
"""The page's colours by light, and a paper's. A method is told by its name and place, never by a colour alone."""

DARK = {
    "paper": "#12181f",
    "ink": "#e6ebf0",
    "soft": "#a9b5c1",
    "line": "#2b3641",
    "pale": "#1b242d",
    "own": "#6cb6ff",
    "worse": "#ff9e64",
    "grey": "#6f7c89",
    "skip": "#6fa8d6",
    "heat": "#1f5f96",
    "warn": "#3a3012",
    "warn-line": "#d9a514",
}
"""The same in the dark."""

LAST = 100
"""The order of an algorithm whose record says none."""

_RC = {
    "font.size": 11,
    "axes.labelsize": 11,
    "axes.titlesize": 12,
    "legend.fontsize": 10,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "svg.hashsalt": "diffnas",  # without it two drawings of the same data differ
}


def theme(sizes: Mapping[str, float] | None = None) -> AbstractContextManager[Any]:
    """The settings all figures are drawn under, undone on leaving: nobody's global matplotlib state is touched."""
    import seaborn as sns  # two seconds of CPU time that the page does without

    return mpl.rc_context({**sns.axes_style("whitegrid"), **_RC, **(sizes or {})})


def save(figure: Figure, path: Path) -> Path:
    """Write ``figure`` to ``path``, whose suffix is the format (png at 200 dpi, svg, pdf), and return the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    dated = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
    figure.savefig(path, dpi=200, bbox_inches="tight", metadata=dated.get(path.suffix))
    return path
