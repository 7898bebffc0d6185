"""The report's figures. Each takes frames and gives a matplotlib Figure, or None where nothing was measured."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from reports.formats import engineering, setting
from reports.style import Look
from results.metrics import bare

Looks = Mapping[str, Look]

_COSTS = {"search_macs": ("search cost", "multiply-adds"), "search_seconds": ("search time", "s")}
_WIDE = 20  # a range of so many times is drawn on a logarithmic axis


def error_against_cost(records: pd.DataFrame, looks: Looks) -> Figure | None:
    """Test error (percent) of every trial against its search cost, a column per data set, a row per kind of cost.

    Small marks are trials, a large one is the mean of one (algorithm, variant).
    """
    measured = records.dropna(subset=["test_error"])
    kinds = [cost for cost in _COSTS if (measured[cost] > 0).any()]
    datasets = list(dict.fromkeys(measured["eval_dataset"]))
    if not kinds:
        return None
    figure, grid = _grid(len(kinds), len(datasets))
    for i, cost in enumerate(kinds):
        costly = measured[measured[cost] > 0]
        scaled, label = _scaled(costly, cost)
        wide = costly[cost].max() >= _WIDE * costly[cost].min()
        for dataset, axes in zip(datasets, grid[i], strict=True):
            points = scaled[scaled["eval_dataset"] == dataset]
            for (algorithm, _), group in points.groupby(["algorithm", "variant"], sort=False):
                colour, marker, *_ = looks[str(algorithm)]
                mean = group[[cost, "test_error"]].mean()
                axes.scatter(group[cost], group["test_error"], 28, [colour], marker=marker, alpha=0.6, linewidths=0)
                axes.scatter(*mean, 100, [colour], marker=marker, edgecolors="black", linewidths=0.8)
            axes.set(xlabel=label, title=dataset if axes.get_subplotspec().is_first_row() else "")
            axes.set(xscale="log") if wide else axes.set_xlim(0, 1.06 * scaled[cost].max())
        grid[i][0].set_ylabel("test error (%)")
    _legend(figure, measured["algorithm"], looks, lines=False)
    return figure


def by_epoch(history: pd.DataFrame, columns: Mapping[str, str], looks: Looks, mean: bool = True) -> Figure | None:
    """Each of ``columns`` (name to axis label) by epoch: thin for a trial and, with ``mean``, thick for their mean.

    ``history`` has searches with epochs only (``results.comparison.epochs``).
    """
    columns = {c: text for c, text in columns.items() if c in history and history[c].notna().any()}
    if not columns:
        return None
    figure, grid = _grid(1, len(columns))
    for axes, (column, label) in zip(grid[0], columns.items(), strict=True):
        _lines(axes, history.dropna(subset=[column]), "epoch", column, looks, mean)
        axes.set(xlabel="epoch", ylabel=label)
    _legend(figure, history["algorithm"], looks)
    return figure


def anytime(
    curve: pd.DataFrame, levels: Mapping[tuple[str, str], float], looks: Looks, mean: bool = True
) -> Figure | None:
    """Table accuracy (percent) of the current genotype by epoch and by search cost, a column per data set.

    ``curve`` is ``results.comparison.anytime``'s frame; ``levels`` the mean accuracy by control and data set, drawn as
    dashed lines.
    """
    curve = curve.dropna(subset=["table_accuracy"])
    if curve.empty:
        return None
    datasets = list(dict.fromkeys(curve["dataset"]))
    scaled, cost = _scaled(curve, "search_macs")
    labels = {"epoch": "epoch"} | ({"search_macs": cost} if (curve["search_macs"] > 0).any() else {})
    figure, grid = _grid(len(labels), len(datasets))
    for i, (x, label) in enumerate(labels.items()):
        for dataset, axes in zip(datasets, grid[i], strict=True):
            _lines(axes, scaled[scaled["dataset"] == dataset], x, "table_accuracy", looks, mean)
            for (control, measured), level in levels.items():
                if measured == dataset:
                    axes.axhline(level, color=looks[control].colour, linestyle="--", linewidth=1.6)
            axes.set(xlabel=label, ylabel="", title=dataset if axes.get_subplotspec().is_first_row() else "")
        grid[i][0].set_ylabel("table accuracy (%)")
    _legend(figure, [*curve["algorithm"], *(control for control, _ in levels)], looks)
    return figure


def sensitivity(frame: pd.DataFrame, column: str, looks: Looks) -> Figure | None:
    """Test error (percent) by the value of one hyperparameter: marks for values, a line and interval for means."""
    measured = frame.dropna(subset=["test_error_mean"])
    if measured.empty:
        return None
    datasets = list(dict.fromkeys(measured["eval_dataset"]))
    numeric = pd.api.types.is_numeric_dtype(measured[column]) and not pd.api.types.is_bool_dtype(measured[column])
    levels = sorted(measured[column].unique(), key=lambda v: v if numeric else str(v))
    wide = numeric and levels[0] > 0 and levels[-1] >= _WIDE * levels[0]
    figure, grid = _grid(1, len(datasets))
    for dataset, axes in zip(datasets, grid[0], strict=True):
        for (algorithm, _), group in measured[measured["eval_dataset"] == dataset].groupby(["algorithm", "variant"]):
            colour, marker, *_ = looks[str(algorithm)]
            group = group.sort_values(column, key=lambda values: values.map(levels.index))
            at = group[column].astype(float) if numeric else group[column].map(levels.index)
            axes.plot(at, group["test_error_mean"], color=colour, marker=marker, linewidth=1.8)
            axes.vlines(at, group["test_error_low"], group["test_error_high"], color=colour, linewidth=1.8)
            for x, values in zip(at, group["test_error_values"], strict=True):
                axes.plot([x] * len(values), values, marker, color=colour, alpha=0.4, markersize=4)
        axes.set(title=dataset, xlabel=bare(column), xscale="log" if wide else "linear")
        axes.set_xticks(levels if numeric else range(len(levels)), [setting(level) for level in levels])
        axes.minorticks_off()
    grid[0][0].set_ylabel("test error (%)")
    _legend(figure, measured["algorithm"], looks)
    return figure


def latency(records: pd.DataFrame, looks: Looks) -> Figure | None:
    """Measured latency (ms) of each found network against the one that the latency table predicts, by data set.

    Bars: the measurement's interquartile range.
    """
    known = records.dropna(subset=["latency_ms", "latency_predicted_ms"])
    if known.empty:
        return None
    datasets = list(dict.fromkeys(known["eval_dataset"]))
    figure, grid = _grid(1, len(datasets))
    for dataset, axes in zip(datasets, grid[0], strict=True):
        for algorithm, group in known[known["eval_dataset"] == dataset].groupby("algorithm"):
            colour, marker, *_ = looks[str(algorithm)]
            axes.errorbar(
                group["latency_predicted_ms"],
                group["latency_ms"],
                yerr=group["latency_iqr_ms"] / 2,
                fmt=marker,
                color=colour,
                alpha=0.8,
                elinewidth=1.2,
            )
        axes.set(title=dataset, xlabel="predicted latency of the operations (ms)")
    grid[0][0].set_ylabel("measured latency of the network (ms)")
    _legend(figure, known["algorithm"], looks, lines=False)
    return figure


def widths(records: pd.DataFrame, looks: Looks) -> Figure | None:
    """The share of channels kept in each gated layer, in the network's order, a line a search."""
    pruned = records[records["layer_widths"].notna()].drop_duplicates("trial")
    if pruned.empty:
        return None
    figure = Figure(figsize=(9, 4), layout="constrained")
    axes = figure.subplots()
    for row in pruned.itertuples():
        kept = _kept(str(row.layer_widths))
        axes.step(range(1, len(kept) + 1), kept, where="mid", color=looks[str(row.algorithm)].colour, alpha=0.7)
    axes.set(xlabel="gated layer, from the input on", ylabel="channels kept (%)", ylim=(0, 103))
    _legend(figure, pruned["algorithm"], looks)
    return figure


