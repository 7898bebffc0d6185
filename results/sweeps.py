"""Settings of a sweep side by side: each has its own row, and nothing is averaged over a varied parameter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from results.comparison import METHOD
from results.statistics import summarise

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

FEWEST_SETTINGS = 4
"""Fewer settings than so many times the parameters give no importance: the forest would fit noise."""

MEASURE = ["eval_dataset", "evaluation"]


def objective(records: pd.DataFrame) -> str:
    """The column by which settings are compared: the test error, else a measured latency; empty without either."""
    done = records[records["status"] == "done"]
    return next((name for name in ("test_error", "latency_ms") if done[name].notna().any()), "")


def settings(records: pd.DataFrame, varied: Sequence[str]) -> pd.DataFrame:
    """A row per measure, method and combination of the varied parameters' values.

    Parameters
    ----------
    records
        Of one protocol, space and searched data set; retrainings have their search's hyperparameters.
    varied
        Columns of hyperparameters, as ``results.comparison.varied`` gives them.

    Returns
    -------
    pd.DataFrame
        Keys, then ``n`` searches, ``mean``, ``sd`` (ddof = 1) and ``values`` of the objective in the order of seeds,
        and ``best``: whether the mean is the lowest of its measure and method.
    """
    name, keys = objective(records), [*MEASURE, *METHOD, *varied]
    columns = [*keys, "n", "mean", "sd", "values", "best"]
    if not name:
        return pd.DataFrame(columns=columns)
    done = records[(records["status"] == "done") & records[name].notna()]
    rows: list[dict[str, object]] = []
    for key, own in done.groupby(keys, dropna=False, sort=True):
        searches = own.groupby(["split_seed", "seed"], dropna=False)[name].mean()
        summary = summarise(searches)
        spread = {"n": summary.n, "mean": summary.mean, "sd": summary.sd, "values": list(summary.values)}
        rows.append({**dict(zip(keys, key, strict=True)), **spread})
    frame = pd.DataFrame(rows, columns=columns[:-1])
    lowest = frame.groupby([*MEASURE, *METHOD], dropna=False, sort=False)["mean"].transform("min")
    return frame.assign(best=frame["mean"] == lowest)[columns]


def importance(frame: pd.DataFrame, varied: Sequence[str]) -> dict[str, float] | None:
    """The share of the objective's variance over the settings that each parameter explains, by functional ANOVA.

    Hutter, Hoos and Leyton-Brown (ICML 2014) on a random forest, as optuna has it, seeded.

    Parameters
    ----------
    frame
        Rows of ``settings`` of one measure and method.
    varied
        The parameters.

    Returns
    -------
    dict or None
        Shares by parameter, the largest first; None where optuna is not installed, where there are fewer than
        ``FEWEST_SETTINGS`` times the parameters, and where all settings are alike.
    """
    if len(frame) < FEWEST_SETTINGS * len(varied) or frame["mean"].nunique() < 2:
        return None
    try:
        import optuna
    except ImportError:
        return None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    numbers = [name for name in varied if numeric(frame[name]) and frame[name].notna().all()]
    spaces = {name: _distribution(frame[name], name in numbers) for name in varied}
    study = optuna.create_study()
    for row in frame.to_dict("records"):
        values = {name: float(row[name]) if name in numbers else row[name] for name in varied}
        study.add_trial(optuna.trial.create_trial(params=values, distributions=spaces, value=float(row["mean"])))
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
    return {str(k): float(v) for k, v in optuna.importance.get_param_importances(study, evaluator=evaluator).items()}


def _distribution(values: pd.Series, number: bool) -> BaseDistribution:
    """A parameter's range; logarithmic where its values span more than a power of ten."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution

    if not number:
        return CategoricalDistribution(list(dict.fromkeys(values)))
    low, high = float(values.min()), float(values.max())
    return FloatDistribution(low, high, log=low > 0 and high >= 10 * low)


def numeric(values: pd.Series) -> bool:
    """Whether a parameter's values are numbers and not yes or no."""
    return pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
