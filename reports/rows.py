"""How the rows of a table are named and ordered, and which of their columns say something."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pandas as pd

from reports import formats as f
from reports.style import name, precedence

Labels = Mapping[tuple[str, str], str]
"""What to call each (algorithm, variant)."""


def labels(records: pd.DataFrame) -> dict[tuple[str, str], str]:
    """Names by (algorithm, variant); random search says how many cells it drew."""
    named: dict[tuple[str, str], str] = {}
    for key, group in records.groupby(["algorithm", "variant"]):
        algorithm, variant = map(str, key)
        drawn = group["random.k"].dropna() if algorithm == "random" and "random.k" in group else pd.Series(dtype=float)
        if not drawn.empty:
            ks = sorted({int(k) for k in drawn})
            draws = f"best of k = {ks[0]}" if len(ks) == 1 else f"best of k = {ks[0]} to {ks[-1]}"
            stated = variant in ("", f"k = {ks[0]}")  # a sweep's variant says k itself
            named[algorithm, variant] = name(algorithm, draws if stated else f"{variant}, {draws}")
        else:
            named[algorithm, variant] = name(algorithm, variant)
    return named


def ordered(rows: pd.DataFrame, *last: str) -> pd.DataFrame:
    """Rows by data set (the one searched on first), then algorithm, variant and ``last``."""
    keys = pd.DataFrame(index=rows.index)
    if "eval_dataset" in rows:
        keys["elsewhere"] = rows["eval_dataset"] != rows["search_dataset"]
        keys["dataset"] = pd.factorize(rows["eval_dataset"])[0]
    keys["algorithm"] = rows["algorithm"].map(lambda a: "{:02d}{}".format(*precedence(str(a))))
    keys["variant"] = rows["variant"].map(_by_number)
    for column in last:
        keys[column] = rows[column]
    return rows.loc[keys.sort_values(list(keys.columns), kind="stable").index].reset_index(drop=True)


def _by_number(text: str) -> str:
    """A key that sorts ``lam = 10`` after ``lam = 2``."""
    return re.sub(r"\d+(\.\d+)?(e[-+]?\d+)?", lambda number: f"{float(number.group()):030.15f}", text)


def names(rows: pd.DataFrame, named: Labels, suffix: str = "") -> list[str]:
    """The name of each row's algorithm; ``suffix`` picks one of several pairs of columns."""
    variants = rows.get(f"variant{suffix}", pd.Series("", index=rows.index)).fillna("")
    return [
        named.get((str(a), str(v)), name(str(a), str(v)))
        for a, v in zip(rows[f"algorithm{suffix}"], variants, strict=True)
    ]


def kinds(rows: pd.DataFrame) -> list[str]:
    """The kind of evaluation of each row, where a table holds more than one."""
    known = rows["evaluation"].fillna("")
    return list(known) if len(set(known) - {"", "none"}) > 1 else [""] * len(rows)


def counts(column: pd.Series) -> list[str]:
    """Counts, none shown where all are zero."""
    return [f.count(n) for n in column] if column.gt(0).any() else [""] * len(column)
