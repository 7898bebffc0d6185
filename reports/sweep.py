"""A sweep's part of the page: the best setting with its spread, a curve, a heat map or parallel coordinates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from reports import formats as f
from reports.chart import Chart, Dot, Line, Panel
from reports.rows import Methods, kinds, names
from reports.scale import Scale, spanning
from reports.table import Table, table
from results import metrics
from results.metrics import bare, setting
from results.statistics import FEW
from results.sweeps import FEWEST_SETTINGS, importance, numeric, objective, settings


@dataclass(frozen=True)
class Heat:
    """A heat map as a table: rows and columns are two parameters' values; a cell is (text, shade 0 to 1, best)."""

    title: str
    row: str
    column: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[tuple[str, float, bool], ...]], ...]


@dataclass(frozen=True)
class Sweep:
    """What is shown of a sweep."""

    said: tuple[str, ...]
    table: Table
    heats: tuple[Heat, ...]
    charts: tuple[Chart, ...]


def sweep(records: pd.DataFrame, varied: Sequence[str], named: Methods) -> Sweep | None:
    """The sweep of the records of one setting; None where nothing was varied or nothing can be compared.

    ``records`` have the variants that they were run with: the values of the varied parameters are in no name.
    """
    name = objective(records)
    if not varied or not name:
        return None
    frame = settings(records, varied)
    groups = [
        own
        for _, own in frame.groupby(["eval_dataset", "evaluation", "algorithm", "variant"], dropna=False, sort=False)
    ]
    # A method that has one setting only took no part.
    groups = [own for own in groups if len(own) > 1]
    if not groups:
        return None
    frame = pd.concat(groups, ignore_index=True)
    said = [text for own in groups for text in _said(own, varied, name, named)]
    own_varied = [[column for column in varied if len(own[column].drop_duplicates()) > 1] for own in groups]
    heats, charts = [], []
    for own, columns in zip(groups, own_varied, strict=True):
        if len(columns) == 1:
            charts.append(_curve(own, columns[0], name, named))
        elif len(columns) == 2:
            heats.append(_heat(own, columns[0], columns[1], name, named))
        else:
            charts.append(_parallel(own, columns, name, named))
    return Sweep(tuple(said), _table(frame, varied, name, named), tuple(heats), tuple(charts))


def _about(own: pd.DataFrame, named: Methods) -> str:
    first = own.iloc[0]
    where = f" on {first['eval_dataset']}" if isinstance(first["eval_dataset"], str) and first["eval_dataset"] else ""
    return f"{named.label(str(first['algorithm']), str(first['variant']))}{where}"


def _said(own: pd.DataFrame, varied: Sequence[str], name: str, named: Methods) -> list[str]:
    """The best setting, its spread beside what separates it from the next, and which parameter matters."""
    columns = [column for column in varied if len(own[column].drop_duplicates()) > 1]
    ranked = own.sort_values("mean", kind="stable")
    best, unit = ranked.iloc[0], metrics.named(name).unit
    at = ", ".join(f"{bare(column)} = {setting(best[column])}" for column in columns)
    values = f": {f.listed(best['values'])}" if best["n"] > 1 and best["n"] < FEW else ""
    said = (
        f"{_about(own, named)}: of {len(own)} settings, {at} has the lowest mean {metrics.named(name).title.lower()}, "
        f"{f.fixed(best['mean'])} {unit} (n = {best['n']}{values})."
    )
    gap = float(ranked.iloc[1]["mean"] - best["mean"])
    if best["n"] > 1:
        seeds = f"the best one's own seeds spread over {f.fixed(_range(best))} {unit}"
        said += f" The next is {f.fixed(gap)} {unit} above; {seeds}."
    else:
        said += f" The next is {f.fixed(gap)} {unit} above; one search shows no spread, so this order may be chance."
    if len(columns) < 3:
        return [said]
    shares = importance(own, columns)
    if shares is None:
        return [
            said,
            f"No importance of parameters: it needs optuna and {FEWEST_SETTINGS} settings a parameter.",
        ]
    shown = ", ".join(f"{bare(column)} {f.percent(share, 0)} %" for column, share in shares.items())
    return [said, f"Share of the variance over settings that each parameter explains by itself (fANOVA): {shown}."]


def _range(row: pd.Series) -> float:
    return float(max(row["values"]) - min(row["values"]))


def _table(frame: pd.DataFrame, varied: Sequence[str], name: str, named: Methods) -> Table:
    rows = frame.sort_values(["eval_dataset", "evaluation", "algorithm", "variant", "mean"], kind="stable")
    rows = rows.reset_index(drop=True)
    header = metrics.named(name).title
    shown = {
        "Data set": rows["eval_dataset"].fillna(""),
        "Evaluation": kinds(rows),
        "Algorithm": names(rows, named),
        **{bare(column): rows[column].map(setting) for column in varied},
        "n": rows["n"].map(f.count),
        f"{header} ({metrics.named(name).unit}), mean ± sd": [
            f.plus_minus(mean, sd) for mean, sd in zip(rows["mean"], rows["sd"], strict=True)
        ],
        f"Every value ({metrics.named(name).unit})": rows["values"].map(f.listed),
        "Best": rows["best"].map({True: "lowest mean", False: ""}),
    }
    notes = (
        "A row a setting; n counts its searches. Nothing is averaged over settings.",
        "The lowest of several means is flattered by chance: repeat the best setting with fresh seeds.",
    )
    return table("settings", "Every setting", rows, shown, notes)


