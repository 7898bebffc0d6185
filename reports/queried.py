"""The sets that searches by queries hand over: what no other network that was asked about dominates, in each trial.

A set is chosen as the search could choose it, by validation error and one cost, and judged by the test error.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from reports import formats as f
from reports.fronts import Fronts, by_table, called, columns
from reports.rows import Methods, names, ordered
from reports.table import Table, table
from results.fronts import Front, undominated
from results.metrics import ASKED
from results.statistics import FEW


def tables(known: Fronts, history: pd.DataFrame, records: pd.DataFrame, named: Methods) -> list[Table]:
    """A row a data set and method: queries, and of the trials' sets size, hypervolume ratio and IGD, averaged."""
    if ASKED not in history:
        return []
    asked = dict(iter(history[history[ASKED].notna()].groupby("trial")))
    rows = []
    for (dataset, algorithm, variant), own in by_table(records).groupby(
        ["eval_dataset", "algorithm", "variant"], sort=False
    ):
        trials = [asked[trial] for trial in own["trial"] if trial in asked]
        measures = _measures(known.get(str(dataset), {}), trials, f"{ASKED}.test_error.{dataset}")
        if measures:
            keys = {"eval_dataset": dataset, "algorithm": algorithm, "variant": variant}
            searched = {"search_dataset": own["search_dataset"].iloc[0], "n": len(trials)}
            rows.append(keys | searched | {"queries_mean": float(np.mean([len(trial) for trial in trials]))} | measures)
    if not rows:
        return []
    frame = ordered(pd.DataFrame(rows), named)
    numbers = frame.drop(columns=[name for name in frame if str(name).endswith("_values")])
    return [table("queried", "Sets of queries against the exact front", numbers, _shown(known, frame, named), NOTES)]


NOTES = [
    "A trial's set: of all networks that it asked about, those that no other dominates by validation error and cost. "
    "Hypervolume ratio and IGD of it are of test errors, as against the exact front; they are means over trials.",
    "More queries can find more: compare rows of equal queries.",
]


def _measures(known: Mapping[str, Front], trials: list[pd.DataFrame], error: str) -> dict[str, object]:
    """Size and both measures of the trials' sets by each cost that they know; empty where they know none."""
    found: dict[str, object] = {}
    for column, front in known.items():
        sets = [_set(trial, f"{ASKED}.{column}", error) for trial in trials if f"{ASKED}.{column}" in trial]
        if not any(map(len, sets)):
            continue
        ratios = [front.ratio(points) for points in sets]
        found[f"set_size.{column}"] = float(np.mean([len(points) for points in sets]))
        found[f"set_hypervolume_ratio.{column}"] = float(np.mean(ratios))
        found[f"set_hypervolume_ratio.{column}_values"] = ratios
        found[f"set_igd.{column}"] = float(np.mean([front.distance(points) for points in sets]))
    return found


def _set(trial: pd.DataFrame, cost: str, error: str) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Cost and test error of the undominated, (networks, 2); a network that was asked about twice is one."""
    once = trial.drop_duplicates(ASKED)
    return once.loc[undominated(once[cost], 100 - once["val_accuracy"]), [cost, error]].to_numpy(np.float64)


def _shown(known: Fronts, rows: pd.DataFrame, named: Methods) -> dict[str, list[str]]:
    shown = {
        "Data set": list(rows["eval_dataset"]),
        "Algorithm": names(rows, named),
        "n": list(rows["n"].map(f.count)),
        "Queries": list(rows["queries_mean"].map(f.count)),
    }
    for column in columns(known):
        if f"set_igd.{column}" not in rows:
            continue
        title = called(column)
        ratio = f"set_hypervolume_ratio.{column}"
        shown[f"Networks, {title}"] = [f.fixed(value, 1) for value in rows[f"set_size.{column}"]]
        values = zip(rows[ratio], rows[f"{ratio}_values"], strict=True)
        shown[f"Hypervolume ratio of the set, {title}"] = [_ratio(mean, each) for mean, each in values]
        shown[f"IGD of the set, {title}"] = [f.fixed(value, 3) for value in rows[f"set_igd.{column}"]]
    return shown


def _ratio(mean: float, each: object) -> str:
    """The mean; of fewer than ``FEW`` trials every value as well."""
    values = [f.fixed(value, 3) for value in each] if isinstance(each, list) else []
    return f"{f.fixed(mean, 3)} ({', '.join(values)})" if 1 < len(values) < FEW else f.fixed(mean, 3)
