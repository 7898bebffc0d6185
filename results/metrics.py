"""The one registry of what a record holds besides hyperparameters: names, types, units, headers and aggregates.

A new column is one line here and its producer: it is then in the records, in the means of ``results.comparison``, in
the report's file of trials and in ``results.describe()``. A table of the page shows it once ``reports/tables.py`` names
it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import Literal

import pandas as pd

from results.lookup import lookup

HYPER = "hp."
"""What the name of a hyperparameter's column begins with: ``hp.lr``, ``hp.rarts.lam``, ``hp.space.channels``."""


@dataclass(frozen=True)
class Metric:
    """One column of the records.

    Attributes
    ----------
    name
        The column.
    dtype
        Its pandas dtype. Everything measured is ``float64``, missing as NaN.
    unit
        Of the values, empty for texts, ratios (fractions of 1) and counts.
    title
        The header that tables show, without the unit.
    direction
        ``lower`` or ``higher``: which is better; empty where neither is.
    aggregate
        ``mean``: averaged over searches, those of several evaluations as one; ``cost``: averaged over searches, once a
        trial, whatever it was evaluated on; empty: not averaged by column (the test error has a summary of its own).
    """

    name: str
    dtype: str = "float64"
    unit: str = ""
    title: str = ""
    direction: Literal["lower", "higher", ""] = ""
    aggregate: Literal["mean", "cost", ""] = ""

    @property
    def header(self) -> str:
        """The title with its unit, as tables show it."""
        shown = self.title or self.name
        return f"{shown} ({self.unit})" if self.unit else shown

    @property
    def mean(self) -> str:
        """The column that holds its mean."""
        # The percentile's mean has had the short name since the first committed tables.
        return f"{self.name.removesuffix('_in_space')}_mean"


METRICS: tuple[Metric, ...] = (
    Metric("trial", "str", title="Trial"),
    # Of an evaluation that was trained on its own: the trial of the search that it evaluates.
    Metric("parent", "str", title="Trial of the search"),
    Metric("status", "str", title="Status"),  # done | diverged | failed
    Metric("error", "str", title="Reason"),
    Metric("algorithm", "str"),
    Metric("title", "str", title="Algorithm"),  # the algorithm's name as shown
    Metric("order", "Int64", title="Place in lists and tables"),
    Metric("role", "str", title="Role"),  # control: what needs no search | reference: what costs are relative to | ""
    Metric("variant", "str", title="Variant"),
    Metric("space", "str", title="Search space"),
    Metric("protocol", "str", title="Protocol"),
    Metric("search_dataset", "str", title="Searched on"),
    # Tells the data that were searched (in a retraining, trained on) from others of the name; so the table that judged.
    Metric("data_digest", "str", title="Digest of the data"),
    Metric("table_digest", "str", title="Digest of the table"),
    Metric("hardware_digest", "str", title="Digest of the measured latencies"),
    Metric("n_train", "Int64", title="Images for w"),
    Metric("n_val", "Int64", title="Images for α"),
    Metric("eval_dataset", "str", title="Data set"),
    Metric("evaluation", "str", title="Evaluation"),  # table | trained | pruned | none
    Metric("seed", "Int64", title="Seed"),
    Metric("split_seed", "Int64", title="Seed of the split"),
    Metric("eval_seed", "Int64", title="Retraining seed"),
    Metric("genotype", "str", title="Architecture"),
    Metric("edges", "str", title="Edges"),  # JSON list of {cell, source, target, operation, weight}
    Metric("test_error", unit="%", title="Test error", direction="lower"),
    # Where there are so many classes that it says something.
    Metric("test_top5_error", unit="%", title="Top-5 error", direction="lower", aggregate="mean"),
    Metric("val_error", unit="%", title="Validation error", direction="lower", aggregate="mean"),
    # 1 + the number of strictly better genotypes of the space; the share strictly worse; points below the best.
    Metric("rank", title="Rank", direction="lower", aggregate="mean"),
    Metric("percentile_in_space", unit="%", title="Percentile", direction="higher", aggregate="mean"),
    Metric("regret", unit="points", title="Regret", direction="lower", aggregate="mean"),
    # Standard error of a difference between two genotypes' test accuracies over the table's seeds.
    Metric("regret_noise", unit="points", title="Noise of a regret"),
    Metric("params", title="Parameters", direction="lower", aggregate="mean"),
    # Multiply-adds of convolutions and linear layers.
    Metric("flops", unit="multiply-adds", title="Network", direction="lower", aggregate="mean"),
    Metric("latency_ms", unit="ms", title="Latency", direction="lower", aggregate="mean"),
    Metric("latency_iqr_ms", unit="ms", title="Latency, interquartile range"),
    Metric("latency_source", "str", title="Source of the latency"),
    # Σ over the network's edges of a latency table's entries.
    Metric("latency_predicted_ms", unit="ms", title="Latency predicted", direction="lower"),
    # ⟨softmax α, Lat⟩ over the edges; the operations' mean latency is 1.
    Metric("latency_expected", title="Expected latency of α", direction="lower"),
    Metric("search_seconds", unit="s", title="Search time", direction="lower", aggregate="cost"),
    Metric("search_device_days", unit="device days", title="Search cost", direction="lower", aggregate="cost"),
    Metric("search_macs", unit="multiply-adds", title="Search cost", direction="lower", aggregate="cost"),
    Metric("forwards", title="Forward passes", direction="lower", aggregate="cost"),
    Metric("weight_backwards", title="Backward passes to weights", direction="lower", aggregate="cost"),
    Metric("alpha_backwards", title="Backward passes to α", direction="lower", aggregate="cost"),
    Metric("device", "str", title="Device"),
    Metric("threads", "Int64", title="Threads of a search"),
    Metric("peak_memory_mb", unit="MB", title="Peak memory", direction="lower", aggregate="cost"),
    # Skips / edges that are not none, and skips / all edges.
    Metric("skip_ratio", title="Skips, of edges not none", aggregate="mean"),
    Metric("skip_ratio_all_edges", title="Skips, of all edges", aggregate="mean"),
    Metric("none_edges", title="None edges"),
    Metric("alpha_entropy", title="Entropy of α (1 = uniform)"),
    Metric("lambda_max", title="λ_max of the Hessian of α"),
    Metric("collapsed", "boolean", title="Collapsed"),
    Metric("prc", title="Pruned-channel ratio", aggregate="mean"),  # as the space counts it: one of the two below
    Metric("prc_asked", title="Pruned-channel ratio asked for"),  # missing where the exact zeros of the gates decided
    Metric("prc_global", title="Removed of all channels"),
    Metric("prc_mean_layer", title="Removed channels, mean over layers"),
    # Before the cut; missing where the search learns none.
    Metric("zero_gates", title="Gates exactly 0, of all gates", aggregate="mean"),
    Metric("layer_widths", "str", title="Channels kept"),  # JSON object: gated layer to "kept of all"
    Metric("test_error_unpruned", unit="%", title="Error of the whole network", direction="lower", aggregate="mean"),
    Metric("test_error_before", unit="%", title="Error before fine-tuning", direction="lower", aggregate="mean"),
    Metric("params_full", title="Parameters, whole", aggregate="mean"),
    Metric("flops_full", unit="multiply-adds", title="Network, whole", aggregate="mean"),
    Metric("latency_full_ms", unit="ms", title="Latency, whole", aggregate="mean"),
    Metric("code_version", "str", title="Code version"),
    Metric("library_versions", "str", title="Libraries"),  # JSON
    Metric("started_at", "str", title="Started"),  # ISO 8601
)
"""Every record column that is neither a hyperparameter nor of a family, in the order of the records frame."""

