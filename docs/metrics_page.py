"""Puts the registry of metrics into docs/metrics.md while the site is built, so that the page cannot be out of date."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

PLACE = "<!-- the metrics -->"


def on_page_markdown(markdown: str, **_: Any) -> str:
    """A page's text, the registry's table in its place: what mkdocs calls for each page."""
    return markdown.replace(PLACE, table()) if PLACE in markdown else markdown


def table() -> str:
    """A Markdown table of every metric in the order of the records' columns."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from results.metrics import FAMILIES, METRICS

    named = [(m.name, m) for m in METRICS] + [(f"{m.name}…", m) for m in FAMILIES]
    values = [(f"`{name}`", m.title, m.unit, m.dtype, m.direction, m.aggregate) for name, m in named]
    rows = [f"| {' | '.join(row)} |" for row in values]
    head = ["| column | what it is | unit | type | better | averaged |", "|---|---|---|---|---|---|"]
    return "\n".join([*head, *rows])
