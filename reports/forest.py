"""The forest plot: a row a method, sorted by result, with every search, the mean and what it cost."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
from markupsafe import Markup

from reports import formats as f
from reports import svg
from reports.rows import Methods
from reports.scale import Scale, spanning
from results import metrics
from results.answer import Verdict
from results.pairs import Method
from results.records import judged, search_of, searches
from results.statistics import FEW, Summary, interquartile_mean, summarise

WIDTH = 330
"""Of a strip, in pixels."""

COST_WIDTH = 110

COSTS = ("search_macs", "search_seconds")
"""Columns that say what a search cost, the one shown as a strip first."""


@dataclass(frozen=True)
class Row:
    """One method's row; texts are empty where nothing is known."""

    method: Method
    name: str
    standing: str
    """``best``, ``equal``, ``worse``, ``untested`` or ``lost``: what the test says of it beside the lowest mean."""
    said: str
    control: bool
    n: int
    mean: float
    mean_text: str
    middle: str
    percentile: str
    strip: Markup
    cost: float
    cost_strip: Markup
    costs: tuple[str, ...]
    front: bool


@dataclass(frozen=True)
class Forest:
    """The plot of one data set and kind of evaluation."""

    dataset: str
    evaluation: str
    axis: str
    ruler: Markup
    cost_headers: tuple[str, ...]
    cost_ruler: Markup
    rows: tuple[Row, ...]
    notes: tuple[str, ...]

    @property
    def placed(self) -> bool:
        """Whether the space's table says where each search stands in it."""
        return any(row.percentile for row in self.rows)

    @property
    def middles(self) -> bool:
        """Whether any method has enough searches for an interquartile mean."""
        return any(row.middle for row in self.rows)


def forest(records: pd.DataFrame, verdict: Verdict, named: Methods) -> Forest:
    """The plot of one verdict, from the records of its setting.

    The axis is the regret, logarithmic, where a table knows the whole space, else the test error.
    """
    done = judged(records)
    own = done[(done["eval_dataset"] == verdict.dataset) & (done["evaluation"] == verdict.evaluation)]
    by_method = {(str(a), str(v)): group for (a, v), group in own.groupby(["algorithm", "variant"], sort=False)}
    value = "regret" if own["regret"].notna().all() else "test_error"
    shown = {method: _searches(by_method[method], value) for method in verdict.pairs.methods}
    every = [x for values in shown.values() for x, _ in values]
    ends = [x for values in shown.values() for x in _interval(values) or () if x > 0 or min(every) <= 0]
    scale = spanning([*every, *ends], log=True if value == "regret" else None)
    controls = [m for m in verdict.pairs.methods if m[0] in named.controls]
    levels = [_mean(shown[m]) for m in controls]
    costs = _costs(records, verdict)
    rows = []
    for method in verdict.pairs.methods:
        summary = summarise(verdict.pairs.errors[method].values())
        alt = _alt(named.label(*method), summary)
        strip = svg.strip(shown[method], _mean(shown[method]), _interval(shown[method]), scale, levels, WIDTH, alt)
        percentiles = by_method[method]["percentile_in_space"].dropna()
        rows.append(_row(method, verdict, named, summary, percentiles, strip, costs))
    axis = f"{metrics.named(value).title} ({'percentage points, ' if value == 'regret' else '%'}"
    axis += f"{'log axis' if scale.log and value == 'regret' else ', log axis' if scale.log else ''})"
    lost = tuple(_lost_row(m, named) for m in _without(records, shown))
    return Forest(
        dataset=verdict.dataset,
        evaluation=verdict.evaluation,
        axis=axis,
        ruler=svg.ruler(scale, WIDTH),
        cost_headers=tuple(f"{metrics.named(kind).title} ({unit})" for kind, (_, unit) in costs.units.items()),
        cost_ruler=svg.ruler(costs.scale, COST_WIDTH, 1) if costs.units and costs.scale.log else Markup(""),
        rows=(*rows, *lost),
        notes=(*_notes(rows, controls, named, value), *_sizes(by_method, verdict, costs, named)),
    )


