"""All pairs of methods as a matrix, each cell opening its pair."""

from __future__ import annotations

import math
from dataclasses import dataclass

from reports import formats as f
from reports import letters
from reports.rows import Methods
from results.answer import Verdict
from results.pairs import Method, Pair


@dataclass(frozen=True)
class Cell:
    """One pair: row minus column in percentage points, P(the row is better), and what the test says."""

    key: str
    difference: str
    improvement: str
    p: str
    certain: bool


@dataclass(frozen=True)
class Matrix:
    """The pairs of one data set and kind of evaluation: methods by mean error, cells above the diagonal."""

    dataset: str
    evaluation: str
    methods: tuple[Method, ...]
    names: tuple[str, ...]
    cells: tuple[tuple[Cell | None, ...], ...]
    note: str

    @property
    def head(self) -> float:
        """The height of the upright column heads in ems of their letters: that of the longest name."""
        return round(max(letters.width(name, 1.0) for name in self.names) + 0.5, 1)


def matrix(verdict: Verdict, named: Methods, key: str) -> tuple[Matrix, dict[str, object]]:
    """The matrix of a verdict, and each pair in full by its cell's key. ``key`` makes those unique in the page."""
    pairs, names = verdict.pairs, tuple(named.label(*m) for m in verdict.pairs.methods)
    rows: list[tuple[Cell | None, ...]] = []
    full: dict[str, object] = {}
    for i, a in enumerate(pairs.methods):
        row: list[Cell | None] = [None] * (i + 1)
        for j, b in enumerate(pairs.methods[i + 1 :], start=i + 1):
            pair, name = pairs.of(a, b), f"{key}{i}-{j}"
            full[name] = _full(pair, named, verdict.dataset)
            row.append(
                Cell(
                    name,
                    f.fixed(pair.difference) if pair.values else "no common seed",
                    f.fixed(pair.improvement),
                    "" if math.isnan(pair.adjusted) else f.significant(pair.adjusted, 2),
                    pair.certain,
                )
            )
        rows.append(tuple(row))
    tested = pairs.tested
    note = (
        f"p: two-sided sign-flip test over common seeds, by Holm over the {tested} pairs that have enough of them."
        if tested
        else "No pair has enough common seeds for a test: no p is given."
    )
    return Matrix(verdict.dataset, verdict.evaluation, pairs.methods, names, tuple(rows), note), full


def _full(pair: Pair, named: Methods, dataset: str) -> dict[str, object]:
    """A pair as the page's script shows it: a title, lines of name and text, and each seed's difference."""
    lines = [("Common seeds", f.count(len(pair.values)))]
    if pair.values:
        lines.append(("Mean difference (points)", f.fixed(pair.difference)))
    if not math.isnan(pair.low):
        lines.append(("95 % interval", f.interval(pair.low, pair.high)))
    lines.append(("P(first has the lower error)", f.fixed(pair.improvement)))
    if math.isnan(pair.p):
        lines.append(("Test", "none: too few common seeds for any outcome to show a difference"))
    else:
        verdict = "told apart" if pair.certain else "not told apart"
        lines.append(("p, sign-flip test", f.significant(pair.p, 2)))
        lines.append(("p, adjusted by Holm", f"{f.significant(pair.adjusted, 2)}: {verdict} at 5 %"))
    seeds = [[f"{seed:g}", f.fixed(value)] for (_, seed), value in zip(pair.seeds, pair.values, strict=True)]
    title = f"{named.label(*pair.first)} minus {named.label(*pair.second)}, {dataset}"
    return {"title": title, "lines": lines, "seeds": seeds}
