"""``report`` and ``reproduce``: pages from finished runs, and the paper's own figures and tables."""

from __future__ import annotations

import webbrowser
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.markup import escape
from rich.table import Table

from harness.cli import app, console, options
from results.errors import BadInput
from results.lookup import lookup

if TYPE_CHECKING:
    from results.store import Run


@app.command()
def report(
    runs: Annotated[list[Path], typer.Argument(help="folders or archives of runs; several go into one page")],
    out: Annotated[Path | None, typer.Option(help="where the page goes; default: RUN/report")] = None,
    figures: Annotated[
        str | None, typer.Option(help="also draw every figure for a paper: png, svg or pdf, comma separated")
    ] = None,
    open_: options.Open = False,
) -> None:
    """Write the report of one or several runs again, without running anything.

    Several runs go into one page that compares them and says first in what they differ.

    Example: python -m harness report docs/mini-nats --out /tmp/report
    """
    import results

    loaded = [results.load(run) for run in runs]
    folder = out or (runs[0].parent if runs[0].is_file() else runs[0]) / "report"
    formats = options.some_names("--figures", figures)
    write_page(loaded, folder, formats, open_)


def write_page(runs: Sequence[Run], folder: Path, figures: Collection[str] = (), open_: bool = False) -> None:
    """Write the page of some runs, saying what is being done, and where it is; open it if asked."""
    from reports import page

    if console.is_terminal:
        with console.status("report") as status:
            index = page.write(
                runs, folder, figures=figures, tell=lambda step: status.update(escape(f"report: {step}"))
            )
    else:
        index = page.write(runs, folder, figures=figures)
    console.print(f"report: {index}", markup=False, highlight=False, soft_wrap=True)
    if open_:
        webbrowser.open(index.resolve().as_uri())


def print_ranking(runs: Sequence[Run]) -> None:
    """The ranked results of some runs, a table a data set."""
    from reports.ranking import ranking

    for ranked in ranking(runs):
        shown = Table(title=ranked.title, title_justify="left", box=box.SIMPLE)
        for header, right in zip(ranked.shown.columns, ranked.numeric(), strict=True):
            shown.add_column(header, justify="right" if right else "left")
        for row in ranked.shown.itertuples(index=False):
            shown.add_row(*map(str, row))
        console.print(shown)


@app.command()
def reproduce(
    context: typer.Context,
    target: Annotated[str, typer.Argument(help="fig1, table2 or table4")],
    protocol: options.Protocol = "paper",
    seeds: options.Seeds = "0,1,2",
    set_: options.Set = None,
    hardware: options.Hardware = None,
    out: Annotated[Path | None, typer.Option(help="folder for the results; default: runs/TARGET")] = None,
    data_dir: options.DataDir = None,
    download: options.Download = False,
    table: options.Table = None,
    device: options.Device = "auto",
    cpus_per_trial: options.Cpus = 1,
    gpus_per_trial: options.Gpus = None,
    cuda_graphs: options.Graphs = False,
    address: options.Address = None,
    serial: options.Serial = False,
) -> None:
    """Make one of the RARTS paper's figures or tables: fig1 (seconds, no data), table2 or table4 (searches).

    With --hardware table2 asks its question of NATS-Bench's cells, of which every latency on that device is known.

    Example: python -m harness reproduce fig1
    """
    from harness.reproduce import TARGETS, Shared, Wanted, fig1

    make = lookup("target", target, TARGETS)
    if make is fig1:
        _refuse_all_but_out(context)
    shared: Shared = {
        "protocol": protocol,
        "seeds": options.seeds(seeds),
        "overrides": set_ or [],
        "hardware": hardware,
        "data_dir": data_dir,
        "download": download,
        "table": table,
        "device": device,
        "cpus_per_trial": cpus_per_trial,
        "gpus_per_trial": gpus_per_trial,
        "cuda_graphs": cuda_graphs,
        "address": address,
        "serial": serial,
        "command": options.command(),
    }
    make(Wanted(out or Path("runs") / target, shared), console)


def _refuse_all_but_out(context: typer.Context) -> None:
    """The solvable model has neither data nor protocol: an option for them would be ignored."""
    others = [p for p in context.command.params if p.name not in ("target", "out")]
    sources = {p.opts[0]: context.get_parameter_source(p.name or "") for p in others}
    given = [option for option, source in sources.items() if source is not None and source.name == "COMMANDLINE"]
    if given:
        raise BadInput(f"fig1 is of the solvable model, and takes --out alone: leave out {', '.join(given)}")
