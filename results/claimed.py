"""Figures that papers claim of the algorithms, and whether a run's own agree: never more than a test shows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pandas as pd

from results.claims import by_seed, swept
from results.comparison import MEASURE, SETTING
from results.records import judged
from results.statistics import FEWEST_PAIRS, LEVEL, holm, paired

MARGIN = 0.5
"""Percentage points: to agree, ours must be shown to lie within so many of the claim. As of the claim on pruning."""

ERRORS = 2.0
"""So many of its standard errors the claimed mean may itself be off, to either side."""


@dataclass(frozen=True)
class Reproduced:
    """One claimed figure beside the run's own.

    Attributes
    ----------
    algorithm, space, dataset, evaluation
        Of the figure; how ours was judged.
    metric
        ``test_accuracy`` or ``test_error``, in percent.
    claimed, claimed_sd, claimed_n
        As printed; NaN where the paper does not say.
    under, source, read_in
        The claim's protocol, the paper, and where the figure was read.
    ours, ours_sd, n
        The same metric over our searches: mean, standard deviation (ddof 1), number of seeds.
    p
        Of the test that the verdict rests on, adjusted by Holm over all tests of all claimed figures of the setting.
    verdict
        ``agrees``, ``differs`` or ``cannot tell``.
    why
        What the verdict rests on, in words.
    """

    algorithm: str
    space: str
    dataset: str
    evaluation: str
    metric: str
    claimed: float
    claimed_sd: float
    claimed_n: float
    under: str
    source: str
    read_in: str
    ours: float
    ours_sd: float
    n: int
    p: float
    verdict: str
    why: str


@cache
def claimed() -> pd.DataFrame:
    """The claimed figures, one a row; n and sd are NaN where a paper does not say."""
    return pd.read_csv(Path(__file__).with_name("claimed.csv"))


def reproduced(records: pd.DataFrame) -> list[Reproduced]:
    """Every claimed figure of an algorithm, space and data set that the records of one setting hold.

    Parameters
    ----------
    records
        Of one protocol, space and searched data set. An algorithm whose rows differ in a hyperparameter is left out: a
        mean over settings is no figure of either.

    Notes
    -----
    The claimed mean stands for all values within two of its standard errors, with n = 1 where the paper gives none.
    *Differs*: the sign-flip test shows ours beyond all of these. *Agrees*: two such tests show ours within ``MARGIN``
    of each of these. All tests are adjusted by Holm together.
    """
    rows: list[dict[str, object]] = [{str(k): v for k, v in row.items()} for row in claimed().to_dict("records")]
    found = [(row, own) for row in rows for own in _own(row, records)]
    tests = [_tests(row, _values(row, own)) for row, own in found]
    adjusted = iter(holm([p for pair in tests for p in pair]))
    return [_made(row, own, next(adjusted), next(adjusted)) for row, own in found]


def _own(row: Mapping[str, object], records: pd.DataFrame) -> list[pd.DataFrame]:
    """The searches that a claimed figure is compared with, by the kind of their evaluation."""
    own = judged(records[records["variant"] == ""])
    for column, key in (("algorithm", "algorithm"), ("space", "space"), ("eval_dataset", "dataset")):
        own = own[own[column] == row[key]]
    if own.empty or swept(own):
        return []
    assert own[SETTING].drop_duplicates().shape[0] == 1, "claimed figures are compared within one setting"
    return [same for _, same in own.groupby(MEASURE, sort=False)]


def _values(row: Mapping[str, object], own: pd.DataFrame) -> list[float]:
    """Ours, seed by seed, in the claim's metric."""
    errors = by_seed(own, "test_error").values()
    return [100 - error if row["metric"] == "test_accuracy" else error for error in errors]


def _tests(row: Mapping[str, object], values: Sequence[float]) -> tuple[float, float]:
    """The p of agreement and of difference; NaN where there are too few seeds, or the claim has no spread."""
    off = _off(row)
    if math.isnan(off):
        return math.nan, math.nan
    apart = [value - float(str(row["value"])) for value in values]
    mean = sum(apart) / len(apart)
    beyond = min(max(mean, -off), off)
    agrees = max(_shown([d - off + MARGIN for d in apart]), _shown([MARGIN - off - d for d in apart]))
    return agrees, paired(apart, [beyond] * len(apart)).p


def _shown(values: Sequence[float]) -> float:
    """The p of a mean above 0: 1 where it is not."""
    test = paired(values, [0.0] * len(values))
    return test.p if test.difference > 0 or math.isnan(test.p) else 1.0


def _off(row: Mapping[str, object]) -> float:
    """How far the claimed mean may be off."""
    sd, n = float(str(row["sd"])), float(str(row["n"]))
    return ERRORS * sd / math.sqrt(1.0 if math.isnan(n) else n)


def _made(row: Mapping[str, object], own: pd.DataFrame, agrees: float, differs: float) -> Reproduced:
    values = pd.Series(_values(row, own))
    n, mean = len(values), float(values.mean())
    p = agrees if agrees < LEVEL else differs
    if math.isnan(_off(row)):
        verdict, why = "cannot tell", "the claim gives no spread"
    elif math.isnan(p):
        verdict, why = "cannot tell", f"n = {n}: with fewer than {FEWEST_PAIRS} seeds no test can show it"
    elif agrees < LEVEL:
        verdict, why = "agrees", f"shown to lie within {MARGIN:g} points of it"
    elif differs < LEVEL:
        side = "above" if mean > float(str(row["value"])) else "below"
        verdict, why = "differs", f"shown to lie {side} it"
    else:
        verdict, why = "cannot tell", f"the tests show neither a difference nor agreement within {MARGIN:g} points"
    claim, n_claimed, sd = (float(str(row[key])) for key in ("value", "n", "sd"))
    return Reproduced(
        algorithm=str(row["algorithm"]),
        space=str(row["space"]),
        dataset=str(row["dataset"]),
        evaluation=str(own["evaluation"].iloc[0]),
        metric=str(row["metric"]),
        claimed=claim,
        claimed_sd=sd,
        claimed_n=n_claimed,
        under=str(row["protocol"]),
        source=str(row["source"]),
        read_in=str(row["read_in"]),
        ours=mean,
        ours_sd=float(values.std()),
        n=n,
        p=p,
        verdict=verdict,
        why=why,
    )
