"""What was found beside the exact Pareto fronts of the whole space: a table, and error against measured latency."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from reports import formats as f
from reports.chart import Chart, Dot, Panel
from reports.dynamics import key_of
from reports.rows import Methods, names, ordered
from reports.scale import Scale, spanning
from reports.table import Table, table
from results import metrics
from results.fronts import Front, read
from results.metrics import DEVICE_LATENCY
from results.records import is_search, judged
from results.statistics import FEW

Fronts = dict[str, dict[str, Front]]
"""By data set and column of a cost, in the order of the page: latencies first."""


def fronts(configs: Iterable[Mapping[str, object]]) -> Fronts:
    """The fronts in the runs' configurations; none of those in which two runs differ."""
    found: Fronts = {}
    stated = _stated(configs)
    for dataset, column in sorted(stated, key=lambda place: not place[1].startswith(DEVICE_LATENCY)):
        if len(texts := stated[dataset, column]) == 1:
            (text,) = texts
            found.setdefault(dataset, {})[column] = read(text)
    return found


def differing(configs: Iterable[Mapping[str, object]]) -> list[str]:
    """The data sets of whose fronts two runs state different ones, as where their tables or latencies differ."""
    return list(dict.fromkeys(dataset for (dataset, _), texts in _stated(configs).items() if len(texts) > 1))


def _stated(configs: Iterable[Mapping[str, object]]) -> dict[tuple[str, str], set[str]]:
    """The fronts that the runs state, as texts, by data set and column."""
    texts: dict[tuple[str, str], set[str]] = {}
    for config in configs:
        by_dataset = config.get("fronts")
        for dataset, own in by_dataset.items() if isinstance(by_dataset, Mapping) else ():
            for column, text in own.items() if isinstance(own, Mapping) else ():
                texts.setdefault((str(dataset), str(column)), set()).add(str(text))
    return texts


def tables(known: Fronts, records: pd.DataFrame, named: Methods) -> list[Table]:
    """A row a data set and method: hypervolume ratio and IGD against each front, and the measured latencies."""
    finds = by_table(records)
    rows = []
    for (dataset, algorithm, variant), own in finds.groupby(["eval_dataset", "algorithm", "variant"], sort=False):
        keys = {"eval_dataset": dataset, "algorithm": algorithm, "variant": variant}
        measured = {f"{column}_values": own[column].dropna().tolist() for column in _latencies(known, own)}
        if str(dataset) in known:
            searched = {"search_dataset": own["search_dataset"].iloc[0], "n": len(own)}
            rows.append(keys | searched | measured | _measures(known[str(dataset)], own))
    if not rows:
        return []
    frame = ordered(pd.DataFrame(rows), named)
    numbers = frame.drop(columns=[name for name in frame if str(name).endswith("_values")])
    return [table("fronts", "Against the exact front", numbers, _shown(known, frame, named), _notes(known, frame))]


def charts(known: Fronts, records: pd.DataFrame, named: Methods) -> list[Chart]:
    """Error against the latency measured on each device, a panel a data set, the exact front as a step line."""
    finds, made = by_table(records), []
    for column in columns(known):
        if not column.startswith(DEVICE_LATENCY) or column not in finds:
            continue
        own_fronts = {dataset: own[column] for dataset, own in known.items() if column in own}
        shown = finds[finds["eval_dataset"].isin(own_fronts)].dropna(subset=[column])
        if shown.empty:
            continue
        points = [point for front in own_fronts.values() for point in front.points.tolist()]
        x = spanning([*(cost for cost, _ in points), *shown[column]])
        panels = [
            _panel(str(dataset), own_fronts[str(dataset)], own, column, named, x)
            for dataset, own in shown.groupby("eval_dataset", sort=False)
        ]
        device = column.removeprefix(DEVICE_LATENCY)
        made.append(
            Chart(
                f"front-{re.sub(r'[^A-Za-z0-9]+', '-', device)}",
                f"Error against latency on {device}",
                "Small: searches; large: means, named. The line is the exact Pareto front of the whole space: no cell "
                "below it. Latencies were measured of the benchmark's own networks; a cell without a path has none.",
                "latency (ms)",
                "test error (%)",
                x,
                spanning([*(error for _, error in points), *shown["test_error"]], log=True),
                tuple(panels),
            )
        )
    return made


def by_table(records: pd.DataFrame) -> pd.DataFrame:
    """Searches that a table judged, a row a data set."""
    own = judged(records)
    return own[is_search(own) & (own["evaluation"] == "table")]


def columns(known: Fronts) -> list[str]:
    """The costs of which there is a front, on any data set."""
    return list(dict.fromkeys(column for own in known.values() for column in own))


def called(column: str) -> str:
    """What a column's head calls a cost."""
    metric = metrics.named(column)
    return metric.unit if metric.unit == "multiply-adds" else metric.title.lower()


