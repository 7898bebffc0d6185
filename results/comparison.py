"""The tables a report shows, computed from records and history.

Trials compare only within one protocol, space and search data set, and figures only within one evaluation data set and
one kind of evaluation. Means are over searches that are ``done``: several retrainings of one search's result count as
their mean, so that search seeds and retraining seeds are never mixed.
"""

from __future__ import annotations

from collections.abc import Hashable

import pandas as pd

from results import metrics
from results.published import published
from results.records import inherited, is_search, search_of, searches
from results.statistics import Summary, summarise

SETTING = ["protocol", "space", "search_dataset"]
MEASURE = ["eval_dataset", "evaluation"]
METHOD = ["algorithm", "variant"]
LATENCY, SOURCE = f"{metrics.HYPER}space.latency", f"{metrics.HYPER}space.latency_source"
"""What a search's penalty took the operations' latencies to be, and where they are from."""

PAPER_TABLES = ("table1", "table3", "table4")
"""The paper's tables of test errors by space (its ``task``), data set, algorithm and variant."""


def comparison(records: pd.DataFrame) -> pd.DataFrame:
    """A row per setting, measure and method: how well the searches did, beside the published figure.

    ``n`` counts done searches; ``n_diverged`` and ``n_failed`` count trials, whatever they were to be evaluated on, and
    a method of which none is done has its rows all the same, with n = 0. ``test_error_values`` lists the searches'
    errors in the order of seeds; ``retraining_sd`` is the standard deviation (ddof = 1) over retrainings of one search,
    averaged over searches, NaN without any. ``published_*`` is the paper's, ``published_skip_ratio`` a fraction, for
    the row's space, evaluation data set and algorithm, whatever its protocol and variant; NaN where the paper itself
    has several variants of the algorithm and none without a name.
    """
    rows: list[dict[str, object]] = []
    for setting, trials in records.groupby(SETTING, dropna=False, sort=False):
        measures = _by(trials[trials["status"] == "done"], MEASURE)
        for method, own in _by(trials, METHOD).items():
            done = own[own["status"] == "done"]
            lost = own.drop_duplicates("trial")["status"].value_counts()
            counts = {f"n_{status}": int(lost.get(status, 0)) for status in ("diverged", "failed")}
            nothing = dict.fromkeys(measures or [(None, None)], done)
            for measure, evaluated in (_by(done, MEASURE) or nothing).items():
                keys = dict(zip([*SETTING, *MEASURE, *METHOD], [*setting, *measure, *method], strict=True))
                rows.append({**keys, **counts, **_outcome(evaluated)})
    columns = [*SETTING, *MEASURE, *METHOD, "n_diverged", "n_failed", *_outcome(records[:0])]
    return _beside_published(pd.DataFrame(rows, columns=columns))


def cost(records: pd.DataFrame) -> pd.DataFrame:
    """A row per setting and method: means over done searches of what they cost, one record per trial.

    ``seconds_ratio`` and ``macs_ratio`` divide by the mean of the algorithm whose role is ``reference`` (without a
    variant) in the same setting, NaN where it was not run. Networks trained to evaluate a search are no searches.
    """
    found = searches(records)
    groups = found.groupby([*SETTING, *METHOD], dropna=False, sort=False)
    frame = groups[list(metrics.aggregated("cost"))].mean().add_suffix("_mean")
    frame.insert(0, "n", groups.size())
    frame = frame.reset_index()
    references = set(found.loc[found["role"] == "reference", "algorithm"])
    reference = frame[frame["algorithm"].isin(references) & (frame["variant"] == "")]
    reference = frame[SETTING].merge(reference, on=SETTING, how="left", validate="many_to_one")
    frame["seconds_ratio"] = frame["search_seconds_mean"] / reference["search_seconds_mean"]
    frame["macs_ratio"] = frame["search_macs_mean"] / reference["search_macs_mean"]
    return frame


def latencies_by_source(records: pd.DataFrame) -> pd.DataFrame:
    """The records without the operations' latencies where their source tells them apart, by its device.

    A source is ``FILE: DEVICE; how well its latencies fit``: the fit is no part of what a setting is called, nor is
    the file where all have one.
    """
    if not {LATENCY, SOURCE} <= set(records) or records[SOURCE].nunique() < 2:
        return records
    short = records[SOURCE].str.partition(";")[0]
    files = short.str.partition(": ")
    if (files[0] == files[0].iloc[0]).all():
        short = files[2]
    same = records.groupby(short, dropna=False)[[LATENCY, SOURCE]].nunique(dropna=False)
    return records if (same > 1).any(axis=None) else records.assign(**{SOURCE: short}).drop(columns=LATENCY)


