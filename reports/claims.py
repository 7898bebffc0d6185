"""The paper's claims beside ours, with a verdict each."""

from __future__ import annotations

import math

import pandas as pd

from reports import formats as f
from reports.rows import Methods
from reports.table import Table, table
from results import metrics
from results.claims import Checked, check

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
    units = [_unit(c) for c in found]
    shown = {
        "Claim": [c.claim for c in found],
        "Data set": [c.dataset for c in found],
        "Published": [f"{c.published_first} to {c.published_second} ({c.unit}), {c.where}" for c in found],
        "Compared": [f"{metrics.named(c.metric).title} ({unit})" for c, (_, unit) in zip(found, units, strict=True)],
        "Ours": [
            f"{f.significant(c.ours_first / divisor)} to {f.significant(c.ours_second / divisor)}"
            for c, (divisor, _) in zip(found, units, strict=True)
        ],
        "At": [c.detail for c in found],
        "n": [f.count(c.n) for c in found],
        "p, adjusted": ["" if math.isnan(c.p) else f.significant(c.p, 2) for c in found],
        "Verdict": [c.verdict for c in found],
        "Because": [c.why for c in found],
    }
    return table("claims", "The paper's claims", pd.DataFrame([vars(c) for c in found]), shown, NOTES)


def _unit(claim: Checked) -> tuple[float, str]:
    """What ours is divided by to be shown, and the unit with it: shares in percent, many multiply-adds by a power."""
    if claim.metric.startswith("skip_ratio"):
        return 0.01, "%"
    unit = metrics.named(claim.metric).unit
    if claim.metric.endswith("macs"):
        return f.engineering(pd.Series([claim.ours_first, claim.ours_second]), unit)
    return 1.0, unit
