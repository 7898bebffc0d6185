"""The frames that records and history are, built from plain rows; ``results.metrics`` says what a record holds.

Accuracies and errors are in percent, ratios are fractions of 1, everything else is in SI units or has the unit in its
name. Seeds and sizes are nullable integers; everything measured is float64, missing as NaN.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from results import metrics
from results.errors import BadInput

COLUMNS: dict[str, str] = metrics.columns()
"""Name of every record column that is not a hyperparameter, with its pandas dtype."""

HISTORY_COLUMNS: dict[str, str] = {
    "trial": "str",
    "algorithm": "str",
    "seed": "Int64",
    "epoch": "Int64",  # 0 is before the first step
    "progress": "float64",  # 0 to 1
    "genotype": "str",
    "alpha": "str",  # JSON object: name to nested list
    "skip_ratio": "float64",
    "skip_ratio_all_edges": "float64",
    "none_edges": "float64",
    "alpha_entropy": "float64",
    "train_loss": "float64",
    "val_loss": "float64",
    "val_accuracy": "float64",
    "lambda_max": "float64",
    "latency_expected": "float64",
    "prc": "float64",  # of the epoch's genotype
    "lr": "float64",
    "search_seconds": "float64",  # this and the counts below are cumulative
    "search_macs": "float64",
    "forwards": "float64",
    "weight_backwards": "float64",
    "alpha_backwards": "float64",
    "diagnostics_seconds": "float64",
}
"""Name of every history column, with its pandas dtype.

Where a table judges there are ``table_accuracy.<dataset>`` (percent) as well, and of a search by queries ``asked``, the
architecture that the epoch asked about, its costs (``asked.params``) and ``asked.test_error.<dataset>`` (percent).
"""


CONCAT = "concat"
"""The ``operation`` of an edge that only gathers a node into its cell's output, where ``edges`` holds such."""


def records_frame(rows: Iterable[Mapping[str, object]]) -> pd.DataFrame:
    """Rows of plain values as the records frame: metrics in their dtypes, families', then hyperparameters (``hp.``).

    A missing ``variant`` or ``role`` is the empty text, a missing ``title`` the algorithm. Hyperparameters that are
    lists, mappings or of mixed types become JSON text, so that they can be compared and stored. Raises ``BadInput`` for
    a column that is neither a metric nor a hyperparameter.
    """
    rows = list(rows)
    _check_known(name for row in rows for name in row)
    names = dict.fromkeys(name for row in rows for name in row)
    of_families = {name: family.dtype for name in names if (family := metrics.of_family(name))}
    frame = _typed(rows, metrics.columns() | of_families)
    return frame.assign(
        title=frame["title"].fillna(frame["algorithm"]),
        variant=frame["variant"].fillna(""),
        role=frame["role"].fillna(""),
    )


def conformed(frame: pd.DataFrame) -> pd.DataFrame:
    """A records frame as stored, with every metric's column of this version: one that is younger than it is missing.

    Raises ``BadInput`` for a column that is neither a metric nor a hyperparameter.
    """
    _check_known(frame.columns)
    known = metrics.columns()
    younger = {
        name: pd.Series(None, index=frame.index, dtype=kind) for name, kind in known.items() if name not in frame
    }
    return frame.assign(**younger)[[*known, *(name for name in frame.columns if name not in known)]]


def _check_known(names: Iterable[str]) -> None:
    for name in dict.fromkeys(names):
        if not metrics.registered(name):
            raise BadInput(
                f"the records' column {name} is neither a metric nor a hyperparameter: add it to results/metrics.py, "
                f"name it {metrics.HYPER}{name}, or run again what an older version wrote"
            )


def history_frame(rows: Iterable[Mapping[str, object]]) -> pd.DataFrame:
    """Rows of plain values as the history frame: every column of ``HISTORY_COLUMNS``, then what else the rows hold."""
    return _typed(rows, HISTORY_COLUMNS)


def skip_ratios(edges: Iterable[Mapping[str, object]]) -> tuple[float, float, int]:
    """Skips among a genotype's edges: skips / edges not none, skips / all edges, and the number of none edges.

    The first is how NATS-Bench and the RARTS paper's Table 4 count. A ratio over no edges at all is NaN; what gathers
    nodes into the output is no edge here.
    """
    operations = [edge["operation"] for edge in edges if edge["operation"] != CONCAT]
    skips, nones = operations.count("skip_connect"), operations.count("none")
    kept = len(operations) - nones
    return skips / kept if kept else math.nan, skips / len(operations) if operations else math.nan, nones


def _typed(rows: Iterable[Mapping[str, object]], columns: Mapping[str, str]) -> pd.DataFrame:
    """The rows as a frame whose first columns are ``columns`` in their dtypes and whose others are inferred."""
    rows = list(rows)
    names = [*columns, *dict.fromkeys(name for row in rows for name in row if name not in columns)]
    return pd.DataFrame(
        {name: _column([row.get(name) for row in rows], columns.get(name)) for name in names},
        index=pd.RangeIndex(len(rows)),
    )


def missing(value: object) -> bool:
    """Whether a cell's value is none: None, NaN or pandas' own; a list never is."""
    nan = isinstance(value, (float, np.floating)) and math.isnan(value)
    return nan or value is None or value is pd.NA or value is pd.NaT


def _column(values: list[object], dtype: str | None) -> pd.Series:
    """One column in its dtype, missing values as that dtype has them; without a dtype, the plainest that holds all."""
    values = [None if missing(value) else value for value in values]
    if dtype is None:
        dtype = _plainest(values)
        if dtype == "str":
            values = [value if value is None or isinstance(value, str) else json.dumps(value) for value in values]
    return pd.Series(values, dtype=object).astype(pd.api.types.pandas_dtype(dtype))


def _plainest(values: list[object]) -> str:
    """The dtype for values that no schema names; ``str`` also for what only JSON can say."""
    inferred = pd.api.types.infer_dtype(values, skipna=True)
    if inferred == "integer":
        return "Int64" if None in values else "int64"
    kinds = {"boolean": "boolean", "floating": "float64", "mixed-integer-float": "float64", "empty": "float64"}
    return kinds.get(inferred, "str")
