"""The columns of records and history: what each is called, its type, and the frames built from plain rows.

Accuracies and errors are in percent, ratios are fractions of 1, everything else is in SI units or has the unit in its
name. Seeds and sizes are nullable integers; everything measured is float64, missing as NaN.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

COLUMNS: dict[str, str] = {
    "trial": "str",
    "parent": "str",  # of an evaluation that was trained on its own: the trial of the search it evaluates
    "status": "str",  # done | diverged | failed
    "error": "str",
    "algorithm": "str",
    "variant": "str",
    "space": "str",
    "protocol": "str",
    "search_dataset": "str",
    "n_train": "Int64",
    "n_val": "Int64",
    "eval_dataset": "str",
    "evaluation": "str",  # table | trained | pruned | none
    "seed": "Int64",
    "split_seed": "Int64",
    "eval_seed": "Int64",
    "genotype": "str",
    "edges": "str",  # JSON list of {cell, source, target, operation, weight}
    "test_error": "float64",
    "test_top5_error": "float64",  # where there are so many classes that it says something
    "val_error": "float64",
    "rank": "float64",  # 1 + the number of strictly better genotypes of the space
    "percentile_in_space": "float64",  # 100 × the share strictly worse
    "regret": "float64",  # percentage points below the best genotype of the space
    "params": "float64",
    "flops": "float64",  # multiply-adds of convolutions and linear layers
    "latency_ms": "float64",
    "latency_iqr_ms": "float64",  # interquartile range of the measurement
    "latency_source": "str",
    "latency_predicted_ms": "float64",  # Σ over the network's edges of a latency table's entries
    "latency_expected": "float64",  # ⟨softmax α, Lat⟩ over the edges; the operations' mean latency is 1
    "search_seconds": "float64",
    "search_device_days": "float64",
    "search_macs": "float64",
    "forwards": "float64",
    "weight_backwards": "float64",
    "alpha_backwards": "float64",
    "device": "str",
    "threads": "Int64",
    "peak_memory_mb": "float64",
    "skip_ratio": "float64",  # skips / edges that are not none
    "skip_ratio_all_edges": "float64",
    "none_edges": "float64",
    "alpha_entropy": "float64",  # 1 = uniform
    "lambda_max": "float64",
    "collapsed": "boolean",
    "prc": "float64",  # pruned-channel ratio reached, as the space counts it: prc_global or prc_mean_layer
    "prc_asked": "float64",  # missing where the exact zeros of the gates decided
    "prc_global": "float64",  # removed / all channels
    "prc_mean_layer": "float64",  # the mean over layers of removed / all
    "zero_gates": "float64",  # gates exactly 0 before the cut / all gates; missing where the search learns none
    "layer_widths": "str",  # JSON object: gated layer to "kept of all"
    "test_error_unpruned": "float64",  # the searched network, whole
    "test_error_before": "float64",  # the pruned network, not fine-tuned
    "params_full": "float64",  # of the whole network, as the two below
    "flops_full": "float64",
    "latency_full_ms": "float64",
    "code_version": "str",
    "library_versions": "str",  # JSON
    "started_at": "str",  # ISO 8601
}
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
"""Name of every history column but ``table_accuracy.<dataset>`` (percent), with its pandas dtype."""


CONCAT = "concat"
"""The ``operation`` of an edge that only gathers a node into its cell's output, where ``edges`` holds such."""


def records_frame(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Rows of plain values as the records frame: every column of ``COLUMNS`` in its dtype, then hyperparameters.

    A missing ``variant`` is the empty text. Hyperparameters that are lists, mappings or of mixed types become JSON
    text, so that they can be compared and stored.
    """
    frame = _typed(rows, COLUMNS)
    frame["variant"] = frame["variant"].fillna("")
    return frame


def history_frame(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Rows of plain values as the history frame: every column of ``HISTORY_COLUMNS``, then what else the rows hold."""
    return _typed(rows, HISTORY_COLUMNS)


def skip_ratios(edges: Iterable[Mapping[str, Any]]) -> tuple[float, float, int]:
    """Skips among a genotype's edges: skips / edges not none, skips / all edges, and the number of none edges.

    The first is how NATS-Bench and the RARTS paper's Table 4 count. A ratio over no edges at all is NaN; what gathers
    nodes into the output is no edge here.
    """
    operations = [edge["operation"] for edge in edges if edge["operation"] != CONCAT]
    skips, nones = operations.count("skip_connect"), operations.count("none")
    kept = len(operations) - nones
    return skips / kept if kept else math.nan, skips / len(operations) if operations else math.nan, nones


def _typed(rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str]) -> pd.DataFrame:
    """The rows as a frame whose first columns are ``columns`` in their dtypes and whose others are inferred."""
    rows = list(rows)
    names = [*columns, *dict.fromkeys(name for row in rows for name in row if name not in columns)]
    return pd.DataFrame(
        {name: _column([row.get(name) for row in rows], columns.get(name)) for name in names},
        index=pd.RangeIndex(len(rows)),
    )


def _column(values: list[Any], dtype: str | None) -> pd.Series:
    """One column in its dtype, missing values as that dtype has them; without a dtype, the plainest that holds all."""
    values = [None if pd.api.types.is_scalar(value) and pd.isna(value) else value for value in values]
    if dtype is None:
        dtype = _plainest(values)
        if dtype == "str":
            values = [value if value is None or isinstance(value, str) else json.dumps(value) for value in values]
    return pd.Series(values, dtype=object).astype(pd.api.types.pandas_dtype(dtype))


def _plainest(values: list[Any]) -> str:
    """The dtype for values that no schema names; ``str`` also for what only JSON can say."""
    inferred = pd.api.types.infer_dtype(values, skipna=True)
    if inferred == "integer":
        return "Int64" if None in values else "int64"
    kinds = {"boolean": "boolean", "floating": "float64", "mixed-integer-float": "float64", "empty": "float64"}
    return kinds.get(inferred, "str")
