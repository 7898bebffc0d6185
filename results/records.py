"""Which records are a search's own, which have a test error, and what a retraining has of its search."""

from __future__ import annotations

import pandas as pd

from results.errors import BadInput
from results.metrics import is_hyperparameter

SAME = ["trial", "eval_dataset", "evaluation", "eval_seed"]
"""What tells one record from another, whichever run holds it."""

OUTCOME = ["status", "genotype", "forwards", "test_error"]
"""What two records of one trial agree in, clocks aside."""


def is_search(records: pd.DataFrame) -> pd.Series:
    """Whether a record is a search's own, and not that of a network trained to evaluate it."""
    return records["parent"].fillna("") == ""


def searches(records: pd.DataFrame) -> pd.DataFrame:
    """The searches that ended well, one record each."""
    return records[(records["status"] == "done") & is_search(records)].drop_duplicates("trial")


def judged(records: pd.DataFrame) -> pd.DataFrame:
    """The records, of searches and of retrainings, that have a test error."""
    return records[(records["status"] == "done") & records["test_error"].notna()]


def search_of(records: pd.DataFrame) -> pd.Series:
    """The trial of the search that each record belongs to: its own, or its parent."""
    return records["trial"].where(is_search(records), records["parent"])


def inherited(records: pd.DataFrame) -> pd.DataFrame:
    """The records, a retraining's with the hyperparameters of its search, where that is among them."""
    names = [name for name in records.columns if is_hyperparameter(name)]
    own = records[is_search(records)].drop_duplicates("trial").set_index("trial")[names]
    parents = own.reindex(records["parent"]).set_axis(records.index)
    return records.assign(**{name: records[name].where(records[name].notna(), parents[name]) for name in names})


def once(records: pd.DataFrame) -> pd.DataFrame:
    """The records of several runs, a trial that several hold once.

    Raises
    ------
    BadInput
        Where two runs hold a trial with different outcomes: other code made one of them, or another device.
    """
    kept = records.drop_duplicates([*SAME, *OUTCOME])
    if (twice := kept.duplicated(SAME)).any():
        row = kept[twice].iloc[0]
        raise BadInput(
            f"the runs hold the trial {row['trial']} ({row['algorithm']}, seed {row['seed']}) with different outcomes, "
            "as other code or another device gives them: report each run by itself"
        )
    return records.drop_duplicates(SAME, ignore_index=True)
