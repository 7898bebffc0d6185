"""How the rows of a table are named and ordered, and which of their columns say something."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from reports import formats as f
from reports.style import LAST
from results.metrics import HYPER
from results.published import published_algorithms


@dataclass(frozen=True)
class Methods:
    """What to call each algorithm and variant, and where it stands."""

    titles: Mapping[str, str]
    orders: Mapping[str, int]
    labels: Mapping[tuple[str, str], str]
    controls: frozenset[str] = frozenset()
    """Algorithms that searches are compared with, for they need no search."""
    reference: str = ""
    """Title of the algorithm that costs are relative to."""

    def label(self, algorithm: str, variant: str = "") -> str:
        """The name to show; an unknown algorithm is shown as it stands."""
        shown = self.titles.get(algorithm, algorithm)
        return self.labels.get((algorithm, variant), f"{shown} ({variant})" if variant else shown)

    def precedence(self, algorithm: str) -> tuple[int, str]:
        """The key that sorts rows and lists: by order, then by name."""
        return self.orders.get(algorithm, LAST), algorithm


def methods(records: pd.DataFrame) -> Methods:
    """The methods of the records, and the algorithms of the paper's rows. A control says how many cells it drew."""
    paper, known = published_algorithms(), records.dropna(subset="algorithm").drop_duplicates("algorithm")
    titles = dict(zip(paper["algorithm"], paper["title"], strict=True)) | dict(
        zip(known["algorithm"].astype(str), known["title"].astype(str), strict=True)
    )
    orders = dict(zip(paper["algorithm"], paper["order"], strict=True)) | dict(
        zip(known["algorithm"].astype(str), known["order"].fillna(LAST).astype(int), strict=True)
    )
    of_role = {role: [str(name) for name in known.loc[known["role"] == role, "algorithm"]] for role in _ROLES}
    plain = Methods(titles, orders, {})
    labels: dict[tuple[str, str], str] = {}
    for key, group in records.groupby(["algorithm", "variant"]):
        algorithm, variant = map(str, key)
        labels[algorithm, variant] = plain.label(algorithm, variant)
        column = f"{HYPER}{algorithm}.k"
        drawn = group[column].dropna() if algorithm in of_role["control"] and column in group else ()
        if ks := sorted({int(k) for k in drawn}):
            draws = f"best of k = {ks[0]}" if len(ks) == 1 else f"best of k = {ks[0]} to {ks[-1]}"
            stated = variant in ("", f"k = {ks[0]}")  # a sweep's variant says k itself
            labels[algorithm, variant] = plain.label(algorithm, draws if stated else f"{variant}, {draws}")
    reference = titles[of_role["reference"][0]] if of_role["reference"] else ""
    return Methods(titles, orders, labels, frozenset(of_role["control"]), reference)


_ROLES = ("control", "reference")


def ordered(rows: pd.DataFrame, named: Methods, *last: str) -> pd.DataFrame:
    """Rows by data set (the one searched on first), then algorithm, variant and ``last``."""
    keys = pd.DataFrame(index=rows.index)
    if "eval_dataset" in rows:
        keys["elsewhere"] = rows["eval_dataset"] != rows["search_dataset"]
        keys["dataset"] = pd.factorize(rows["eval_dataset"])[0]
    keys["order"] = rows["algorithm"].map(lambda algorithm: named.precedence(str(algorithm))[0])
    keys["algorithm"] = rows["algorithm"]
    keys["variant"] = rows["variant"].map(_by_number)
    for column in last:
        keys[column] = rows[column]
    return rows.loc[keys.sort_values(list(keys.columns), kind="stable").index].reset_index(drop=True)


def _by_number(text: str) -> str:
    """A key that sorts ``lam = 10`` after ``lam = 2``."""
    return re.sub(r"\d+(\.\d+)?(e[-+]?\d+)?", lambda number: f"{float(number.group()):030.15f}", text)


def names(rows: pd.DataFrame, named: Methods, suffix: str = "") -> list[str]:
    """The name of each row's algorithm; ``suffix`` picks one of several pairs of columns."""
    variants = rows.get(f"variant{suffix}", pd.Series("", index=rows.index)).fillna("")
    return [named.label(str(a), str(v)) for a, v in zip(rows[f"algorithm{suffix}"], variants, strict=True)]


def kinds(rows: pd.DataFrame) -> list[str]:
    """The kind of evaluation of each row, where a table holds more than one."""
    known = rows["evaluation"].fillna("")
    return list(known) if len(set(known) - {"", "none"}) > 1 else [""] * len(rows)


def counts(column: pd.Series) -> list[str]:
    """Counts, none shown where all are zero."""
    return [f.count(n) for n in column] if column.gt(0).any() else [""] * len(column)