def _latencies(known: Fronts, rows: pd.DataFrame) -> list[str]:
    return [column for column in columns(known) if column.startswith(DEVICE_LATENCY) and column in rows]


def _measures(known: Mapping[str, Front], own: pd.DataFrame) -> dict[str, float]:
    """Both measures of one method's finds against each front, and of latencies the mean and the number without."""
    found: dict[str, float] = {}
    devices = [str(column) for column in own if str(column).startswith(DEVICE_LATENCY)]
    pathless = own[devices].isna().all(axis="columns")
    for column, front in known.items():
        if column not in own:
            continue
        # What has a latency on another device only is of a run that did not name this one.
        asked = own[own[column].notna() | pathless] if column in devices else own
        if asked.empty:
            continue
        points = asked[[column, "test_error"]].to_numpy(float)
        found[f"hypervolume_ratio.{column}"] = front.ratio(points)
        found[f"igd.{column}"] = front.distance(points)
        if column in devices:
            found[f"{column}_mean"] = float(asked[column].mean())
            found[f"{column}_missing"] = int(asked[column].isna().sum())
    return found


def _shown(known: Fronts, rows: pd.DataFrame, named: Methods) -> dict[str, Sequence[str]]:
    shown: dict[str, Sequence[str]] = {
        "Data set": list(rows["eval_dataset"]),
        "Algorithm": names(rows, named),
        "n": list(rows["n"].map(f.count)),
    }
    for column in columns(known):
        if f"igd.{column}" not in rows:
            continue
        title = called(column)
        if f"{column}_mean" in rows:
            values = zip(rows[f"{column}_mean"], rows[f"{column}_values"], rows["n"], strict=True)
            shown[f"{metrics.named(column).title} (ms), mean"] = [_latency(mean, each, n) for mean, each, n in values]
            missing = rows[f"{column}_missing"]
            shown[f"Without a {title}"] = [f.count(k) for k in missing] if missing.any() else [""] * len(rows)
        shown[f"Hypervolume ratio, {title}"] = [f.fixed(value, 3) for value in rows[f"hypervolume_ratio.{column}"]]
        shown[f"IGD, {title}"] = [f.fixed(value, 3) for value in rows[f"igd.{column}"]]
    return shown


def _latency(mean: float, values: object, n: int) -> str:
    """The mean; of fewer than ``FEW`` searches every value as well, in the order of the records."""
    each = [f.significant(value) for value in values] if isinstance(values, list) else []
    return f"{f.significant(mean)} ({', '.join(each)})" if 1 < n < FEW and each else f.significant(mean)


def _notes(known: Fronts, rows: pd.DataFrame) -> list[str]:
    sizes = [str(len(front.points)) for own in known.values() for front in own.values()]
    notes = [
        "The front is that of all networks of the space, by error and one cost: of "
        f"{' to '.join(dict.fromkeys([min(sizes, key=int), max(sizes, key=int)]))} networks.",
        "Hypervolume ratio: that of all n found networks over the front's; 1 is the front. IGD: the mean distance from "
        "the front's networks to the nearest found one; 0 is the front. Both are of error and cost scaled to the "
        "front's own range, 0 to 1; the hypervolumes' reference point is 1.1 of it in each.",
        "They are of the set that all n searches found, which each search can only better: compare rows of equal n.",
    ]
    if any(f"{column}_mean" in rows for own in known.values() for column in own):
        notes.append(
            "Latency: measured on the device, of the benchmark's own network of the found cell. What has no path from "
            "input to output has none that means anything, and is no point here."
        )
    return notes


def _panel(dataset: str, front: Front, own: pd.DataFrame, column: str, named: Methods, x: Scale) -> Panel:
    corners: list[tuple[float, float]] = []
    for cost, error in front.points.tolist():  # a staircase: what the front reaches up to the next, slower cell
        if corners:
            corners.append((cost, corners[-1][1]))
        corners.append((cost, error))
    corners.append((x.high, corners[-1][1]))
    alt = f"{dataset}: {len(own)} found cells and the exact front of {len(front.points)}"
    return Panel(dataset, alt, dots=tuple(_dots(own, column, named)), front=tuple(corners))


def _dots(own: pd.DataFrame, column: str, named: Methods) -> Iterable[Dot]:
    """A small mark a search and a large, named one at the method's mean."""
    for (algorithm, variant), rows in own.groupby(["algorithm", "variant"], sort=False):
        method = str(algorithm), str(variant)
        key, control = key_of(method), method[0] in named.controls
        for cost, error, trial in zip(rows[column], rows["test_error"], rows["trial"], strict=True):
            yield Dot(float(cost), float(error), str(trial), key, control=control)
        mean = float(rows[column].mean()), float(rows["test_error"].mean())
        yield Dot(*mean, "", key, True, named.label(*method), control)
