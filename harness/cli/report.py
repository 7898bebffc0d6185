"""``report`` and ``reproduce``: pages from finished runs, and the paper's own figures and tables."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import results
from harness.cli import app, console, options
from harness.cli.shared import Running, with_options
from harness.reproduce import TARGETS, Wanted
from reports import page
from results.lookup import lookup


@app.command()
def report(
    runs: Annotated[list[Path], typer.Argument(help="folders or archives of runs; several go into one page")],
    out: Annotated[Path | None, typer.Option(help="where the page goes; default: RUN/report")] = None,
) -> None:
    """Write the report of one or several runs again, without running anything."""
    loaded = [results.load(run) for run in runs]
    index = page.write(loaded, out or (runs[0].parent if runs[0].is_file() else runs[0]) / "report")
    console.print(f"report: {index}", markup=False, highlight=False, soft_wrap=True)


@app.command()
@with_options(Running, protocol="paper")
def reproduce(
    asked: Running,
    target: Annotated[str, typer.Argument(help=f"one of: {', '.join(TARGETS)}")],
    out: Annotated[Path | None, typer.Option(help="folder for the results; default: runs/TARGET")] = None,
    nats: options.Nats = None,
) -> None:
    """Make one of the RARTS paper's figures or tables: fig1 (seconds, no data), table2 or table4 (searches)."""
    make = lookup("target", target, TARGETS)
    make(Wanted(out or Path("runs") / target, asked.fields() | {"table": nats}), console)
