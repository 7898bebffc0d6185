"""``report`` and ``reproduce``: pages from finished runs, and the paper's own figures and tables."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.cli import app, console, options
from results.lookup import lookup


@app.command()
def report(
    runs: Annotated[list[Path], typer.Argument(help="folders or archives of runs; several go into one page")],
    out: Annotated[Path | None, typer.Option(help="where the page goes; default: RUN/report")] = None,
) -> None:
    """Write the report of one or several runs again, without running anything."""
    import results
    from reports import page

    loaded = [results.load(run) for run in runs]
    index = page.write(loaded, out or (runs[0].parent if runs[0].is_file() else runs[0]) / "report")
    console.print(f"report: {index}", markup=False, highlight=False, soft_wrap=True)


@app.command()
def reproduce(
    target: Annotated[str, typer.Argument(help="fig1, table2 or table4")],
    protocol: options.Protocol = "paper",
    seeds: options.Seeds = "0,1,2",
    set_: options.Set = None,
    out: Annotated[Path | None, typer.Option(help="folder for the results; default: runs/TARGET")] = None,
    data_dir: options.DataDir = None,
    download: options.Download = False,
    nats: options.Nats = None,
    device: options.Device = "auto",
    cpus_per_trial: options.Cpus = 1,
    gpus_per_trial: options.Gpus = None,
    address: options.Address = None,
    serial: options.Serial = False,
) -> None:
    """Make one of the RARTS paper's figures or tables: fig1 (seconds, no data), table2 or table4 (searches).

    Example: python -m harness reproduce fig1
    """
    from harness.reproduce import TARGETS, Wanted

    make = lookup("target", target, TARGETS)
    shared = {
        "protocol": protocol,
        "seeds": options.seeds(seeds),
        "overrides": set_ or [],
        "data_dir": data_dir,
        "download": download,
        "table": nats,
        "device": device,
        "cpus_per_trial": cpus_per_trial,
        "gpus_per_trial": gpus_per_trial,
        "address": address,
        "serial": serial,
        "command": options.command(),
    }
    make(Wanted(out or Path("runs") / target, shared), console)