def _sizes(
    by_method: Mapping[Method, pd.DataFrame], verdict: Verdict, costs: _Costs, named: Methods
) -> tuple[str, ...]:
    """What to say where a table's trainings stand beside supernets: their costs are of two sizes."""
    asked = [m for m in verdict.pairs.methods if costs.drawn(m) > 0 and by_method[m]["forwards"].eq(0).all()]
    if verdict.evaluation != "table" or not asked or len(asked) == len(verdict.pairs.methods):
        return ()
    names = ", ".join(named.label(*m) for m in asked)
    return (
        f"Cost of {names}: the trainings that the table holds, at the benchmark's size; else a search's own passes.",
    )


@dataclass(frozen=True)
class _Costs:
    """What the methods cost, by kind of cost: what divides it, its unit, and the axis of the kind that is drawn."""

    means: Mapping[Method, Mapping[str, float]]
    units: Mapping[str, tuple[float, str]]
    scale: Scale
    front: list[Method]
    """Methods that no other beats both in error and in the drawn cost."""

    def drawn(self, method: Method) -> float:
        """The cost that is drawn; NaN where it is not known."""
        return self.means.get(method, {}).get(next(iter(self.units), ""), math.nan)


def _costs(records: pd.DataFrame, verdict: Verdict) -> _Costs:
    means = cost_means(records)
    kinds = [kind for kind in COSTS if any(means.get(m, {}).get(kind, 0) > 0 for m in verdict.pairs.methods)]
    units = {
        kind: f.engineering(pd.Series([c[kind] for c in means.values() if kind in c]), metrics.named(kind).unit)
        for kind in kinds
    }
    drawn = {m: means[m][kinds[0]] for m in verdict.pairs.methods if kinds and kinds[0] in means.get(m, {})}
    front = pareto({m: (cost, _error(verdict, m)) for m, cost in drawn.items()})
    return _Costs(means, units, spanning(drawn.values()), front)


def _row(
    method: Method,
    verdict: Verdict,
    named: Methods,
    summary: Summary,
    percentiles: pd.Series,
    strip: Markup,
    costs: _Costs,
) -> Row:
    place, said = standing(verdict, method)
    own, drawn = costs.means.get(method, {}), costs.drawn(method)
    return Row(
        method=method,
        name=named.label(*method),
        standing=place,
        said=said,
        control=method[0] in named.controls,
        n=summary.n,
        mean=summary.mean,
        mean_text=f.plus_minus(summary.mean, summary.sd),
        middle=f.fixed(interquartile_mean(summary.values)),
        percentile=f.fixed(percentiles.mean(), 1) if len(percentiles) else "",
        strip=strip,
        cost=drawn,
        cost_strip=Markup("") if math.isnan(drawn) else _bar(drawn, costs.scale),
        costs=tuple(f.significant(own[kind] / by) if kind in own else "" for kind, (by, _) in costs.units.items()),
        front=method in costs.front,
    )


def pareto(points: Mapping[Method, tuple[float, float]]) -> list[Method]:
    """Those that no other beats or equals in both coordinates while beating it in one; lower is better.

    In the order of ``points``, so that a page is the same however often it is made.
    """
    return [
        m
        for m, (cost, error) in points.items()
        if not any(c <= cost and e <= error and (c < cost or e < error) for c, e in points.values())
    ]


def cost_means(records: pd.DataFrame) -> dict[Method, dict[str, float]]:
    """What each method's done searches cost on average, by column of ``COSTS``; retrainings are no searches."""
    means = searches(records).groupby(["algorithm", "variant"], sort=False)[list(COSTS)].mean().reset_index()
    return {
        (str(row["algorithm"]), str(row["variant"])): {k: float(row[k]) for k in COSTS if pd.notna(row[k])}
        for row in means.to_dict("records")
    }