DEVICE_LATENCY = "device_latency."

SIZES = ("params", "flops")
"""The costs that every network has; a ``DEVICE_LATENCY`` is one where it was measured."""

ASKED = "asked"
"""The history's column of what a search by queries asked about in an epoch; its figures are ``asked.COLUMN``."""

FAMILIES: tuple[Metric, ...] = (
    # What was measured of the found cell's network on a named device; missing of a cell without a path.
    Metric(DEVICE_LATENCY, unit="ms", title="Latency on", direction="lower"),
)
"""Metrics of which a record has a column for each of several things: name and title go on with the thing's own."""


def columns() -> dict[str, str]:
    """Name of every metric with its pandas dtype."""
    return {metric.name: metric.dtype for metric in METRICS}


def aggregated(kind: Literal["mean", "cost"]) -> dict[str, str]:
    """Name of every metric of one aggregate with the name of its mean."""
    return {metric.name: metric.mean for metric in METRICS if metric.aggregate == kind}


def named(name: str) -> Metric:
    """The metric of a column: its title, unit, header, direction and the column of its mean.

    Raises
    ------
    BadInput
        Where no metric has this name; the message names the nearest.
    """
    return of_family(name) or lookup("metric", name, {metric.name: metric for metric in METRICS})


def header(name: str) -> str:
    """The header of a metric's column: its title and unit. Raises ``BadInput`` as ``named`` does."""
    return named(name).header


def of_family(column: str) -> Metric | None:
    """The metric of a family's column: ``device_latency.raspi4``; None where it is of no family."""
    for family in FAMILIES:
        thing = column.removeprefix(family.name)
        if thing and thing != column:
            return replace(family, name=column, title=f"{family.title} {thing}")
    return None


def registered(column: str) -> bool:
    """Whether a record may have the column: a metric, one of a family, or a hyperparameter."""
    known = any(column == metric.name for metric in METRICS)
    return known or of_family(column) is not None or is_hyperparameter(column)


def is_hyperparameter(column: str) -> bool:
    """Whether a record's column is a hyperparameter's."""
    return column.startswith(HYPER)


def bare(column: str) -> str:
    """A hyperparameter's column as users write it: ``lr`` for ``hp.lr``."""
    return column.removeprefix(HYPER)


def setting(value: object) -> str:
    """A hyperparameter's value: whole numbers without a point, nothing rounded that would make two values one.

    A missing one is ``unset``.
    """
    if value is None or value is pd.NA or value != value:  # NaN differs from itself
        return "unset"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:.12g}"


def describe() -> pd.DataFrame:
    """A row a metric, families last: name, dtype, unit, title, direction and aggregate."""
    every = [asdict(metric) for metric in (*METRICS, *FAMILIES)]
    return pd.DataFrame(every, columns=[field.name for field in fields(Metric)])
