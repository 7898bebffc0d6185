"""The report of one or more runs: a self-contained HTML page, the same in Markdown, all tables, figures on request."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from reports import contents
from reports.across import across
from reports.contents import Part
from reports.dynamics import key_of
from reports.glossary import DEFINITIONS, defined
from reports.neutral import visible
from reports.sections import split
from reports.style import DARK, LIGHT
from results.errors import BadInput
from results.store import Run

FORMATS = ("png", "svg", "pdf")
"""Files that figures for a paper are written as, where asked for."""


def write(
    runs: Sequence[Run],
    out: Path,
    notes: Sequence[str] = (),
    figures: Collection[str] = (),
    tell: Callable[[str], None] = lambda step: None,
) -> Path:
    """Write ``index.html``, ``report.md`` and ``tables/*.{csv,tex}`` under ``out``; with ``figures``, these too.

    Parameters
    ----------
    runs
        Records of one (protocol, space, searched data set) share a section, whichever run they come from.
    out
        The folder.
    notes
        Printed at the top.
    figures
        Formats, of ``FORMATS``, in which every figure is also written for a paper to ``figures/``.
    tell
        Called with what is being done, in a few words.

    Returns
    -------
    Path
        That of ``index.html``.

    Raises
    ------
    BadInput
        Where no run is given, a format is not one of ``FORMATS``, or ``out`` cannot be written.
    """
    if not runs:
        raise BadInput("there is no run to report on: name at least one run's folder")
    for name in figures:
        if name not in FORMATS:
            raise BadInput(f"figures are not written as {name!r}: choose of {', '.join(FORMATS)}")
    tell("reading records")
    sections = split(runs)
    try:
        out.mkdir(parents=True, exist_ok=True)
        parts = []
        for s in sections:
            tell(f"comparing: {s.title}")
            parts.append(contents.build(s, f"{s.slug}_" if len(sections) > 1 else ""))
        tell("writing tables")
        for table in (table for part in parts for table in part.files()):
            table.write(out / "tables")
        beside = across(sections)
        for table in (beside.differences, beside.results) if beside else ():
            table.write(out / "tables")
        drawn = _figures(parts, out / "figures", figures, tell)
        tell("writing the page")
        title = sections[0].title if len(sections) == 1 else f"Architecture search: {len(sections)} settings"
        given: dict[str, Any] = {
            "title": title,
            "notes": [visible(n) for n in notes],
            "parts": parts,
            "drawn": drawn,
            "across": beside,
        }
        given["data"] = {
            kind: {k: v for part in parts for k, v in part.data[kind].items()} for kind in ("pairs", "trials")
        }
        given["colours"] = {"light": LIGHT, "dark": DARK}
        page = out / "index.html"
        page.write_text(_environment().get_template("index.html.j2").render(given), encoding="utf-8")
        markdown = _environment().get_template("report.md.j2").render(given)
        (out / "report.md").write_text(re.sub(r"\n{3,}", "\n\n", markdown), encoding="utf-8")
    except OSError as error:
        fault = f"the report cannot be written to {out} ({error.strerror})"
        raise BadInput(f"{fault}: give a folder that you may write") from None
    return page


def _figures(
    parts: Sequence[Part], folder: Path, formats: Collection[str], tell: Callable[[str], None]
) -> dict[str, str]:
    """Figures for papers, and their files for the Markdown: chart's key to a picture's name."""
    if not formats:
        return {}
    from reports import paper_figures  # matplotlib and seaborn, which the page does without

    drawn = {}
    for part in parts:
        prefix = f"{part.section.slug}_" if len(parts) > 1 else ""
        for key, paths in paper_figures.write(part, folder, prefix, formats, tell).items():
            drawn[prefix + key] = next((p.name for p in paths if p.suffix != ".pdf"), "")
    return drawn


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("reports", "templates"),
        autoescape=lambda template: template is not None and template.endswith(".html.j2"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    folder = files("reports") / "templates"
    texts = {name: (folder / f"page.{name}").read_text(encoding="utf-8") for name in ("css", "js")}
    environment.globals.update(zip=zip, key_of=key_of, texts=texts, definitions=DEFINITIONS, defined=defined)
    environment.filters["plain"] = _markdown
    return environment


def _markdown(text: str) -> str:
    """``text`` where Markdown and the bounds of a table's cell would otherwise read it."""
    text = re.sub(r"([\\|*_`<\[\]!&~])", r"\\\1", text)
    # A bare address is a link as well in GitHub's Markdown.
    return " ".join(re.sub(r"(?i)\b(https?|ftp):(?=//)", r"\1\\:", text).split())