def _searches(own: pd.DataFrame, value: str) -> list[tuple[float, str]]:
    """Each search's value, the mean over its retrainings, with its trial."""
    search = search_of(own).rename("trial")
    means = own.groupby([own["split_seed"], own["seed"], search], dropna=False)[value].mean().reset_index()
    return [(float(row[value]), str(row[str(search.name)])) for row in means.to_dict("records")]


def standing(verdict: Verdict, method: Method) -> tuple[str, str]:
    """What the adjusted test says of a method beside the lowest mean: a word for its row, and the same in words."""
    if method == verdict.best:
        return "best", "lowest mean"
    pair = verdict.pairs.of(verdict.best, method)
    if method in verdict.worse:
        return "worse", f"worse, p = {f.significant(pair.adjusted, 2)}"
    if method in verdict.contrary:
        return "equal", f"better in common seeds, p = {f.significant(pair.adjusted, 2)}"
    if method in verdict.untested:
        return "untested", f"no test (n = {len(pair.values)})"
    return "equal", f"not told apart, p = {f.significant(pair.adjusted, 2)}"


def _without(records: pd.DataFrame, shown: Mapping[Method, object]) -> list[Method]:
    """Methods of which no search gave a test error anywhere."""
    known = records.groupby(["algorithm", "variant"], sort=False)["test_error"].count().reset_index()
    lost = known[known["test_error"] == 0]
    methods = [(str(row["algorithm"]), str(row["variant"])) for row in lost.to_dict("records")]
    return [method for method in methods if method not in shown]


def _lost_row(method: Method, named: Methods) -> Row:
    empty = Markup("")
    control = method[0] in named.controls
    said, name = "no search ended well", named.label(*method)
    return Row(
        method=method,
        name=name,
        standing="lost",
        said=said,
        control=control,
        n=0,
        mean=math.nan,
        mean_text="",
        middle="",
        percentile="",
        strip=empty,
        cost=math.nan,
        cost_strip=empty,
        costs=(),
        front=False,
    )


def _bar(cost: float, scale: Scale) -> Markup:
    at = f"{8 + scale.at(cost) * (COST_WIDTH - 16):.1f}"
    return Markup(
        '<svg class="strip" viewBox="0 0 {0} 22" width="{0}" height="22" aria-hidden="true">'
        '<line class="rule" x1="8" x2="{1}" y1="11" y2="11"/><circle class="cost" cx="{1}" cy="11" r="4"/></svg>'
    ).format(COST_WIDTH, at)


def _interval(values: Sequence[tuple[float, str]]) -> tuple[float, float] | None:
    """None below ``FEW`` searches."""
    summary = summarise(x for x, _ in values)
    return None if math.isnan(summary.low) else (summary.low, summary.high)


def _alt(name: str, summary: Summary) -> str:
    spread = f", from {f.fixed(min(summary.values))} to {f.fixed(max(summary.values))}" if summary.n > 1 else ""
    return f"{name}: mean test error {f.fixed(summary.mean)} % over {summary.n}{spread}"


def _notes(rows: Sequence[Row], controls: Sequence[Method], named: Methods, value: str) -> tuple[str, ...]:
    few = any(row.n < FEW for row in rows)
    notes = [
        "A dot is a search, the bar their mean"
        + (f", the line its 95 % interval (from n = {FEW} on)." if any(row.n >= FEW for row in rows) else ".")
    ]
    if few:
        notes.append(f"Below n = {FEW} no interval is drawn: the dots say more.")
    if controls:
        notes.append(f"Dashed: mean of {', '.join(named.label(*m) for m in controls)}.")
    if value == "regret":
        notes.append(
            "Regret: the best accuracy in the whole space minus the found one's. Percentile: the share of the space "
            "that is worse."
        )
    return tuple(notes)


def _mean(values: Sequence[tuple[float, str]]) -> float:
    return sum(x for x, _ in values) / len(values)


def _error(verdict: Verdict, method: Method) -> float:
    errors = verdict.pairs.errors[method]
    return sum(errors.values()) / len(errors)
