"""One colour and one marker per algorithm, the same in every figure; and how a figure is saved."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

LAST = 100
"""The order of an algorithm whose record says none."""

# By an algorithm's order: its place in seaborn's colour-blind palette. The paper's own keep their colour and marker
# whatever else a report shows, and so has the control; the others take what is left.
_PLACES = {1: 1, 2: 3, 3: 2, 4: 0}
_CONTROL = 7  # grey
_DASHES: tuple[tuple[float, ...], ...] = ((), (4, 1.5), (1, 1))
# Eleven: no multiple of the five free colours, so that a colour comes back with another marker.
_MARKERS = ("o", "s", "^", "D", "X", "P", "v", "<", ">", "*", "h")

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


class Look(NamedTuple):
    """How one algorithm is shown: an RGB colour (channels in 0..1), a matplotlib marker, its line's dashes, its name.

    A control's line is always dashed: it is a level to be compared with.
    """

    colour: tuple[float, float, float]
    marker: str
    dash: tuple[float, ...] = ()
    title: str = ""
    control: bool = False


def looks(records: pd.DataFrame) -> dict[str, Look]:
    """A look for each algorithm of the records, in the order of tables and legends.

    Where there are more algorithms than colours, lines of a colour that is used again are dashed.
    """
    palette = sns.color_palette("colorblind")
    known = records.dropna(subset="algorithm").drop_duplicates("algorithm")
    known = known.assign(order=known["order"].fillna(LAST)).sort_values(["order", "algorithm"])
    free = [place for place in range(len(palette)) if place not in (*_PLACES.values(), _CONTROL)]
    kept = [*_PLACES, "control"]  # the first markers are theirs
    given: set[int | str] = set()
    others = 0
    found: dict[str, Look] = {}
    for row in known.to_dict("records"):
        control = row["role"] == "control"
        own = "control" if control else int(row["order"])
        if own in kept and own not in given:
            given.add(own)
            place, marker, dash = _CONTROL if control else _PLACES[int(own)], kept.index(own), _DASHES[0]
        else:
            place, marker = free[others % len(free)], len(kept) + others
            dash = _DASHES[others // len(free) % len(_DASHES)]
            others += 1
        found[str(row["algorithm"])] = Look(
            tuple(palette[place]), _MARKERS[marker % len(_MARKERS)], dash, str(row["title"]), control
        )
    return found


def theme() -> AbstractContextManager[Any]:
    """The settings all figures are drawn under, undone on leaving: nobody's global matplotlib state is touched."""
    return mpl.rc_context({**sns.axes_style("whitegrid"), **_RC})


def save(figure: Figure, path: Path) -> Path:
    """Write ``figure`` to ``path``, whose suffix is the format (png at 200 dpi, svg, pdf), and return the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    dated = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
    figure.savefig(path, dpi=200, bbox_inches="tight", metadata=dated.get(path.suffix))
    return path
