"""The critical-difference diagram: mean ranks over blocks, and which of them Nemenyi's test does not tell apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from markupsafe import Markup

from reports import formats as f
from reports.dynamics import keys
from reports.rows import Methods
from results.records import judged
from results.statistics import FEWEST_PAIRS, LEVEL, friedman

_WIDTH, _ROW, _SIDE = 760, 18, 190


@dataclass(frozen=True)
class Diagram:
    """The drawing, what was tested in words, and what it assumes."""

    drawing: Markup
    tested: str
    assumes: str


def critical_difference(records: pd.DataFrame, named: Methods) -> Diagram | None:
    """The diagram over seeds × data sets as blocks; None below ``FEWEST_PAIRS`` blocks or three methods.

    A method with fewer blocks than the most that any has is left out, for its missing blocks would drop out for all.
    """
    done = judged(records)
    if done.empty:
        return None
    done = done[done["evaluation"] == done["evaluation"].mode().iloc[0]]
    keyed = done.assign(method=keys(done))
    errors = keyed.pivot_table("test_error", ["split_seed", "seed", "eval_dataset"], "method", sort=False)
    whole = errors.count() == errors.count().max()
    if errors.count().max() < FEWEST_PAIRS or whole.sum() < 3:
        return None
    test = friedman(errors.loc[:, whole])
    if test is None or test.n < FEWEST_PAIRS:
        return None
    ranked = sorted(test.ranks, key=lambda m: (test.ranks[m], m))
    names = [_name(m, named) for m in ranked]
    ranks = [test.ranks[m] for m in ranked]
    cliques = _cliques(ranked, test.pairwise) if test.p < LEVEL else [(0, len(ranked) - 1)]
    sets = done["eval_dataset"].nunique()
    blocks = f"{test.n} blocks ({'seeds × data sets' if sets > 1 else 'seeds'})"
    left = [_name(str(m), named) for m in errors.columns[~whole]]
    tested = f"Friedman's χ² = {f.fixed(test.statistic)} over {blocks}, p = {f.significant(test.p, 2)}."
    tested += (
        " Bars join what Nemenyi's test does not tell apart at 5 %."
        if test.p < LEVEL
        else " The bar joins all: without a significant Friedman test no pair is looked at."
    )
    tested += f" Left out for missing blocks: {', '.join(left)}." if left else ""
    assumes = (
        "It assumes that blocks are independent. "
        + ("Here they are not: one search gives a block on each data set, so its p are too small. " if sets > 1 else "")
        + "It looks at ranks only: how far apart two errors are does not count. The answer above does not rest on it."
    )
    return Diagram(_draw(ranked, names, ranks, cliques), tested, assumes)


def _name(key: str, named: Methods) -> str:
    algorithm, _, variant = key.partition("|")
    return named.label(algorithm, variant)


def _cliques(ranked: Sequence[str], pairwise: pd.DataFrame) -> list[tuple[int, int]]:
    """The longest runs of ranks whose ends are not told apart: Nemenyi's p depends on the ranks' distance alone."""
    told = pairwise.to_dict()
    found: list[tuple[int, int]] = []
    for i, first in enumerate(ranked):
        last = max(j for j in range(i, len(ranked)) if j == i or told[first][ranked[j]] >= LEVEL)
        if last > i and (not found or last > found[-1][1]):
            found.append((i, last))
    return found


def _draw(
    ranked: Sequence[str], names: Sequence[str], ranks: Sequence[float], cliques: Sequence[tuple[int, int]]
) -> Markup:
    count, half = len(ranked), (len(ranked) + 1) // 2
    start = 44 + 9 * len(cliques)
    height = start + _ROW * half + 6

    def x(rank: float) -> float:
        return _SIDE + (rank - 1) / max(1, count - 1) * (_WIDTH - 2 * _SIDE)

    parts = [Markup('<line class="axis" x1="{}" x2="{}" y1="26" y2="26"/>').format(f"{x(1):.1f}", f"{x(count):.1f}")]
    for whole in range(1, count + 1):
        parts.append(Markup('<line class="axis" x1="{0}" x2="{0}" y1="21" y2="26"/>').format(f"{x(whole):.1f}"))
        parts.append(Markup('<text class="tick middle" x="{}" y="15">{}</text>').format(f"{x(whole):.1f}", whole))
    for level, (first, last) in enumerate(cliques):
        y = 36 + 9 * level
        ends = f"{x(ranks[first]) - 4:.1f}", f"{x(ranks[last]) + 4:.1f}"
        parts.append(Markup('<line class="clique" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(*ends, y, y))
    for i, (key, name, rank) in enumerate(zip(ranked, names, ranks, strict=True)):
        left = i < half
        y = start + _ROW * (i if left else count - 1 - i) + 12
        edge = _SIDE - 8 if left else _WIDTH - _SIDE + 8
        points = f"{x(rank):.1f},26 {x(rank):.1f},{y} {edge},{y}"
        parts.append(Markup('<polyline class="lead" points="{}"/>').format(points))
        text = f"{f.fixed(rank)}  {name}" if not left else f"{name}  {f.fixed(rank)}"
        parts.append(
            Markup('<text class="name {}" data-m="{}" x="{}" y="{}">{}</text>').format(
                "right" if left else "", key, edge + (-4 if left else 4), y + 4, text
            )
        )
    said = "Mean ranks, the lowest error first: " + ", ".join(
        f"{name} {f.fixed(rank)}" for name, rank in zip(names, ranks, strict=True)
    )
    return Markup(
        '<svg class="plot" viewBox="0 0 {} {}" width="{}" height="{}" role="img" aria-label="{}">{}</svg>'
    ).format(_WIDTH, height, _WIDTH, height, said, Markup("").join(parts))
