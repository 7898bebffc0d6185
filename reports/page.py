"""The report of one or more runs: a self-contained HTML page, the same in Markdown, and all tables and figures."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined

from reports import contents
from reports.sections import split
from reports.style import looks
from reports.table import Table
from results.errors import BadInput
from results.store import Run


def write(runs: Sequence[Run], out: Path, notes: Sequence[str] = ()) -> Path:
    """Write ``index.html``, ``report.md``, ``tables/*.{csv,tex}`` and ``figures/*.{png,svg}`` under ``out``.

    Records of one (protocol, space, searched data set) share a section, whichever run they come from; ``notes`` are
    printed at the top. Returns the path of ``index.html``. Raises BadInput where no run is given or ``out`` cannot be
    written.
    """
    if not runs:
        raise BadInput("there is no run to report on: name at least one run's folder")
    sections = split(runs)
    drawn = looks(pd.concat([section.records[["algorithm", "title", "order", "role"]] for section in sections]))
    try:
        (out / "figures").mkdir(parents=True, exist_ok=True)
        parts = [contents.build(s, out / "figures", f"{s.slug}_" if len(sections) > 1 else "", drawn) for s in sections]
        for table in (table for part in parts for table in part.files()):
            table.write(out / "tables")
        title = sections[0].title if len(sections) == 1 else f"Architecture search: {len(sections)} settings"
        given = {"title": title, "notes": notes, "parts": parts}
        page = out / "index.html"
        page.write_text(_environment().get_template("index.html.j2").render(given), encoding="utf-8")
        markdown = _environment().get_template("report.md.j2").render(given)
        (out / "report.md").write_text(re.sub(r"\n{3,}", "\n\n", markdown), encoding="utf-8")
    except OSError as error:
        fault = f"the report cannot be written to {out} ({error.strerror})"
        raise BadInput(f"{fault}: give a folder that you may write") from None
    return page


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("reports", "templates"),
        autoescape=lambda template: template is not None and template.endswith(".html.j2"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(inline=_inline, columns=_columns, zip=zip)
    environment.filters["plain"] = _markdown
    return environment


def _inline(svg: Path) -> str:
    """An SVG as a data URI: as an image of its own, its ids cannot clash with another figure's."""
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.read_bytes()).decode('ascii')}"


def _columns(table: Table) -> list[tuple[str, bool]]:
    return list(zip(table.shown.columns, table.numeric(), strict=True))


def _markdown(text: str) -> str:
    """``text`` where Markdown and the bounds of a table's cell would otherwise read it."""
    for character in "\\|*_`<":
        text = text.replace(character, f"\\{character}")
    return " ".join(text.split())
