"""The figures printed in the RARTS paper's Tables 1 to 6, to be shown beside ours and never mixed with them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from results.errors import BadInput

TEXTS = ("table", "task", "dataset", "algorithm", "variant", "source", "v100", "direct_search")


def published(table: str | None = None) -> pd.DataFrame:
    """The paper's rows, all of them or those of one table (``"table1"`` to ``"table6"``).

    Texts are empty where the paper says nothing, numbers NaN. Errors, skip ratios (``skip_ratio_pct``) and channel
    pruning ratios (``prc_pct``) are in percent, ``params_m`` in millions, ``latency_ms`` in milliseconds. ``source`` is
    ``authors`` for what the paper's authors measured and ``quoted`` for what they took from others. Raises ``BadInput``
    for a table that is not there.
    """
    frame = pd.read_csv(Path(__file__).with_name("published.csv"), dtype=dict.fromkeys(TEXTS, "str"))
    numbers = [column for column in frame if column not in TEXTS]
    frame = frame.fillna(dict.fromkeys(TEXTS, "")).astype(dict.fromkeys(numbers, "float64"))
    if table is None:
        return frame
    if table not in set(frame["table"]):
        known = ", ".join(frame["table"].unique())
        raise BadInput(f"the paper's {table} is not among the published figures: choose one of {known}")
    return frame[frame["table"] == table].reset_index(drop=True)


def published_datasets() -> dict[str, str]:
    """The paper's data sets whose images are ours under another name."""
    frame = pd.read_csv(Path(__file__).with_name("published_datasets.csv"), dtype="str")
    return dict(zip(frame["dataset"], frame["ours"], strict=True))


def published_algorithms() -> pd.DataFrame:
    """How the algorithms of the paper's rows are shown where none was run here: algorithm, title, order."""
    return pd.read_csv(Path(__file__).with_name("published_algorithms.csv"))