def against_size(records: pd.DataFrame, looks: Looks) -> Figure | None:
    """Pruned networks: test error (percent) by multiply-adds, and multiply-adds saved by pruned-channel ratio.

    Small marks are searches, a large one is the mean of one (algorithm, variant).
    """
    pruned = records.dropna(subset=["flops_full", "test_error"])
    if pruned.empty:
        return None
    pruned = pruned.assign(
        macs=pruned["flops"] / 1e6, saved=100 * (1 - pruned["flops"] / pruned["flops_full"]), ratio=100 * pruned["prc"]
    )
    pairs = {("macs", "test_error"): ("multiply-adds (10⁶)", "test error (%)")}
    pairs |= {("ratio", "saved"): ("pruned channels (%)", "multiply-adds saved (%)")}
    figure, grid = _grid(1, 2)
    for axes, ((x, y), labels) in zip(grid[0], pairs.items(), strict=True):
        for (algorithm, _), group in pruned.groupby(["algorithm", "variant"], sort=False):
            colour, marker, *_ = looks[str(algorithm)]
            axes.scatter(group[x], group[y], 28, [colour], marker=marker, alpha=0.6, linewidths=0)
            axes.scatter(*group[[x, y]].mean(), 100, [colour], marker=marker, edgecolors="black", linewidths=0.8)
        axes.set(xlabel=labels[0], ylabel=labels[1])
    _legend(figure, pruned["algorithm"], looks, lines=False)
    return figure


