"""How the latency of what is found changes with a search's hyperparameters: the paper's Table 2.

A latency is one measured in the run, on its device, or one of a named device that a file of measured latencies holds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import pandas as pd

from results.metrics import DEVICE_LATENCY, HYPER
from results.published import published
from results.statistics import summarise

VARIED = ("latency_weight", "batch_size", "arch_lr", "arch_weight_decay")
"""The hyperparameters of Table 2, named here as the paper's rows are: without the prefix of the records' columns."""

FACTORS = [f"{name}_factor" for name in VARIED]
KEYS = ["protocol", "space", "search_dataset", "eval_dataset", "algorithm"]
HERE = "the run's device"
"""``measured_on`` of latencies that the run itself measured."""


def latency_changes(records: pd.DataFrame) -> pd.DataFrame:
    """A row per device, setting, data set, algorithm and configuration, where one has several: latencies (ms).

    The baseline takes of each hyperparameter the value that most configurations have, and of several the one nearest
    to the paper's baseline. ``*_factor`` is a hyperparameter's value over the baseline's, and a row whose factors are
    those of a published row stands beside it; published rows without one follow, their n missing. ``latency_change``
    and ``published_change`` are relative to the baseline's latency (0.1: a tenth longer). ``latency_values`` lists the
    searches in the order of seeds. ``measured_on`` is ``HERE`` or the name of a device.
    """
    records = records[records["status"] == "done"].rename(columns={HYPER + name: name for name in VARIED})
    tables = []
    if set(VARIED) <= set(records):
        for where, measured in _measured(records.dropna(subset=list(VARIED))):
            for key, own in measured.groupby(KEYS, sort=False):
                if len(own[list(VARIED)].drop_duplicates()) > 1:
                    found = _beside_published(dict(zip(KEYS, map(str, key), strict=True)), own)
                    tables.append(found.assign(measured_on=where))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def _measured(records: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Each place of measurement with its records, their latency in ``latency_ms``."""
    here = records["latency_source"].fillna("").str.startswith("measured")
    yield HERE, records[here & records["latency_ms"].notna()]
    for column in records.columns:
        if column.startswith(DEVICE_LATENCY):
            known = records[records[column].notna()]
            yield column.removeprefix(DEVICE_LATENCY), known.assign(latency_ms=known[column])


def _beside_published(key: Mapping[str, str], own: pd.DataFrame) -> pd.DataFrame:
    paper = published("table2")
    same = paper[["task", "dataset", "algorithm"]] == [key["space"], key["eval_dataset"], key["algorithm"]]
    theirs = _relative(paper[list(VARIED)], _baseline(paper, {}))
    theirs["published_latency_ms"] = paper["latency_ms"]
    theirs["published_change"] = _change(theirs, "published_latency_ms")
    ours = _configurations(own)
    ours = pd.concat([ours, _relative(ours, _baseline(ours, _baseline(paper, {})))], axis="columns")
    ours["latency_change"] = _change(ours, "latency_ms_mean")
    both = ours.merge(theirs[same.all(axis="columns")], on=FACTORS, how="outer", validate="one_to_one")
    both["changed"] = (both[FACTORS] != 1).sum(axis="columns")
    both = both.sort_values(["changed", *FACTORS], kind="stable", ignore_index=True)
    return both.drop(columns="changed").assign(**key)


def _configurations(own: pd.DataFrame) -> pd.DataFrame:
    """One row a configuration: each search counts once, as the mean over its evaluations."""
    rows = []
    means = ["latency_ms", "latency_expected", "test_error"]
    for values, group in own.groupby(list(VARIED), sort=False):
        searches = group.groupby(["split_seed", "seed"], dropna=False)[means].mean()
        latency = summarise(searches["latency_ms"])
        rows.append(
            {
                **dict(zip(VARIED, values, strict=True)),
                "n": len(searches),
                "latency_ms_mean": latency.mean,
                "latency_ms_sd": latency.sd,
                "latency_values": list(latency.values),
                "latency_expected_mean": searches["latency_expected"].mean(),
                "test_error_mean": searches["test_error"].mean(),
            }
        )
    return pd.DataFrame(rows)


def _baseline(configurations: pd.DataFrame, near: Mapping[str, float]) -> dict[str, float]:
    """The commonest value of each hyperparameter; of several the nearest, by ratio, to the value in ``near``."""
    chosen: dict[str, float] = {}
    for name in VARIED:
        counts = configurations[name].astype(float).value_counts(sort=False)
        most = [float(value) for value in counts[counts == counts.max()].index]
        chosen[name] = min(most, key=lambda value: _ratio(value, near[name])) if name in near else most[0]
    return chosen


def _ratio(a: float, b: float) -> float:
    return abs(math.log(a / b)) if a > 0 and b > 0 else math.inf


def _relative(configurations: pd.DataFrame, baseline: Mapping[str, float]) -> pd.DataFrame:
    """The factors to the baseline, to six digits; 1 where both are 0."""
    factors = {}
    for name, factor in zip(VARIED, FACTORS, strict=True):
        values = [float(value) for value in configurations[name]]
        base = baseline[name]
        factors[factor] = [1.0 if v == base else float(f"{v / base:.6g}") if base else math.inf for v in values]
    return pd.DataFrame(factors, index=configurations.index)


def _change(frame: pd.DataFrame, column: str) -> pd.Series:
    """Relative to the row whose factors are all 1; NaN where there is none."""
    base = frame.loc[(frame[FACTORS] == 1).all(axis="columns"), column]
    return frame[column] / (base.iloc[0] if len(base) else math.nan) - 1
