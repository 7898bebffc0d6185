"""Figures with a mark a search: error against cost, latency, pruned networks, widths, profiles."""

from __future__ import annotations

import json
from collections.abc import Iterable

import numpy as np
import pandas as pd

from reports import formats as f
from reports.chart import Chart, Dot, Line, Panel
from reports.dynamics import key_of
from reports.forest import COSTS, pareto
from reports.rows import Methods
from reports.scale import Scale, spanning
from results import metrics
from results.answer import Answer
from results.pairs import Method
from results.records import is_search, judged

FEWEST_RANKED = 5
"""Networks below which a rank correlation says nothing."""


def error_against_cost(records: pd.DataFrame, answer: Answer, named: Methods) -> list[Chart]:
    """Error, or regret where a table knows the space, by each kind of cost: a chart a kind, a panel a data set."""
    done = judged(records[is_search(records)])
    value = "regret" if len(done) and done["regret"].notna().all() else "test_error"
    title, unit = metrics.named(value).title, "points" if value == "regret" else "%"
    made = []
    for cost in COSTS:
        costly = done[done[cost] > 0]
        if costly.empty:
            continue
        divisor, scaled = f.engineering(costly[cost], metrics.named(cost).unit)
        costly = costly.assign(**{cost: costly[cost] / divisor})
        y = spanning(costly[value], log=True if value == "regret" else None)
        panels = []
        for verdict in answer.verdicts:
            own = costly[(costly["eval_dataset"] == verdict.dataset) & (costly["evaluation"] == verdict.evaluation)]
            if len(own):
                panels.append(_cost_panel(own, cost, value, verdict.dataset, named))
        made.append(
            Chart(
                f"{value}-{cost}",
                f"{title} against {metrics.named(cost).title.lower()}",
                "Small: searches; large: means, named. The line is the Pareto front of the means: no other method has "
                "both a lower error and a lower cost.",
                f"{metrics.named(cost).title.lower()} ({scaled})",
                f"{title.lower()} ({unit})",
                spanning(costly[cost]),
                y,
                tuple(panels),
            )
        )
    return [chart for chart in made if chart.panels]


def _cost_panel(own: pd.DataFrame, cost: str, value: str, title: str, named: Methods) -> Panel:
    groups = _methods(own)
    means = {m: (float(rows[cost].mean()), float(rows[value].mean())) for m, rows in groups.items()}
    front = sorted(pareto(means), key=lambda m: means[m])
    dots = [dot for m, rows in groups.items() for dot in _dots(rows, cost, value, m, named)]
    names = ", ".join(named.label(*m) for m in front)
    corners: list[tuple[float, float]] = []
    for m in front:  # a staircase: what the front reaches up to the next, dearer method
        if corners:
            corners.append((means[m][0], corners[-1][1]))
        corners.append(means[m])
    return Panel(title, f"{title}: on the Pareto front of the means: {names}", dots=tuple(dots), front=tuple(corners))


def latency(records: pd.DataFrame, named: Methods) -> list[Chart]:
    """Measured latency of each found network against the latency table's sum."""
    known = records.dropna(subset=["latency_ms", "latency_predicted_ms"])
    if known.empty:
        return []
    panels = []
    for dataset, own in known.groupby("eval_dataset", sort=False):
        networks = own.groupby("genotype", sort=False)[["latency_ms", "latency_predicted_ms"]].mean()
        rho = ""
        if len(networks) >= FEWEST_RANKED:
            correlation = networks["latency_ms"].corr(networks["latency_predicted_ms"], "spearman")
            rho = f", Spearman's ρ = {f.significant(correlation)} over {len(networks)} networks"
        dots = [
            d for m, rows in _methods(own).items() for d in _dots(rows, "latency_predicted_ms", "latency_ms", m, named)
        ]
        panels.append(Panel(f"{dataset}{rho}", f"{dataset}: {len(own)} networks{rho}", dots=tuple(dots)))
    return [
        Chart(
            "latency",
            "Measured against predicted latency",
            "Measured latency of each found network against the sum of its operations in the table. Large: means.",
            "predicted (ms)",
            "measured (ms)",
            spanning(known["latency_predicted_ms"]),
            spanning(known["latency_ms"]),
            tuple(panels),
        )
    ]


