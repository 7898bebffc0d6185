"""``archive``: one small file of a run, to keep or to send."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.cli import app, console


@app.command()
def archive(
    run: Annotated[Path, typer.Argument(help="the run's folder")],
    out: Annotated[Path, typer.Option(help="the file to write, for instance run.zip")],
) -> None:
    """Pack a run's configuration, records and histories into one file, which report reads like the folder."""
    from results.archive import pack

    console.print(f"archive: {pack(run, out)}", markup=False, highlight=False, soft_wrap=True)
