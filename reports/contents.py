"""What one section of the report holds, in the order of the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypedDict

import pandas as pd
from markupsafe import Markup

from reports import dynamics, fronts, paper_tables, queried, scatters, svg, tables
from reports.answer import Paragraph, paragraphs
from reports.chart import Chart, Panel
from reports.claimed import claimed
from reports.claims import claims
from reports.diagrams import Diagram, critical_difference
from reports.forest import Forest, forest
from reports.formats import fixed
from reports.found_cells import Found, found_cells
from reports.matrix import Matrix, matrix
from reports.rows import Methods, methods, ordered
from reports.sections import Section
from reports.sweep import Sweep, sweep
from reports.table import Table
from results import comparison, pairs
from results.answer import Answer, answer
from results.latency_changes import latency_changes
from results.metrics import bare, is_hyperparameter
from results.published import published
from results.records import inherited


@dataclass(frozen=True)
class Drawn:
    """A chart with the drawing of each panel, and what all panels have behind them."""

    chart: Chart
    behind: Markup
    panels: tuple[tuple[Panel, Markup], ...]
    small: bool


@dataclass(frozen=True)
class Part:
    """A section with everything shown under its heading."""

    section: Section
    prefix: str
    """Of ids and of tables' names, unique in the report."""
    warnings: list[str]
    answer: list[Paragraph]
    forests: list[Forest]
    costs: list[Drawn]
    matrices: list[Matrix]
    ranks: Diagram | None
    profiles: list[Drawn]
    dynamics: list[Drawn]
    networks: list[Drawn]
    tables: list[Table]
    unfinished: Table | None
    differences: Table | None
    trials: Table | None
    cells: list[Found]
    claims: Table | None = None
    claimed: Table | None = None
    """What papers claim of the algorithms beside what these gave here."""
    swept: Sweep | None = None
    curves: list[Drawn] = field(default_factory=list)
    """The sweep's charts."""
    data: dict[str, Mapping[str, object]] = field(default_factory=dict)
    """For the page's script: what a pair, and what a trial, is shown as."""

    def contents(self) -> list[tuple[str, str]]:
        """The id and name of each heading that the page's contents list."""
        known = {
            "answer": ("Answer", True),
            "sweep": ("Sweep", self.swept),
            "unfinished": ("Diverged and failed", self.unfinished),
            "claims": ("The paper's claims", self.claims),
            "claimed": ("Claimed, reproduced", self.claimed),
            "cost": ("Error and cost", self.costs),
            "pairs": ("Comparisons", self.matrices or self.ranks or self.profiles),
            "dynamics": ("Dynamics", self.dynamics),
            "networks": ("Networks", self.networks),
            "tables": ("Tables", self.tables),
            "trials": ("Every trial", self.trials),
            "cells": ("Found cells", self.cells),
            "provenance": ("Provenance", True),
        }
        return [(key, text) for key, (text, there) in known.items() if there]

    def files(self) -> list[Table]:
        """The tables that are also written as files: all of them."""
        known = (
            self.unfinished,
            self.claims,
            self.claimed,
            self.swept.table if self.swept else None,
            *self.tables,
            self.differences,
            self.trials,
        )
        return [table for table in known if table is not None]

    def charts(self) -> list[Chart]:
        """The charts, to be written as files where asked for."""
        return [drawn.chart for drawn in (*self.curves, *self.costs, *self.profiles, *self.dynamics, *self.networks)]


def build(section: Section, prefix: str) -> Part:
    """Compute all that a section shows; ``prefix`` makes its ids and its tables' names unique in the report."""
    known = comparison.latencies_by_source(inherited(section.records))
    section = replace(section, records=known.assign(protocol=section.label))
    varied = comparison.varied(section.records)
    records = comparison.by_configuration(section.records)
    named = methods(records)
    records = ordered(records, named, "seed")
    swept = sweep(section.records, varied, named)
    if swept:
        swept = replace(swept, table=_prefixed(swept.table, prefix))
    stated = claims(section.records, named)
    beside = claimed(section.records, named, section.label, section.reduced)
    every, records = records, records[[c for c in records if not is_hyperparameter(str(c))]]
    found = answer(records)
    matrices, full = _matrices(found, named, prefix)
    cells = found_cells(records, named, prefix)
    lost = (records["status"] != "done").any()
    return Part(
        section=section,
        prefix=prefix,
        warnings=_warnings(section, varied),
        answer=paragraphs(found, named),
        forests=[forest(records, verdict, named) for verdict in found.verdicts],
        costs=_drawn(scatters.error_against_cost(records, found, named), prefix, small=False),
        matrices=matrices,
        ranks=critical_difference(records, named),
        profiles=_drawn(scatters.profiles(records, found, named), prefix),
        dynamics=_drawn(dynamics.charts(section.history, records, named), prefix),
        networks=[
            *_drawn(fronts.charts(fronts.fronts(section.configs), records, named), prefix, small=False),
            *_drawn(scatters.latency(records, named), prefix, small=False),
            *(d for chart in scatters.pruned(records, named) for d in _drawn([chart], prefix, small=chart.grey)),
        ],
        tables=[_prefixed(table, prefix) for table in _tables(section, records, varied, named)],
        unfinished=_prefixed(tables.unfinished(records, named), prefix) if lost else None,
        differences=_differences(found, named, prefix),
        trials=_prefixed(tables.trials(every, named), prefix) if len(records) else None,
        cells=cells,
        claims=_prefixed(stated, prefix) if stated else None,
        claimed=_prefixed(beside, prefix) if beside else None,
        swept=swept,
        curves=_drawn(swept.charts, prefix, small=False) if swept else [],
        data={"pairs": full, "trials": _trials(records, named, cells)},
    )


