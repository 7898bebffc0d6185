"""The ranked result table that a terminal shows at the end of a run."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from reports import formats as f
from reports.forest import cost_means, standing
from reports.rows import Methods, methods
from reports.sections import split
from reports.table import Table, table
from results import comparison
from results.answer import Verdict, answer
from results.pairs import Method
from results.statistics import summarise
from results.store import Run


def ranking(runs: Sequence[Run]) -> list[Table]:
    """A table for each setting, data set and kind of evaluation, the lowest mean error first.

    As the page does, a sweep's settings have a row each, and the last column says no more than the adjusted test does.
    """
    made = []
    for section in split(runs):
        records = comparison.by_configuration(section.records)
        named = methods(records)
        made += [_table(verdict, records, named, section.title) for verdict in answer(records).verdicts]
    return made


def _table(verdict: Verdict, records: pd.DataFrame, named: Methods, title: str) -> Table:
    costs = {m: c["search_macs"] for m, c in cost_means(records).items() if "search_macs" in c}
    divisor, unit = f.engineering(pd.Series(list(costs.values()), dtype=float), "multiply-adds")
    shown = {
        "": [str(place) for place in range(1, len(verdict.pairs.methods) + 1)],
        "Algorithm": [named.label(*m) for m in verdict.pairs.methods],
        "Test error (%)": [_error(verdict, m) for m in verdict.pairs.methods],
        "n": [str(len(verdict.pairs.errors[m])) for m in verdict.pairs.methods],
        f"Cost ({unit})": [f.significant(costs[m] / divisor) if m in costs else "" for m in verdict.pairs.methods],
        "Against the lowest mean": [standing(verdict, m)[1] for m in verdict.pairs.methods],
    }
    return table("ranking", f"{verdict.dataset}: {title}", pd.DataFrame(), shown)


def _error(verdict: Verdict, method: Method) -> str:
    summary = summarise(verdict.pairs.errors[method].values())
    return f.plus_minus(summary.mean, summary.sd)
