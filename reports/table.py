"""A table: numbers in full precision for CSV, and the same as readable text for HTML, Markdown and LaTeX."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from reports import formats as f

_LISTS = ["test_error_values", "latency_values", "values"]


@dataclass(frozen=True)
class Table:
    """One table: ``numbers`` goes to CSV as it is, ``shown`` is the same as text under headers that carry the units."""

    key: str
    title: str
    numbers: pd.DataFrame
    shown: pd.DataFrame
    notes: tuple[str, ...] = ()

    def write(self, folder: Path) -> None:
        """Write ``<key>.csv`` and ``<key>.tex`` (booktabs) into ``folder``."""
        folder.mkdir(parents=True, exist_ok=True)
        flat = self.numbers.copy()
        for column in flat.columns.intersection(_LISTS):
            flat[column] = [
                " ".join(map(repr, map(float, values))) if isinstance(values, Sequence) else ""
                for values in flat[column]
            ]
        flat.to_csv(folder / f"{self.key}.csv", index=False)
        (folder / f"{self.key}.tex").write_text(self.latex(), encoding="utf-8")

    def latex(self) -> str:
        """A ``table`` for the packages booktabs and graphicx: shrunk to the line where too wide, notes below."""
        right = dict(zip(self.shown.columns, self.numeric(), strict=True))
        body = (
            self.shown.style.hide(axis="index")
            .format(f.latex)
            .format_index(lambda header: _stacked(str(header), right[str(header)]), axis="columns")
            .to_latex(
                hrules=True,
                caption=f.latex(self.title),
                label=f"tab:{self.key}",
                position="t",
                position_float="centering",
                column_format="".join("r" if flush else "l" for flush in right.values()),
            )
        )
        notes = r"\\".join(f.latex(note) for note in self.notes)
        small = f"\\par\\smallskip\\footnotesize\\raggedright {notes}\n" if notes else ""
        shrunk = r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%" + "\n\\begin{tabular}"
        body = body.replace("\\begin{tabular}", shrunk).replace("\\end{tabular}", "\\end{tabular}}")
        return body.replace("\\end{table}", f"{small}\\end{{table}}")

    def numeric(self) -> list[bool]:
        """Whether each shown column holds numbers, and is set flush right."""
        return [_numeric(list(map(str, column))) for _, column in self.shown.items()]


def _numeric(texts: Sequence[str]) -> bool:
    known = all(re.fullmatch(r"[\[−\d].*|not run|–", text, re.DOTALL) for text in texts)
    return known and any(re.search(r"\d", text) for text in texts)


def _stacked(header: str, right: bool) -> str:
    """A header over several short lines, so that it does not set the width of its column."""
    lines = [f.latex(line) for line in textwrap.wrap(header, 14, break_long_words=False)]
    if len(lines) == 1:
        return lines[0]
    return rf"\shortstack[{'r' if right else 'l'}]{{" + r"\\".join(lines) + "}"


def table(key: str, title: str, numbers: pd.DataFrame, shown: Mapping[str, Any], notes: Sequence[str] = ()) -> Table:
    """A table without the columns that say nothing in any row."""
    text = pd.DataFrame({header: list(column) for header, column in shown.items()}, dtype=str)
    text = text.loc[:, [bool((text[column] != "").any()) for column in text]].replace("", "–")
    return Table(key, title, numbers.dropna(axis="columns", how="all"), text, tuple(notes))
