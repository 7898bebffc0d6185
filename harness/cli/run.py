"""``run``: compare algorithms on one space; and what every command that starts trials shares."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

import results
from harness.cli import app, console, options
from harness.experiment import Request, plan
from harness.experiment import run as run_request
from reports import page

CONTROL = "random"
"""The search that every other must beat; in each run unless --no-random."""

Algos = Annotated[
    str, typer.Option(help="algorithms, comma separated; `list` names them", rich_help_panel=options.WHAT)
]
Control = Annotated[
    bool,
    typer.Option("--random/--no-random", help="add the random-search row", rich_help_panel=options.WHAT),
]


@app.command()
def run(
    algos: Algos = "rarts,darts2",
    space: options.Space = "nats",
    protocol: options.Protocol = "quick",
    seeds: options.Seeds = "0,1,2",
    dataset: options.Dataset = None,
    eval_dataset: options.EvalDataset = None,
    set_: options.Set = None,
    split: options.Split = None,
    budget: options.Budget = None,
    evaluate: options.Evaluate = "auto",
    random: Control = True,
    out: options.Out = None,
    data_dir: options.DataDir = None,
    download: options.Download = False,
    nats: options.Nats = None,
    device: options.Device = "auto",
    cpus_per_trial: options.Cpus = 1,
    gpus_per_trial: options.Gpus = None,
    address: options.Address = None,
    serial: options.Serial = False,
    log: options.Log = None,
) -> None:
    """Search, judge what was found, and write a report. The same command again finishes what is missing.

    Example: harness run --algos rarts,darts2 --space nats
    """
    algorithms = options.names(algos)
    request = Request(
        algorithms=algorithms + ([CONTROL] if random and CONTROL not in algorithms else []),
        space=space,
        seeds=options.seeds(seeds),
        protocol=protocol,
        dataset=dataset,
        eval_datasets=options.names(eval_dataset) or None,
        overrides=set_ or [],
        split=split,
        budget=budget,
        evaluate=options.evaluate(evaluate),
        out=out,
        data_dir=data_dir,
        download=download,
        table=nats,
        device=device,
        cpus_per_trial=cpus_per_trial,
        gpus_per_trial=gpus_per_trial,
        address=address,
        serial=serial,
        log=options.names(log),
        command=command(),
    )
    finish(request)


def command() -> list[str]:
    """The command as the user typed it."""
    return ["python", "-m", "harness", *sys.argv[1:]]


def finish(request: Request) -> None:
    """Run a request to its report; an interrupt leaves it resumable and says how. Exits 1 if a trial failed."""
    folder = plan(request).folder
    try:
        records = run_request(request, console)
    except KeyboardInterrupt:
        console.print("\ninterrupted; the same command goes on from the last checkpoints:")
        console.print(f"  {' '.join(request.command)}", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(130) from None
    report(folder, records)


def report(folder: Path, records: pd.DataFrame) -> None:
    """Write the run's report and say where it is."""
    index = page.write([results.load(folder)], folder / "report")
    console.print(f"report: {index}", markup=False, highlight=False, soft_wrap=True)
    bad = records[records["status"] != "done"]
    for row in bad.drop_duplicates("trial").itertuples():
        console.print(f"{row.algorithm} seed {row.seed} {row.status}: {row.error}", style="red", markup=False)
    if (bad["status"] == "failed").any():
        raise typer.Exit(1)
