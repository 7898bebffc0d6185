"""``run``: compare algorithms on one space; and the way from a plan to its report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from algorithms import ALGORITHMS
from harness import api
from harness.cli import app, console, options
from harness.cli.report import print_ranking, write_page
from harness.config import defaults, plugins
from harness.config.names import check_names, is_pruned

if TYPE_CHECKING:
    import pandas as pd

    from harness.planning.plan import Plan

Control = Annotated[
    bool,
    typer.Option("--random/--no-random", help="add the random-search row", rich_help_panel=options.WHAT),
]


@app.command()
def run(
    context: typer.Context,
    algos: options.Algos = defaults.ALGOS,
    random: Control = True,
    space: options.Space = defaults.SPACE,
    protocol: options.Protocol = defaults.PROTOCOL,
    seeds: options.Seeds = "0,1,2",
    dataset: options.Dataset = None,
    eval_dataset: options.EvalDataset = None,
    set_: options.Set = None,
    prc: options.Prc = None,
    split: options.Split = None,
    budget: options.Budget = None,
    latency: options.Latency = None,
    hardware: options.Hardware = None,
    any_latency: options.AnyLatency = False,
    evaluate: options.Evaluate = "auto",
    plugin: options.Plugin = None,
    out: options.Out = None,
    data_dir: options.DataDir = None,
    download: options.Download = False,
    table: options.Table = None,
    device: options.Device = "auto",
    cpus_per_trial: options.Cpus = 1,
    gpus_per_trial: options.Gpus = None,
    cuda_graphs: options.Graphs = False,
    keep_supernet: options.KeepSupernet = False,
    address: options.Address = None,
    serial: options.Serial = False,
    log: options.Log = None,
    open_: options.Open = False,
) -> None:
    """Search, judge what was found, and write a report. The same command again finishes what is missing.

    Example: python -m harness run --algos rarts,darts2 --space nats
    """
    plugins.load(plugin or [])
    named = options.names(algos)
    check_names(named, space, protocol)  # a misspelt one is told before the spaces' files are read for the controls
    made = api.plan(
        named + (controls(named, space) if random else []),
        space,
        options.seeds(seeds),
        protocol,
        **options.asked(context),
    )
    finish(made, open_)


def controls(named: list[str], space: str) -> list[str]:
    """The searches that every other must beat, where they are not named: in each comparison of architectures.

    Where networks are pruned, none is drawn and trained: the control there has to be named, for it is not free.
    """
    if is_pruned(space):
        return []
    return [name for name in ALGORITHMS.single if ALGORITHMS.facts(name)["role"] == "control" and name not in named]


def finish(made: Plan, open_: bool = False) -> None:
    """Run a plan to its report; an interrupt leaves it resumable and says how. Exits 1 if a trial failed."""
    from harness.execution.run import run as run_plan

    try:
        records = run_plan(made, console)
    except KeyboardInterrupt:
        console.print("\ninterrupted; the same command goes on from the last checkpoints:")
        console.print(f"  {made.comparison.command}", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(130) from None
    report(made.folder, records, open_)


def report(folder: Path, records: pd.DataFrame, open_: bool = False) -> None:
    """Show the ranked results, write the run's report and say where it is."""
    import results

    loaded = [results.load(folder)]
    print_ranking(loaded)
    write_page(loaded, folder / "report", open_=open_)
    bad = records[records["status"] != "done"]
    for row in bad.drop_duplicates("trial").itertuples():
        console.print(
            f"{row.algorithm} seed {row.seed} {row.status}: {row.error}", style="red", markup=False, soft_wrap=True
        )
    if (bad["status"] == "failed").any():
        raise typer.Exit(1)
