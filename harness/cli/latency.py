"""``latency``: how long each operation of a space takes on this device, as a table that ``run --latency`` reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli import app, complete, console, options
from harness.config import defaults, plugins
from harness.data import DATASETS

if TYPE_CHECKING:
    from harness.measuring.latency import Table


@app.command()
def latency(
    space: options.Space = defaults.SPACE,
    protocol: options.Protocol = defaults.PROTOCOL,
    set_: options.Set = None,
    dataset: Annotated[
        str | None,
        typer.Option(
            help="measure at its own image size; default: at the protocol's", autocompletion=complete.datasets
        ),
    ] = None,
    device: options.Device = "auto",
    threads: Annotated[int, typer.Option(min=1, help="CPU threads; a run's --cpus-per-trial must be the same")] = 1,
    batch_size: Annotated[int, typer.Option(min=1, help="images at once; a run expects 1")] = 1,
    plugin: options.Plugin = None,
    out: Annotated[Path | None, typer.Option(help="the table, JSON; default: runs/latency-SPACE-PROTOCOL.json")] = None,
    json_: options.Json = False,
) -> None:
    """Measure each operation at each size of the protocol's stand-alone network, and write the table.

    Example: python -m harness latency --space darts --protocol mini
    """
    plugins.load(plugin or [])
    from harness.config.protocol import Protocol

    asked = Protocol.load(protocol, space)
    if dataset:
        asked = asked.at(("settings", "image_size"), DATASETS.facts(dataset)["image_size"])
    asked = asked.set(set_ or [])
    from functools import partial

    from rich.console import Console
    from rich.progress import track

    from harness.measuring.device import device_here
    from harness.measuring.latency import measure, write

    progress = partial(track, description="measuring on this device", console=Console(stderr=True))
    table = measure(asked, device_here(device), threads, batch_size, progress)
    path = out or Path("runs") / f"latency-{space}-{protocol}.json"
    write(table, path)
    if json_:
        typer.echo(json.dumps(table.model_dump(), indent=1, ensure_ascii=False))
    else:
        _show(table)
        console.print(f"latency table: {path}", markup=False, highlight=False, soft_wrap=True)


def _show(table: Table) -> None:
    """The table for people: microseconds, since one operation takes few."""
    import rich.table
    from rich.box import SIMPLE_HEAD

    heads = ("kind", "operation", "input", "stride", "cells", "median µs", "IQR µs")
    shown = rich.table.Table(*heads, box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for row in table.rows:
        size = f"{row.channels} × {row.height} × {row.width}"
        times = (f"{1000 * ms:,.1f}" for ms in (row.median_ms, row.iqr_ms))
        shown.add_row(row.kind, row.operation, size, str(row.stride), str(row.count), *times)
    console.print(table.description(), markup=False, highlight=False, soft_wrap=True)
    console.print(shown)