def _drawn(charts: Sequence[Chart], prefix: str, small: bool = True) -> list[Drawn]:
    box = svg.SMALL if small else svg.LARGE
    return [
        Drawn(chart, svg.background(chart, box, prefix), tuple(svg.panels(chart, box, prefix)), small)
        for chart in charts
    ]


class Shown(TypedDict):
    """What is shown of a trial that the pointer is on."""

    name: str
    seed: str
    errors: list[str]
    genotype: str
    cell: str


def _matrices(found: Answer, named: Methods, prefix: str) -> tuple[list[Matrix], dict[str, object]]:
    made: list[Matrix] = []
    every: dict[str, object] = {}
    for i, verdict in enumerate(found.verdicts):
        if len(verdict.pairs.methods) > 1:
            one, full = matrix(verdict, named, f"{prefix}{i}:")
            made.append(one)
            every.update(full)
    return made, every


def _trials(records: pd.DataFrame, named: Methods, cells: Sequence[Found]) -> Mapping[str, object]:
    """What is shown of a trial that the pointer is on."""
    drawn = {cell.genotype: cell.key for cell in cells}
    made: dict[str, Shown] = {}
    for row in records.to_dict("records"):
        known = made.setdefault(
            str(row["trial"]),
            {
                "name": named.label(str(row["algorithm"]), str(row["variant"])),
                "seed": "" if pd.isna(row["seed"]) else str(row["seed"]),
                "errors": [],
                "genotype": "" if pd.isna(row["genotype"]) else str(row["genotype"])[: tables.LONGEST],
                "cell": drawn.get(str(row["genotype"]), ""),
            },
        )
        if not pd.isna(row["test_error"]):
            known["errors"].append(f"{row['eval_dataset']} {fixed(row['test_error'])} %")
    return made


def _differences(found: Answer, named: Methods, prefix: str) -> Table | None:
    frames = [
        pairs.frame(verdict.pairs).assign(eval_dataset=verdict.dataset, evaluation=verdict.evaluation)
        for verdict in found.verdicts
    ]
    rows = pd.concat(known, ignore_index=True) if (known := [f for f in frames if len(f)]) else pd.DataFrame()
    return _prefixed(tables.differences(rows, named), prefix) if len(rows) else None


def _prefixed(table: Table, prefix: str) -> Table:
    return replace(table, key=prefix + table.key)


def _warnings(section: Section, varied: Sequence[str]) -> list[str]:
    """What a reader must know before any number of the section."""
    warnings = []
    if section.reduced:
        changed = f", changed ({section.changes})" if section.changes else ""
        warnings.append(
            f"Reduced protocol “{section.protocol}”{changed}: its rows compare with one another only. Its numbers do "
            "not reproduce any published one."
        )
    elif section.changes:
        warnings.append(
            f"Protocol “{section.protocol}”, changed ({section.changes}): its numbers are not the protocol's, and "
            "reproduce no published one."
        )
    if section.records.empty:
        warnings.append("No trial has ended yet: there is nothing to report.")
    elif section.records["test_error"].isna().all():
        warnings.append("No trial has a test error: none ended well, or none was evaluated.")
    if varied:
        warnings.append(
            f"A sweep: searches of one algorithm differ in {', '.join(map(bare, varied))}. Each setting has a row of "
            "its own, and nothing is averaged over settings."
        )
    if left_out := fronts.differing(section.configs):
        warnings.append(
            f"The runs' exact fronts on {', '.join(left_out)} differ, as their tables or latencies do: those that do "
            "are not shown."
        )
    return warnings


def _tables(section: Section, records: pd.DataFrame, varied: Sequence[str], named: Methods) -> list[Table]:
    """Those that have something to show."""
    if not (records["status"] == "done").any():
        return []
    costs = comparison.cost(records)
    changes = latency_changes(section.records)
    latency = [] if changes.empty else [paper_tables.latencies(changes, named)]
    if records["test_error"].isna().all():
        return [*latency, tables.cost(costs, named)]
    compared = comparison.comparison(records)
    paper = published()
    elsewhere = paper["table"].isin(paper_tables.LAYOUTS)
    paper = paper[(paper["task"] == section.space) & paper["test_error"].notna() & ~elsewhere]
    shown = [
        *paper_tables.beside_published(compared, costs, named),
        *(latency if varied and latency else []),
        tables.accuracy(compared, costs, paper, named),
        tables.place(compared, named),
        *fronts.tables(fronts.fronts(section.configs), records, named),
        *queried.tables(fronts.fronts(section.configs), section.history, records, named),
        tables.cost(costs, named),
    ]
    if not varied:
        shown.append(tables.ranks(records, named))
    return [table for table in shown if not table.shown.empty]
