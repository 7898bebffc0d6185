"""The paper's Fig. 1: trajectories of the solvable model in the (α, w) plane, one panel per parameter varied."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.style import save, theme
from results.errors import BadInput

COLUMNS = ("panel", "algorithm", "label", "step", "alpha", "w", "y")
PANELS = {"lam": "λ varies", "beta": "β varies", "y0": "the start y₀ varies"}
OPTIMUM = (1.0, 1.0)
_BASELINES = ("--", ":", "-.")


def draw(trajectories: pd.DataFrame, out: Path) -> list[Path]:
    """Write ``fig1.png`` and ``fig1.svg`` under ``out`` and return their paths.

    ``trajectories`` has a row per step: ``panel`` ("lam", "beta" or "y0"), ``algorithm``, ``label`` (the legend's
    text), ``step`` and the iterates ``alpha``, ``w``, ``y``, all without units. The algorithm with the most labels is
    the one that a panel varies; the others do not depend on it and are drawn once in every panel. Raises BadInput
    where a column is missing or there is no row.
    """
    missing = [column for column in COLUMNS if column not in trajectories.columns]
    if missing:
        raise BadInput(f"the trajectories lack the column(s) {', '.join(missing)}: give all of {', '.join(COLUMNS)}")
    if trajectories.empty:
        raise BadInput("the trajectories hold no row: run a search on the solvable model first")
    varied = trajectories.groupby("algorithm")["label"].nunique().idxmax()
    ours = trajectories[trajectories["algorithm"] == varied]
    others = trajectories[trajectories["algorithm"] != varied].drop_duplicates(["algorithm", "label", "step"])
    panels = [p for p in PANELS if p in set(ours["panel"])] + sorted(set(ours["panel"]) - set(PANELS))
    with theme():
        figure = Figure(figsize=(4.6 * len(panels), 4.9), layout="constrained")
        row = figure.subplots(1, len(panels), squeeze=False, sharex=True, sharey=True)[0]
        for axes, panel in zip(row, panels, strict=True):
            _panel(axes, ours[ours["panel"] == panel], others)
            axes.set(title=PANELS.get(panel, panel), xlabel="architecture parameter α", ylabel="weight w")
            axes.label_outer()
            axes.legend(loc="lower left", frameon=True, framealpha=0.95)
        return [save(figure, out / f"fig1.{suffix}") for suffix in ("png", "svg")]


def _panel(axes: Axes, ours: pd.DataFrame, others: pd.DataFrame) -> None:
    import seaborn as sns  # two seconds of CPU time that only this figure needs

    labels = list(dict.fromkeys(ours["label"]))
    for label, colour in zip(labels, sns.color_palette("viridis", len(labels)), strict=True):
        _path(axes, ours[ours["label"] == label], colour, "-", str(label))
    for i, ((algorithm, label), path) in enumerate(others.groupby(["algorithm", "label"], sort=False)):
        _path(axes, path, "#b3261e" if i == 0 else "#6b7280", _BASELINES[i % 3], str(label) or str(algorithm))
    start = ours.sort_values("step").iloc[0]
    axes.plot(start["alpha"], start["w"], "o", color="#1f2933", markersize=6, zorder=5)
    _note(axes, "start", (start["alpha"], start["w"]), (-8, 0), "center")
    axes.plot(*OPTIMUM, "*", color="#d4a017", markeredgecolor="#1f2933", markersize=16, zorder=6)
    _note(axes, "optimum (1, 1)", OPTIMUM, (-8, 6), "bottom")


def _path(axes: Axes, path: pd.DataFrame, colour: object, style: str, label: str) -> None:
    path = path.sort_values("step")
    axes.plot(path["alpha"], path["w"], linestyle=style, color=colour, linewidth=1.7, label=label)
    axes.plot(path["alpha"].iloc[-1], path["w"].iloc[-1], "s", color=colour, markersize=5, zorder=4)


def _note(axes: Axes, text: str, at: tuple[float, float], offset: tuple[int, int], align: str) -> None:
    axes.annotate(text, at, xytext=offset, textcoords="offset points", ha="right", va=align)
