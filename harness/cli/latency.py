"""``latency``: how long each operation of a space takes on this device, as a table that ``run --latency`` reads."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Annotated

import rich.table
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import track

from harness.cli import app, console, options
from harness.config.protocol import Protocol
from harness.data import DATASETS
from harness.measuring.device import device_here
from harness.measuring.latency import BATCH, Table, measure, write


@app.command()
def latency(
    space: options.Space = "nats",
    protocol: options.Protocol = "quick",
    set_: options.Set = None,
    dataset: Annotated[
        str | None, typer.Option(help="measure at its own image size; default: at the protocol's")
    ] = None,
    device: options.Device = "auto",
    threads: Annotated[int, typer.Option(min=1, help="CPU threads; a run's --cpus-per-trial must be the same")] = 1,
    batch_size: Annotated[int, typer.Option(min=1, help="images at once; a run expects 1")] = BATCH,
    out: Annotated[Path | None, typer.Option(help="the table, JSON; default: runs/latency-SPACE-PROTOCOL.json")] = None,
    json_: options.Json = False,
) -> None:
    """Measure each operation at each size of the protocol's stand-alone network, and write the table.

    Example: harness latency --space darts --protocol mini
    """
    asked = Protocol.load(protocol, space)
    if dataset:
        asked = asked.at(("settings", "image_size"), DATASETS.named(dataset).image_size)
    asked = asked.set(set_ or [])
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
    heads = ("kind", "operation", "input", "stride", "cells", "median µs", "IQR µs")
    shown = rich.table.Table(*heads, box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for row in table.rows:
        size = f"{row.channels} × {row.height} × {row.width}"
        times = (f"{1000 * ms:,.1f}" for ms in (row.median_ms, row.iqr_ms))
        shown.add_row(row.kind, row.operation, size, str(row.stride), str(row.count), *times)
    console.print(table.description(), markup=False, highlight=False, soft_wrap=True)
    console.print(shown)
