"""What papers claim of the algorithms beside what the run gave, with a verdict each."""

from __future__ import annotations

import pandas as pd

from reports import formats as f
from reports.rows import Methods
from reports.table import Table, table
from results.claimed import ERRORS, MARGIN, reproduced

_METRICS = {"test_accuracy": "test accuracy (%)", "test_error": "test error (%)"}


def claimed(records: pd.DataFrame, named: Methods, protocol: str, reduced: bool) -> Table | None:
    """The claimed figures of the algorithms and data sets that the records of one setting hold; None without any.

    Parameters
    ----------
    records
        Of one setting.
    named
        What to call the algorithms.
    protocol, reduced
        The run's protocol, and whether it is smaller than the one that it stands for.
    """
    found = reproduced(records)
    if not found:
        return None
    kinds = {c.evaluation for c in found}
    ours = f"Reproduced (protocol {protocol}{', reduced' if reduced else ''})"
    shown = {
        "Algorithm": [named.label(c.algorithm) for c in found],
        "Data set": [c.dataset for c in found],
        "Evaluation": [c.evaluation if len(kinds) > 1 else "" for c in found],
        "Figure": [_METRICS[c.metric] for c in found],
        "Claimed": [f.plus_minus(c.claimed, c.claimed_sd) for c in found],
        "n, claimed": [f.count(c.claimed_n) or "not said" for c in found],
        ours: [f.plus_minus(c.ours, c.ours_sd) for c in found],
        "n": [f.count(c.n) for c in found],
        "p, adjusted": [f.significant(c.p, 2) for c in found],
        "Verdict": [c.verdict for c in found],
        "Because": [_because(c.verdict, c.why, reduced) for c in found],
        "Claimed under": [c.under for c in found],
        "Source": [f"{c.source}; read in {c.read_in}" for c in found],
    }
    notes = [
        f"Agrees: two sign-flip tests show it to lie within {MARGIN:g} points of the claim. Differs: one shows it "
        "to lie beyond. All are adjusted by Holm together. Cannot tell: neither is shown at this n.",
        f"A claimed mean may be off by {ERRORS:g} of its standard errors, to either side; where no n is said, n is 1.",
    ]
    if reduced:
        notes.append(
            f"Protocol “{protocol}” is reduced: a verdict says how this run stands to the figure, and nothing about "
            "whether the claim holds under its own protocol."
        )
    return table("claimed", "Claimed beside reproduced", pd.DataFrame([vars(c) for c in found]), shown, notes)


def _because(verdict: str, why: str, reduced: bool) -> str:
    return f"{why}, at a reduced protocol" if reduced and verdict != "cannot tell" else why
