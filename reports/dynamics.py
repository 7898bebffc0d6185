"""How searches went by epoch: a panel a method, its searches in colour, all others grey behind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd

from reports import formats as f
from reports.chart import Chart, Line, Panel
from reports.rows import Methods
from reports.scale import robust
from results import comparison
from results.pairs import Method
from results.records import searches

MEASURES: Mapping[str, tuple[str, str, tuple[float, float] | None]] = {
    "skip_ratio": (
        "Skip ratio by epoch",
        "Skips among the edges that are not none, of the genotype that a search stopped there would give.",
        (-0.04, 1.04),
    ),
    "skip_ratio_all_edges": ("Skips of all edges by epoch", "The same, of all edges.", (-0.04, 1.04)),
    "alpha_entropy": (
        "Entropy of α by epoch",
        "Mean over the edges, divided by ln(number of operations): 1 is uniform.",
        None,
    ),
    "lambda_max": ("λ_max by epoch", "Largest eigenvalue of the Hessian of the validation loss in α.", None),
    "prc": ("Pruned-channel ratio by epoch", "Of the genotype that a search stopped there would give.", None),
}
"""Columns of the history with title, caption and, where the range is known, its ends."""

STROKES = (
    "A panel a method: thin lines are its searches, the thick one their mean, the band runs from the lowest to the "
    "highest; grey, all other searches. The axis spans the middle 95 % of all values; a triangle marks what lies "
    "beyond."
)


def charts(history: pd.DataFrame, records: pd.DataFrame, named: Methods) -> list[Chart]:
    """Small multiples of every measure that the history has.

    Parameters
    ----------
    history
        Rows of ``results.schema.history_frame``; of searches without a supernet nothing is shown.
    records
        Those of one setting, whose done searches are shown.
    named
        What to call the methods.
    """
    done = searches(records)
    epochs = comparison.epochs(history[history["trial"].isin(done["trial"])])
    methods = done[["trial", "variant"]].merge(epochs, on="trial", how="inner")
    made = [
        _chart(methods.dropna(subset=column), column, named, column, title, caption, "", fixed, ())
        for column, (title, caption, fixed) in MEASURES.items()
        if column in methods and methods[column].notna().any()
    ]
    made = [replace(chart, folded=chart.key == "skip_ratio_all_edges") for chart in made]
    return [*made, *_anytime(epochs, done, records, named)]


def _anytime(epochs: pd.DataFrame, done: pd.DataFrame, records: pd.DataFrame, named: Methods) -> list[Chart]:
    """The table's accuracy by epoch, a chart a data set, the controls as levels."""
    curve = comparison.anytime(epochs, done)
    controls = records[(records["role"] == "control") & (records["evaluation"] == "table")]
    means = controls.groupby(["eval_dataset", "algorithm"], sort=False)["test_error"].mean().reset_index()
    made: list[Chart] = []
    for dataset, own in curve.groupby("dataset", sort=False):
        levels = tuple(
            (100 - float(row["test_error"]), named.titles.get(str(row["algorithm"]), str(row["algorithm"])))
            for row in means.dropna(subset="test_error").to_dict("records")
            if row["eval_dataset"] == dataset
        )
        one = _chart(
            own,
            "table_accuracy",
            named,
            f"anytime-{dataset}",
            f"Accuracy at any time, {dataset}",
            "Test accuracy in the table of the genotype that a search stopped there would give"
            + (", dashed the control's mean." if levels else "."),
            "%",
            None,
            levels,
        )
        made.append(replace(one, folded=bool(made)))
    return made


def _chart(
    rows: pd.DataFrame,
    column: str,
    named: Methods,
    key: str,
    title: str,
    caption: str,
    unit: str,
    fixed: tuple[float, float] | None,
    levels: Sequence[tuple[float, str]],
) -> Chart:
    groups = {(str(a), str(v)): own for (a, v), own in rows.groupby(["algorithm", "variant"], sort=False)}
    ordered = sorted(groups, key=lambda m: (named.precedence(m[0]), m))
    panels = tuple(_panel(groups[m], column, m, named, levels, unit) for m in ordered)
    x = robust(rows["epoch"].astype(float), (0.0, float(rows["epoch"].max()) or 1.0))
    y = robust([*rows[column].astype(float), *(level for level, _ in levels)], fixed)
    said = f"{title} ({unit})" if unit else title
    return Chart(key, said, f"{caption} {STROKES}", "epoch", "", x, y, panels, grey=True)


def _panel(
    rows: pd.DataFrame, column: str, method: Method, named: Methods, levels: Sequence[tuple[float, str]], unit: str
) -> Panel:
    searches = {str(trial): own.sort_values("epoch") for trial, own in rows.groupby("trial", sort=False)}
    lines = tuple(
        Line(tuple(zip(own["epoch"].astype(float), own[column].astype(float), strict=True)), trial)
        for trial, own in searches.items()
    )
    by_epoch = rows.groupby("epoch")[column].agg(["mean", "min", "max"]).astype(float)
    at = [float(epoch) for epoch in by_epoch.index]
    mean = tuple(zip(at, by_epoch["mean"], strict=True))
    band = tuple(zip(at, by_epoch["min"], by_epoch["max"], strict=True)) if len(searches) > 1 else ()
    first, last = by_epoch.iloc[0], by_epoch.iloc[-1]
    name = named.label(*method)
    spread = f", there from {f.significant(last['min'])} to {f.significant(last['max'])}" if len(searches) > 1 else ""
    alt = (
        f"{name}: mean over {len(searches)} from {f.significant(first['mean'])} at epoch {at[0]:g} to "
        f"{f.significant(last['mean'])}{unit and ' ' + unit} at epoch {at[-1]:g}{spread}"
    )
    return Panel(f"{name} (n = {len(searches)})", alt, key_of(method), lines, mean, band, (), tuple(levels))


def key_of(method: Method) -> str:
    """The key that links everything in a page that shows one method."""
    return "|".join(method)


def keys(records: pd.DataFrame) -> list[str]:
    """``key_of`` the method of each record."""
    return [key_of((str(a), str(v))) for a, v in zip(records["algorithm"], records["variant"], strict=True)]
