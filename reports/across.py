"""Several settings in one page: first in what they differ, then one table of all their methods, side by side."""

from __future__ import annotations

import string
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from reports import formats as f
from reports.rows import methods
from reports.sections import Section
from reports.table import Table, table
from results import comparison

_SAME = ("Command", "Started", "Searches", "Networks trained to evaluate them")
"""Facts that always differ and explain nothing."""


@dataclass(frozen=True)
class Across:
    """What the settings differ in, and their results beside one another."""

    differences: Table
    results: Table


def across(sections: Sequence[Section]) -> Across | None:
    """The comparison of several settings; None where there is one only."""
    if len(sections) < 2:
        return None
    letters = [_letter(i) for i in range(len(sections))]
    return Across(_differences(sections, letters), _results(sections, letters))


def _configured(section: Section) -> pd.DataFrame:
    """The section's records, a sweep's settings as variants."""
    return comparison.by_configuration(section.records)


def _letter(place: int) -> str:
    letters = string.ascii_uppercase
    return letters[place] if place < len(letters) else f"{letters[place % 26]}{place // 26 + 1}"


def _differences(sections: Sequence[Section], letters: Sequence[str]) -> Table:
    facts = [dict(section.facts()) for section in sections]
    keys = [key for key in dict.fromkeys(key for own in facts for key in own) if key not in _SAME]
    rows = [{"Fact": key, **{x: own.get(key, "") for x, own in zip(letters, facts, strict=True)}} for key in keys]
    # A setting may be told from another only by what was changed in it, which its facts say.
    kept = [row for row in rows if len({row[x] for x in letters}) > 1]
    frame = pd.DataFrame(kept, columns=["Fact", *letters])
    return Table("across_differences", "In what these settings differ", frame, frame.replace("", "–").astype(str))


def _results(sections: Sequence[Section], letters: Sequence[str]) -> Table:
    """A row a method, a column a setting and data set; sorted by order, for no mean runs over settings."""
    configured = [_configured(section) for section in sections]
    named = methods(pd.concat(configured, ignore_index=True))
    columns: dict[str, dict[tuple[str, str], str]] = {}
    numbers = []
    for letter, records in zip(letters, configured, strict=True):
        for row in comparison.comparison(records).to_dict("records"):
            if pd.isna(row["test_error_mean"]):
                continue
            kind = "" if row["evaluation"] == "table" else f" ({row['evaluation']})"
            text = f"{f.plus_minus(row['test_error_mean'], row['test_error_sd'])} (n = {row['n']})"
            own = columns.setdefault(f"{letter}: {row['eval_dataset']}{kind}", {})
            own[str(row["algorithm"]), str(row["variant"])] = text
            numbers.append({"setting": letter, **row})
    rows = sorted({key for own in columns.values() for key in own}, key=lambda key: (named.precedence(key[0]), key))
    shown = {"Algorithm": [named.label(*key) for key in rows]}
    shown |= {column: [own.get(key, "") for key in rows] for column, own in columns.items()}
    notes = (
        "Test error (%), mean ± sd (ddof = 1) over n searches. Compare within a column; between columns only as far as "
        "the table above says that they are alike.",
    )
    return table("across", "All settings side by side", pd.DataFrame(numbers), shown, notes)
