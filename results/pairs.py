"""The single differences behind a paired comparison of test errors."""

from __future__ import annotations

import pandas as pd

from results.comparison import MEASURE, METHOD, SETTING

SEED = ["split_seed", "seed"]


def differences(records: pd.DataFrame, pairs: pd.DataFrame) -> pd.Series:
    """Of each row of ``pairs``, first − second in percentage points: a list with a value a common seed, in their order.

    ``pairs`` is ``comparison.paired_differences``' frame of the same ``records``, and its ``difference`` their mean.
    """
    keys = [*SETTING, *MEASURE]
    done = records[(records["status"] == "done") & records["test_error"].notna()]
    errors = done.groupby([*keys, *METHOD, *SEED], dropna=False)["test_error"].mean().reset_index()
    both = pairs[[*keys, *(f"{name}_{side}" for side in "ab" for name in METHOD)]].assign(row=pairs.index)
    for side in "ab":
        own = errors.rename(columns={name: f"{name}_{side}" for name in [*METHOD, "test_error"]})
        both = both.merge(own)
    both = both.sort_values(["row", *SEED])
    return (both["test_error_a"] - both["test_error_b"]).groupby(both["row"]).agg(list).reindex(pairs.index)