def _heat(own: pd.DataFrame, first: str, second: str, name: str, named: Methods) -> Heat:
    rows, columns = _levels(own[first]), _levels(own[second])
    low, high = float(own["mean"].min()), float(own["mean"].max())
    cells = {
        (setting(r[first]), setting(r[second])): (
            f"{f.fixed(r['mean'])} (n = {r['n']})",
            (float(r["mean"]) - low) / (high - low) if high > low else 0.0,
            bool(r["best"]),
        )
        for r in own.to_dict("records")
    }
    return Heat(
        f"{_about(own, named)}: mean {metrics.named(name).title.lower()} ({metrics.named(name).unit})",
        bare(first),
        bare(second),
        tuple(columns),
        tuple((row, tuple(cells.get((row, column), ("not run", 1.0, False)) for column in columns)) for row in rows),
    )


def _curve(own: pd.DataFrame, column: str, name: str, named: Methods) -> Chart:
    """Every search's value by one parameter; the means joined where it is a number, for names have no order."""
    number = numeric(own[column]) and own[column].notna().all()
    levels = _levels(own[column])
    at = [float(v) if number else float(levels.index(setting(v))) for v in own[column]]
    dots = tuple(Dot(x, y) for x, values in zip(at, own["values"], strict=True) for y in values)
    mean = tuple(sorted(zip(at, own["mean"].astype(float), strict=True))) if number else ()
    x = spanning(at) if number else Scale(-0.5, len(levels) - 0.5)
    every = [y for values in own["values"] for y in values]
    best = own.iloc[int(own["mean"].argmin())]
    alt = f"lowest at {bare(column)} = {setting(best[column])}: {f.fixed(best['mean'])} {metrics.named(name).unit}"
    title = f"{metrics.named(name).title} by {bare(column)}, {_about(own, named)}"
    about = _about(own, named)
    panel = Panel(about, f"{about}: {alt}", dots=dots, mean=mean)
    y_label = f"{metrics.named(name).title.lower()} ({metrics.named(name).unit})"
    key = f"sensitivity_{bare(column)}-{about}".replace(" ", "-")
    caption = "A dot is a search; the line joins each setting's mean." if number else "A dot is a search."
    return Chart(
        key,
        title,
        caption,
        bare(column),
        y_label,
        x,
        spanning(every),
        (panel,),
        x_names=() if number else tuple(levels),
    )


def _parallel(own: pd.DataFrame, columns: Sequence[str], name: str, named: Methods) -> Chart:
    """Each setting a line through its parameters' values to its mean; the best quarter in colour."""
    places = {
        column: {level: i / max(1, len(_levels(own[column])) - 1) for i, level in enumerate(_levels(own[column]))}
        for column in columns
    }
    low, high = float(own["mean"].min()), float(own["mean"].max())
    ranked = own.sort_values("mean", kind="stable")
    lines = []
    for row in ranked.to_dict("records"):
        points = [(float(i), places[column][setting(row[column])]) for i, column in enumerate(columns)]
        lines.append(Line((*points, (float(len(columns)), (float(row["mean"]) - low) / ((high - low) or 1.0)))))
    marks = [
        Dot(float(i), place, label=level) for i, column in enumerate(columns) for level, place in places[column].items()
    ]
    ends = [Dot(float(len(columns)), y, label=f.fixed(value)) for y, value in ((0.0, low), (1.0, high))]
    best = max(1, len(lines) // 4)
    about = _about(own, named)
    panel = Panel(
        about,
        f"{about}: {len(lines)} settings; the best {best} in colour",
        lines=tuple(lines[:best]),
        behind=tuple(lines[best:]),
        dots=(*marks, *ends),
    )
    title = f"Parallel coordinates, {about}"
    goal = f"{metrics.named(name).title.lower()} ({metrics.named(name).unit})"
    caption = f"A line a setting, from its parameters' values to its mean {goal}; colour: the best quarter."
    x_names = (*(bare(column) for column in columns), metrics.named(name).title.lower())
    key = f"parallel-{about}".replace(" ", "-")
    return Chart(
        key,
        title,
        caption,
        "",
        "",
        Scale(-0.3, len(columns) + 0.3),
        Scale(-0.08, 1.08),
        (panel,),
        x_names=x_names,
        bare=True,
    )


def _levels(values: pd.Series) -> list[str]:
    """The distinct values as text: numbers in order, texts as they come."""
    kept = values.dropna().drop_duplicates()
    kept = kept.sort_values() if numeric(values) else kept
    return [*map(setting, kept), *(["unset"] if values.isna().any() else [])]
