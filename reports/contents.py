"""What one section of the report holds, in the order of the page: warnings, tables, figures and found cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from reports import paper_tables, tables
from reports.figures import Looks
from reports.formats import setting
from reports.pictures import Album, Picture
from reports.rows import Methods, methods, ordered
from reports.sections import Section
from reports.table import Table
from results import comparison
from results.latency_changes import latency_changes
from results.metrics import bare
from results.published import published


@dataclass(frozen=True)
class Part:
    """A section with everything shown under its heading."""

    section: Section
    warnings: list[str]
    unfinished: Table | None
    tables: list[Table]
    pictures: list[Picture]
    cells: list[Picture]
    trials: Table | None

    def files(self) -> list[Table]:
        """The tables that are also written as files: all of them."""
        return [table for table in (self.unfinished, *self.tables, self.trials) if table is not None]


def build(section: Section, folder: Path, prefix: str, drawn: Looks) -> Part:
    """Compute a section's tables and draw its figures into ``folder``, their file names beginning with ``prefix``.

    ``drawn`` holds all algorithms of the report, so that each keeps its colour in every section.
    """
    searched = comparison.inherited(section.records).assign(protocol=section.label)
    section = replace(section, records=searched)
    varied = comparison.varied(section.records)
    records = _by_configuration(section.records, varied)
    named = methods(records)
    records = ordered(records, named, "seed")
    album = Album(folder, prefix, drawn)
    lost = (records["status"] != "done").any()
    return Part(
        section,
        _warnings(section, varied),
        _prefixed(tables.unfinished(records, named), prefix) if lost else None,
        [_prefixed(table, prefix) for table in _tables(section, records, varied, named)],
        album.sensitivities(section.records, varied) + album.searches(records, section.history, mean=not varied),
        album.cells(records, named),
        _prefixed(tables.trials(records, named), prefix) if len(records) else None,
    )


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
            f"A sweep: searches of one algorithm differ in {', '.join(map(bare, varied))}. "
            "Tables have a row per setting; figures by epoch show single searches without a mean."
        )
    return warnings


def _by_configuration(records: pd.DataFrame, varied: Sequence[str]) -> pd.DataFrame:
    """Records whose variant names the swept values, so that no mean runs over different settings."""
    swept = records
    for column in varied:
        values = records.groupby(["algorithm", "variant", "evaluation"], dropna=False)[column]
        differs = values.transform(lambda own: own.nunique(dropna=False)) > 1
        name = bare(column)
        short = name if name.startswith("evaluation.") else name.rpartition(".")[2]
        stated = records[column].map(setting).where(records[column].notna(), "unset")
        setting_text = f"{short} = " + stated
        joined = swept["variant"] + swept["variant"].map(lambda text: ", " if text else "") + setting_text
        swept = swept.assign(variant=swept["variant"].where(~differs, joined))
    return swept


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
        *latency,
        tables.accuracy(compared, costs, paper, named),
        tables.place(compared, named),
        tables.cost(costs, named),
    ]
    for column in varied:
        others = [other for other in varied if other != column]
        shown.append(tables.sensitivity(comparison.sensitivity(section.records, column), column, named, others))
    if not varied:
        shown += [tables.differences(comparison.paired_differences(records), named), tables.ranks(records, named)]
    return [table for table in shown if not table.shown.empty]
