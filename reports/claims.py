"""The paper's claims beside ours, with a verdict each."""

from __future__ import annotations

import math

import pandas as pd

from reports import formats as f
from reports.rows import Methods
from reports.table import Table, table
from results import metrics
from results.claims import check

NOTES = (
    "Agrees or disagrees: shown by the sign-flip test over common seeds, Holm-adjusted over the claims tested here; "
    "what is counted needs no test. Cannot tell: not shown at this n.",
    "Published figures hold under the paper's protocol. A verdict holds at the scale of this run only.",
)


def claims(records: pd.DataFrame, named: Methods) -> Table | None:
    """The table of the claims that the records of one setting speak to; None where there are none."""
    found = check(records)
    if not found:
        return None
    factors = [100 if _fraction(c.metric) else 1 for c in found]
    shown = {
        "Claim": [c.claim for c in found],
        "Data set": [c.dataset for c in found],
        "Published": [f"{c.published_first} to {c.published_second} ({c.unit}), {c.where}" for c in found],
        "Compared": [_header(c.metric) for c in found],
        "Ours": [
            f"{f.significant(k * c.ours_first)} to {f.significant(k * c.ours_second)}"
            for c, k in zip(found, factors, strict=True)
        ],
        "At": [c.detail for c in found],
        "n": [f.count(c.n) for c in found],
        "p, adjusted": ["" if math.isnan(c.p) else f.significant(c.p, 2) for c in found],
        "Verdict": [c.verdict for c in found],
        "Because": [c.why for c in found],
    }
    return table("claims", "The paper's claims", pd.DataFrame([vars(c) for c in found]), shown, NOTES)


def _fraction(name: str) -> bool:
    """Whether a metric is a fraction of 1, which is shown in percent."""
    return name.startswith("skip_ratio")


def _header(name: str) -> str:
    return f"{metrics.named(name).title} (%)" if _fraction(name) else metrics.header(name)
