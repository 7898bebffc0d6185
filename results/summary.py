"""What a run says at a glance: methods ranked by their error, one against another, a table for a notebook."""

from __future__ import annotations

import os
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from results.comparison import MEASURE, METHOD, SETTING, by_configuration, comparison, cost
from results.errors import BadInput
from results.lookup import lookup
from results.metrics import named
from results.pairs import compare as all_pairs
from results.records import judged, once
from results.schema import history_frame, records_frame

if TYPE_CHECKING:
    from results.store import Run

ERROR = [f"test_error_{figure}" for figure in ("mean", "sd", "low", "high")]
COST = [named(name).mean for name in ("search_macs", "search_seconds")]


def summary(records: pd.DataFrame) -> pd.DataFrame:
    """Methods ranked by their mean test error, within one setting and one kind of evaluation.

    Parameters
    ----------
    records : pandas.DataFrame
        A run's records.

    Returns
    -------
    pandas.DataFrame
        A row a setting, evaluation and method, in a sweep one for each swept value, which the ``variant`` names:
        ``place`` (1 is the lowest mean error; equal means share one), the algorithm's ``title``, ``n`` searches that
        ended well, the test error's mean, standard deviation (ddof 1) and 95 % interval (missing below n = 5), in
        percent, and the mean cost of a search in multiply-adds and seconds. Methods without an error come last, without
        a place.
    """
    records = by_configuration(records)
    outcome = comparison(records)
    costs = cost(records)[[*SETTING, *METHOD, *COST]]
    titles = records.drop_duplicates("algorithm").set_index("algorithm")["title"]
    rows = outcome.merge(costs, on=[*SETTING, *METHOD], how="left", validate="many_to_one")
    group = [*SETTING, *MEASURE]
    rows = rows.assign(
        title=rows["algorithm"].map(titles),
        place=rows.groupby(group, dropna=False)["test_error_mean"].rank(method="min").astype("Int64"),
        block=rows.groupby(group, dropna=False, sort=False).ngroup(),
    )
    columns = [*group, "place", *METHOD, "title", "n", *ERROR, *COST]
    return rows.sort_values(["block", "place"], kind="stable", ignore_index=True)[columns]


def compare(records: pd.DataFrame, a: str, b: str) -> pd.DataFrame:
    """The test error of one method minus another's, over the seeds that both have.

    Parameters
    ----------
    records : pandas.DataFrame
        A run's records.
    a, b : str
        Two methods: an algorithm's name, followed by a space and its variant where it has one; in a sweep that is the
        swept value, as ``summary`` names it.

    Returns
    -------
    pandas.DataFrame
        A row a setting and kind of evaluation: ``n`` pairs, the mean ``difference``, the bounds ``low`` and ``high`` of
        its 95 % interval (missing below five pairs), the two-sided ``p`` of the sign-flip test (missing below six
        pairs, which could not reject at 5 %), and ``values``, each seed's difference. Percentage points, but for p;
        negative: a is better.

    Raises
    ------
    BadInput
        Where a name is not among the records, both are the same, or they share no seed that ended well.
    """
    records = by_configuration(records)
    methods = {
        _label(*key): (str(key[0]), str(key[1])) for key in records[METHOD].drop_duplicates().itertuples(index=False)
    }
    if a == b:
        raise BadInput(f"{a} cannot be compared with itself: name two of {', '.join(methods)}")
    own = []
    for name in (a, b):
        algorithm, variant = lookup("method of the run", name, methods)
        own.append(records[(records["algorithm"] == algorithm) & (records["variant"] == variant)])
    done = judged(pd.concat(own, ignore_index=True))
    rows = []
    for key, measured in done.groupby([*SETTING, *MEASURE], dropna=False, sort=False):
        found = all_pairs(measured)
        pair = found.of(methods[a], methods[b]) if len(found.methods) == 2 else None
        if pair is not None and pair.seeds:
            figures = (len(pair.seeds), pair.difference, pair.low, pair.high, pair.p, list(pair.values))
            rows.append([*key, *figures])
    if not rows:
        raise BadInput(f"{a} and {b} share no seed that ended well: run both with the same seeds")
    columns = [*SETTING, *MEASURE, "n", "difference", "low", "high", "p", "values"]
    return pd.DataFrame(rows, columns=columns)


def joined(runs: Sequence[Run]) -> Run:
    """Several runs as one; a trial that several hold counts once.

    Parameters
    ----------
    runs : sequence of Run
        At least one.

    Returns
    -------
    Run
        All records and histories; of the configurations what all agree on; the folder that holds all as ``path``.

    Raises
    ------
    BadInput
        Where there is none, and where two hold a trial with different outcomes.
    """
    if not runs:
        raise BadInput("there is no run to load: name at least one run's folder or archive")
    first = runs[0]
    if len(runs) == 1:
        return first
    # From rows, so that a hyperparameter that one run lacks keeps the plainest type that holds the others' values.
    rows = (row for run in runs for row in run.records.to_dict("records"))
    records = records_frame({str(name): value for name, value in row.items()} for row in rows)
    history = pd.concat([history_frame([]), *(run.history for run in runs)], ignore_index=True)
    return type(first)(
        Path(os.path.commonpath([run.path.absolute() for run in runs])),
        {key: value for key, value in first.config.items() if all(run.config.get(key) == value for run in runs)},
        once(records),
        history.drop_duplicates(["trial", "epoch"], ignore_index=True),
    )


def html(run: Run) -> str:
    """The run as a notebook shows it: where it is, and its summary as a table; every text is escaped."""
    table, keys = summary(run.records), [*SETTING, *MEASURE]
    varying = [name for name in keys if len(table[name].drop_duplicates()) > 1]
    fixed = [str(value) for name in keys if name not in varying for value in table[name].dropna()[:1]]
    trials = run.records.drop_duplicates("trial")["status"].value_counts()
    counted = ", ".join(f"{number} {status}" for status, number in trials.items()) or "none"
    error, macs = named("test_error"), named("search_macs")
    columns = {named(name).header: table[name] for name in varying} | {
        "Place": table["place"],
        named("title").header: [_label(*method) for method in zip(table["title"], table["variant"], strict=True)],
        "n": table["n"],
        f"{error.header}, mean": table["test_error_mean"].map("{:.2f}".format),
        "sd": table["test_error_sd"].map("{:.2f}".format),
        "95 % from": table["test_error_low"].map("{:.2f}".format),
        "to": table["test_error_high"].map("{:.2f}".format),
        macs.header: table[macs.mean].map("{:.3g}".format),
    }
    shown = pd.DataFrame(columns).astype(object).replace("nan", "–")
    head = f"<p><b>{escape(str(run.path))}</b>: {escape(', '.join(fixed))}; trials: {escape(counted)}</p>"
    return head + str(shown.to_html(index=False, na_rep="–", border=0))


def _label(algorithm: str, variant: str) -> str:
    return f"{algorithm} {variant}".rstrip()