def _kept(widths: str) -> list[float]:
    """Percent of each layer's channels from a record's ``layer_widths``."""
    pairs = [text.split(" of ") for text in json.loads(widths).values()]
    return [100 * int(kept) / int(channels) for kept, channels in pairs]


def _grid(rows: int, columns: int) -> tuple[Figure, Any]:
    """A figure and its axes, ``rows`` × ``columns``; a single column is laid on its side, to be read across."""
    down, across = (1, rows) if columns == 1 else (rows, columns)
    size = (6.4 if across == 1 else 4.5 * across, 3.5 * down + 0.5)
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(down, across, squeeze=False)
    return figure, grid.T if columns == 1 else grid


def _scaled(frame: pd.DataFrame, cost: str) -> tuple[pd.DataFrame, str]:
    """The frame with ``cost`` in a power of a thousand that suits it, and the axis label that names the power."""
    text, unit = _COSTS[cost]
    divisor, scaled_unit = engineering(frame[cost], unit)
    return frame.assign(**{cost: frame[cost] / divisor}), f"{text} ({scaled_unit})"


def _lines(axes: Axes, frame: pd.DataFrame, x: str, y: str, looks: Looks, mean: bool) -> None:
    palette = {algorithm: look.colour for algorithm, look in looks.items()}
    dashes = {algorithm: look.dash or "" for algorithm, look in looks.items()}
    drawn = {"x": x, "y": y, "hue": "algorithm", "palette": palette, "ax": axes, "legend": False, "estimator": None}
    drawn |= {"style": "algorithm", "dashes": dashes}
    sns.lineplot(frame, **drawn, units="trial", linewidth=0.9 if mean else 1.4, alpha=0.45 if mean else 0.8)
    if mean:
        # By epoch also where x is a cost: trials of one algorithm do not reach an epoch at the very same cost.
        means = frame.groupby(["algorithm", "epoch"], sort=False)[list({x, y} - {"epoch"})].mean().reset_index()
        sns.lineplot(means, **drawn, linewidth=2.4)
    if x == "epoch":
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _legend(figure: Figure, algorithms: Iterable[str], looks: Looks, lines: bool = True) -> None:
    """One legend for the whole figure, above it."""
    present = [a for a in looks if a in set(algorithms)]
    handles = [
        Line2D(
            [],
            [],
            color=looks[a].colour,
            marker="" if lines else looks[a].marker,
            linestyle=("--" if looks[a].control else (0, looks[a].dash) if looks[a].dash else "-") if lines else "",
            linewidth=2.4,
            markersize=8,
        )
        for a in present
    ]
    names = [looks[a].title for a in present]
    figure.legend(handles, names, loc="outside upper center", ncols=min(6, len(present)), frameon=False)
