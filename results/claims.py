"""The RARTS paper's claims as data, and what a run's own records say of each: agrees, disagrees, or cannot tell."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pandas as pd

from results.comparison import SETTING
from results.metrics import HYPER, bare, is_hyperparameter, setting
from results.records import is_search
from results.statistics import FEWEST_PAIRS, LEVEL, holm, paired

ANY = "*"
BUDGET = f"{HYPER}budget."
TIMES = "lower at ten times "
"""What the relation of a claim on a hyperparameter begins with; its name follows."""


@dataclass(frozen=True)
class Checked:
    """One claim beside what was measured.

    Attributes
    ----------
    claim, where, published_first, published_second, unit
        As the paper has it.
    dataset
        What ours was evaluated on; empty for a cost.
    first, second
        Algorithms, or the same one at two values of a hyperparameter, which ``detail`` names.
    metric, detail
        What was compared, and at which values.
    ours_first, ours_second
        Means over the common seeds, in the metric's unit.
    n
        Common seeds.
    p
        Of the sign-flip test, adjusted by Holm over all claims of the setting that were tested.
    verdict
        ``agrees``, ``disagrees`` or ``cannot tell``.
    why
        What the verdict rests on, in words.
    """

    claim: str
    where: str
    published_first: str
    published_second: str
    unit: str
    dataset: str
    first: str
    second: str
    metric: str
    detail: str
    ours_first: float
    ours_second: float
    n: int
    p: float
    verdict: str
    why: str


@dataclass(frozen=True)
class _Measured:
    """A claim with the two sides' values by seed, before the p are adjusted."""

    row: Mapping[str, str]
    dataset: str
    detail: str
    first: dict[tuple[float, float], float]
    second: dict[tuple[float, float], float]

    @property
    def common(self) -> list[tuple[float, float]]:
        return sorted(seed for seed in self.first if seed in self.second)

    def differences(self) -> list[float]:
        """First minus second, less the margin that the claim allows."""
        return [self.first[seed] - self.second[seed] - float(self.row["margin"]) for seed in self.common]


@cache
def claims() -> pd.DataFrame:
    """The paper's claims, one a row, all as text; ``*`` stands for any space or data set, a space parts several."""
    return pd.read_csv(Path(__file__).with_name("claims.csv"), dtype="str").fillna("")


def check(records: pd.DataFrame) -> list[Checked]:
    """Every claim that the records of one setting speak to, in the paper's order.

    Parameters
    ----------
    records
        Of one protocol, space and searched data set, with no varied hyperparameter but the one a claim is about.

    Notes
    -----
    The paper searches each data set for itself, so that an error counts where the searched data set is the one of the
    test. A cost counts where the budget is a number of epochs, for any other fixes a cost in advance.

    A claim agrees where the adjusted sign-flip test shows the difference in its direction, and disagrees where it shows
    the opposite. What is counted and not sampled (multiply-adds) follows from what a step is: every common seed must
    say the same. A claim that something is *not higher* is tested against its margin, so that to agree it must be
    shown.
    """
    found = [
        made
        for row in claims().to_dict("records")
        for made in _measured({str(k): str(v) for k, v in row.items()}, records)
    ]
    p = [math.nan if m.row["kind"] == "counted" else _p(m.differences()) for m in found]
    return [_checked(m, adjusted) for m, adjusted in zip(found, holm(p), strict=True)]


def _measured(row: Mapping[str, str], records: pd.DataFrame) -> list[_Measured]:
    own = records[(records["status"] == "done") & records[row["metric"]].notna() & (records["variant"] == "")]
    if row["space"] != ANY:
        own = own[own["space"] == row["space"]]
    if row["metric"] == "test_error":
        own = own[own["eval_dataset"] == own["search_dataset"]]
    if row["metric"].startswith("search_"):
        own = own[_of_epochs(own)]
    if row["dataset"] != ANY:
        own = own[own["eval_dataset"].isin(row["dataset"].split())]
    if own.empty:
        return []
    assert own[SETTING].drop_duplicates().shape[0] == 1, "claims are checked within one setting"
    if row["metric"].startswith("search_") or row["metric"].startswith("skip_"):
        own = own[is_search(own)].drop_duplicates("trial").assign(eval_dataset="")
    made = []
    for (dataset, _), same in own.groupby(["eval_dataset", "evaluation"], sort=False, dropna=False):
        if row["relation"].startswith(TIMES):
            made += _tenfold(row, same, str(dataset))
            continue
        both = [same[same["algorithm"] == row[side]] for side in ("first", "second")]
        if any(swept(own) for own in both):
            continue  # a mean over settings is no figure of either
        sides = [by_seed(own, row["metric"]) for own in both]
        if all(sides) and set(sides[0]) & set(sides[1]):
            made.append(_Measured(row, str(dataset), "", *sides))
    return made


