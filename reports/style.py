"""One name, one colour and one marker per algorithm, the same in every table and figure; and how a figure is saved."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
import seaborn as sns
from matplotlib.figure import Figure

NAMES = {
    "rarts": "RARTS",
    "darts1": "DARTS-1",
    "darts2": "DARTS-2",
    "milenas": "MiLeNAS",
    "milenas2": "MiLeNAS-2",
    "random": "Random",
    "random_ws": "Random, shared weights",
    "evolution": "Evolution",
    "gdas": "GDAS",
    "snas": "SNAS",
    "proxylessnas": "ProxylessNAS",
    "fairdarts": "FairDARTS",
    "pdarts": "P-DARTS",
    "pcdarts": "PC-DARTS",
    "baseline": "Baseline (unpruned)",
    "random_pruning": "Random pruning",
    "network_slimming": "Network Slimming",
    "tas": "TAS",
    "pt": "PT",
    "es": "ES",
}

# Places in seaborn's colour-blind palette and markers of the algorithms met most often; the others take what is left.
_PLACES = {"darts1": 1, "darts2": 3, "milenas": 2, "rarts": 0, "random": 7}
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
    """How one algorithm is drawn: an RGB colour, each channel in 0..1, a matplotlib marker, its line's dashes."""

    colour: tuple[float, float, float]
    marker: str
    dash: tuple[float, ...] = ()


def name(algorithm: str, variant: str = "") -> str:
    """The name to show; ``a+b`` is an algorithm wrapped by a selection, and an unknown name is shown as it stands."""
    shown = " + ".join(NAMES.get(part, part) for part in algorithm.split("+"))
    return f"{shown} ({variant})" if variant else shown


def precedence(algorithm: str) -> tuple[int, str]:
    """The key that sorts rows and legends: the order of the paper, other algorithms by name, random search last."""
    known = [a for a in _PLACES if a != "random"]
    return (len(known) + (algorithm == "random") if algorithm not in known else known.index(algorithm), algorithm)


def looks(algorithms: Iterable[str]) -> dict[str, Look]:
    """A look for each algorithm. Known ones keep theirs whatever else is shown; the others follow in sorted order.

    Where there are more algorithms than colours, lines of a colour that is used again are dashed.
    """
    palette = sns.color_palette("colorblind")
    asked = set(algorithms)
    free = [place for place in range(len(palette)) if place not in _PLACES.values()]
    others = sorted(asked - set(_PLACES))
    places = _PLACES | {algorithm: free[i % len(free)] for i, algorithm in enumerate(others)}
    dashes = {algorithm: _DASHES[i // len(free) % len(_DASHES)] for i, algorithm in enumerate(others)}
    markers = {algorithm: _MARKERS[i % len(_MARKERS)] for i, algorithm in enumerate(places)}
    return {
        algorithm: Look(tuple(palette[place]), markers[algorithm], dashes.get(algorithm, ()))
        for algorithm, place in sorted(places.items(), key=lambda item: precedence(item[0]))
        if algorithm in asked
    }


def theme() -> AbstractContextManager[Any]:
    """The settings all figures are drawn under, undone on leaving: nobody's global matplotlib state is touched."""
    return mpl.rc_context({**sns.axes_style("whitegrid"), **_RC})


def save(figure: Figure, path: Path) -> Path:
    """Write ``figure`` to ``path``, whose suffix is the format (png at 200 dpi, svg, pdf), and return the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    dated = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
    figure.savefig(path, dpi=200, bbox_inches="tight", metadata=dated.get(path.suffix))
    return path