def varied(records: pd.DataFrame) -> list[str]:
    """Columns of hyperparameters that have more than one value among one method's trials in one setting.

    Unset is a value too, but for a retraining whose search is not among the records.
    """
    known = latencies_by_source(inherited(records))
    names, keys = _hyperparameters(known), [*SETTING, *METHOD, "evaluation"]
    orphans = ~is_search(records) & ~records["parent"].isin(records["trial"])
    most = known[~orphans].groupby(keys, dropna=False)[names].nunique(dropna=False).max()
    among_all = known.groupby([*SETTING, *METHOD], dropna=False)[names].nunique().max()
    return [name for name in names if max(most[name], among_all[name]) > 1]


def by_configuration(records: pd.DataFrame) -> pd.DataFrame:
    """The records, the swept values in their variants, so that no mean runs over several settings."""
    known = latencies_by_source(inherited(records))
    kept = known.copy()
    for column in varied(known):
        values = known.groupby([*SETTING, *METHOD, "evaluation"], dropna=False)[column]
        differs = values.transform(lambda own: own.nunique(dropna=False)) > 1
        name = metrics.bare(column)
        short = name if name.startswith("evaluation.") else name.rpartition(".")[2]
        value = f"{short} = " + known[column].map(metrics.setting)
        before = kept["variant"] + kept["variant"].map(lambda text: ", " if text else "")
        kept["variant"] = kept["variant"].where(~differs, before + value)
    return kept


def epochs(history: pd.DataFrame) -> pd.DataFrame:
    """The history of searches with a supernet: of any other a row is an architecture that it drew, not an epoch."""
    return history[history.groupby("trial")["forwards"].transform("max") != 0]


def anytime(history: pd.DataFrame, records: pd.DataFrame) -> pd.DataFrame:
    """A row per done search, epoch and data set: the table's accuracy (percent) of the genotype it would give then."""
    known = searches(records)
    known = known[["trial", *SETTING, *METHOD, "seed"]]
    prefix = "table_accuracy."
    tables = [name for name in history.columns if name.startswith(prefix)]
    kept = history[["trial", "epoch", "search_seconds", "search_macs", *tables]]
    long = kept.melt(
        ["trial", "epoch", "search_seconds", "search_macs"], var_name="dataset", value_name="table_accuracy"
    ).dropna(subset="table_accuracy")
    long["dataset"] = long["dataset"].str.removeprefix(prefix)
    return known.merge(long, on="trial", validate="one_to_many")


def _by(frame: pd.DataFrame, keys: list[str]) -> dict[tuple[Hashable, ...], pd.DataFrame]:
    """The frame's groups by several keys, a missing value being a key like others, in order of appearance."""
    return dict(iter(frame.groupby(keys, dropna=False, sort=False)))


def _hyperparameters(records: pd.DataFrame) -> list[str]:
    return [name for name in records.columns if metrics.is_hyperparameter(name)]


def _per_search(evaluated: pd.DataFrame) -> pd.DataFrame:
    """One row a search in the order of seeds: the means over its retrainings, and their ``retraining_sd``."""
    groups = evaluated.groupby([evaluated["split_seed"], evaluated["seed"], search_of(evaluated)], dropna=False)
    frame = groups[["test_error", *metrics.aggregated("mean")]].mean()
    frame["retraining_sd"] = groups["test_error"].std(ddof=1)
    return frame


def _outcome(evaluated: pd.DataFrame) -> dict[str, object]:
    """What ``comparison`` says of the done records of one setting, measure and method."""
    searches = _per_search(evaluated)
    means = {name: float(searches[column].mean()) for column, name in metrics.aggregated("mean").items()}
    spread = {"prc_sd": float(searches["prc"].std(ddof=1)), "retraining_sd": float(searches["retraining_sd"].mean())}
    return {**_test_error(searches), **means, **spread}


def _test_error(searches: pd.DataFrame) -> dict[str, object]:
    summary: Summary = summarise(searches["test_error"])
    names = ("mean", "sd", "low", "high")
    figures = {f"test_error_{name}": getattr(summary, name) for name in names}
    return {"n": len(searches), **figures, "test_error_values": list(summary.values)}


def _beside_published(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with the paper's figures for the same space, evaluation data set and algorithm."""
    paper = published()
    paper = paper[paper["table"].isin(PAPER_TABLES) & (paper["variant"] == "")]
    shown = pd.DataFrame(
        {
            "space": paper["task"],
            "eval_dataset": paper["dataset"],
            "algorithm": paper["algorithm"],
            "published_error": paper["test_error"],
            "published_error_sd": paper["test_error_sd"],
            "published_skip_ratio": paper["skip_ratio_pct"] / 100,
            "published_source": paper["source"],
        }
    )
    return rows.merge(shown, on=["space", "eval_dataset", "algorithm"], how="left", validate="many_to_one")