def _of_epochs(own: pd.DataFrame) -> pd.Series:
    """Whether a record's search had a number of epochs, and not a cost, as its budget."""
    costs = [name for name in own if str(name).startswith(BUDGET) and name != f"{BUDGET}epochs"]
    return own[costs].isna().all(axis="columns")


def _tenfold(row: Mapping[str, str], own: pd.DataFrame, dataset: str) -> list[_Measured]:
    """Each two settings that differ in one hyperparameter alone, by ten times."""
    name = HYPER + row["relation"].removeprefix(TIMES)
    own = own[own["algorithm"] == row["first"]]
    if name not in own or len(own[name].drop_duplicates()) < 2:
        return []
    others = [c for c in own if is_hyperparameter(str(c)) and c != name and len(own[c].drop_duplicates()) > 1]
    made = []
    for at, same in own.groupby(others, dropna=False, sort=False) if others else [((), own)]:
        where = "".join(f", {bare(str(other))} = {setting(value)}" for other, value in zip(others, at, strict=True))
        values = {float(str(value)): by_seed(group, row["metric"]) for value, group in same.groupby(name)}
        for low, base in values.items():
            high = next((v for v in values if low > 0 and math.isclose(v, 10 * low)), None)
            if high is not None and set(values[high]) & set(base):
                detail = f"{bare(name)} = {high:g} against {low:g}{where}"
                made.append(_Measured(row, dataset, detail, values[high], base))
    return made


def swept(own: pd.DataFrame) -> bool:
    """Whether one algorithm's rows differ in a hyperparameter."""
    names = [column for column in own if is_hyperparameter(str(column))]
    return bool(names) and len(own[names].drop_duplicates()) > 1


def by_seed(own: pd.DataFrame, metric: str) -> dict[tuple[float, float], float]:
    """A metric by the split's seed and the search's; several retrainings of one search count as their mean."""
    means = own.groupby(["split_seed", "seed"])[metric].mean().reset_index()
    return {(float(r["split_seed"]), float(r["seed"])): float(r[metric]) for r in means.to_dict("records")}


def _p(differences: list[float]) -> float:
    return paired(differences, [0.0] * len(differences)).p


def _checked(measured: _Measured, p: float) -> Checked:
    row, differences = measured.row, measured.differences()
    n, mean = len(differences), sum(differences) / len(differences)
    if row["kind"] == "counted":
        signs = {math.copysign(1, d) if d else 0.0 for d in differences}
        verdict = (
            {-1.0: "agrees", 1.0: "disagrees"}.get(signs.pop(), "cannot tell") if len(signs) == 1 else "cannot tell"
        )
        why = "it follows from what a step is, not from chance" if verdict != "cannot tell" else "seeds differ"
    elif math.isnan(p):
        verdict, why = "cannot tell", f"n = {n}: with fewer than {FEWEST_PAIRS} common seeds no test can show it"
    elif p >= LEVEL:
        verdict, why = "cannot tell", "the test does not tell the two apart"
    else:
        verdict, why = ("agrees", "shown by the test") if mean < 0 else ("disagrees", "the test shows the opposite")
    sides = [[side[seed] for seed in measured.common] for side in (measured.first, measured.second)]
    first, second = (sum(side) / n for side in sides)
    return Checked(
        **{key: row[key] for key in ("claim", "where", "published_first", "published_second", "unit", "metric")},
        dataset=measured.dataset,
        first=row["first"],
        second=row["second"] or row["first"],
        detail=measured.detail,
        ours_first=first,
        ours_second=second,
        n=n,
        p=p,
        verdict=verdict,
        why=why,
    )