def pruned(records: pd.DataFrame, named: Methods) -> list[Chart]:
    """Pruned networks: error by multiply-adds, what a ratio saves, and the share of channels kept by layer."""
    cut = records.dropna(subset=["flops_full", "test_error"])
    made = []
    if len(cut):
        cut = cut.assign(
            macs=cut["flops"] / 1e6, saved=100 * (1 - cut["flops"] / cut["flops_full"]), ratio=100 * cut["prc"]
        )
        axes = {
            ("macs", "test_error"): ("Error against multiply-adds", "multiply-adds (10⁶)", "test error (%)"),
            ("ratio", "saved"): ("What a pruned-channel ratio saves", "pruned channels (%)", "multiply-adds saved (%)"),
        }
        for (x, y), (title, x_label, y_label) in axes.items():
            known = cut.dropna(subset=[x, y])
            if known.empty:
                continue
            panels = tuple(
                Panel(
                    str(dataset),
                    f"{dataset}: {len(own)} pruned networks",
                    dots=tuple(d for m, rows in _methods(own).items() for d in _dots(rows, x, y, m, named)),
                )
                for dataset, own in known.groupby("eval_dataset", sort=False)
            )
            caption = "Small: searches; large: means."
            made.append(
                Chart(
                    f"pruned-{y}",
                    title,
                    caption,
                    x_label,
                    y_label,
                    spanning(known[x], log=False),
                    spanning(known[y], log=False),
                    panels,
                )
            )
    return [*made, *_widths(records, named)]


def _widths(records: pd.DataFrame, named: Methods) -> list[Chart]:
    chains = records[records["layer_widths"].notna()].drop_duplicates("trial")
    if chains.empty:
        return []
    panels, most = [], 1
    for method, rows in _methods(chains).items():
        lines = []
        for row in rows.itertuples():
            kept = kept_shares(str(row.layer_widths))
            most = max(most, len(kept))
            lines.append(Line(tuple((float(i), share) for i, share in enumerate(kept, start=1)), str(row.trial)))
        shares = [share for line in lines for _, share in line.points]
        alt = f"{named.label(*method)}: {f.fixed(sum(shares) / len(shares), 0)} % of channels kept on average"
        panels.append(Panel(f"{named.label(*method)} (n = {len(lines)})", alt, key_of(method), tuple(lines)))
    caption = "Each gated layer from the input on, a line a search; grey, all other searches."
    return [
        Chart(
            "layer_widths",
            "Channels kept by layer (%)",
            caption,
            "gated layer",
            "",
            Scale(1, max(2, most)),
            Scale(0, 103),
            tuple(panels),
            grey=True,
        )
    ]


def kept_shares(widths: str) -> list[float]:
    """Percent of each layer's channels from a record's ``layer_widths``."""
    pairs = [text.split(" of ") for text in json.loads(widths).values()]
    return [100 * int(kept) / int(channels) for kept, channels in pairs]


def profiles(records: pd.DataFrame, answer: Answer, named: Methods) -> list[Chart]:
    """Performance profiles: the share of searches with at most so much regret, each data set with the same weight."""
    done = records[(records["status"] == "done") & records["regret"].notna()]
    if done.empty or not answer.verdicts:
        return []
    x = spanning(done["regret"], log=True)
    edges = sorted({float(value) for value in done["regret"]})
    panels = []
    ranked = answer.verdicts[0].pairs.methods
    groups = {m: rows for m, rows in _methods(done).items() if m in ranked}
    for method in sorted(groups, key=ranked.index):
        sets = [np.sort(own["regret"].to_numpy(float)) for _, own in groups[method].groupby("eval_dataset")]
        points: list[tuple[float, float]] = []
        for edge in edges:
            share = 100 * sum(np.searchsorted(own, edge, "right") / len(own) for own in sets) / len(sets)
            points += [(edge, points[-1][1] if points else 0.0), (edge, share)]
        half = next((edge for edge, share in points if share >= 50), edges[-1])
        name, n = named.label(*method), groups[method]["trial"].nunique()
        alt = f"{name}: half of its results have a regret of at most {f.significant(half)} points"
        panels.append(Panel(f"{name} (n = {n})", alt, key_of(method), (Line(tuple(points)),)))
    caption = (
        "The share of results with at most so much regret; a curve further up and left is better. Each data set has "
        "the same weight (Agarwal et al., NeurIPS 2021, after Dolan and Moré). Grey: all other methods."
    )
    return [
        Chart(
            "profiles",
            "Performance profiles (% of results)",
            caption,
            "regret (points, log axis)",
            "",
            x,
            Scale(-2, 102),
            tuple(panels),
            grey=True,
        )
    ]


def _methods(rows: pd.DataFrame) -> dict[Method, pd.DataFrame]:
    return {(str(a), str(v)): own for (a, v), own in rows.groupby(["algorithm", "variant"], sort=False)}


def _dots(rows: pd.DataFrame, x: str, y: str, method: Method, named: Methods) -> Iterable[Dot]:
    """A small mark a search and a large, named one at their mean."""
    key, control = key_of(method), method[0] in named.controls
    for row_x, row_y, trial in zip(rows[x], rows[y], rows["trial"], strict=True):
        yield Dot(float(row_x), float(row_y), str(trial), key, control=control)
    mean = Dot(float(rows[x].mean()), float(rows[y].mean()), "", key, True, named.label(*method), control)
    yield mean
