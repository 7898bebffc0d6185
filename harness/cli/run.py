"""``run``: compare algorithms on one space; and the way from a request to its report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

import results
from harness.cli import app, console, options
from harness.cli.shared import Comparing, with_options
from harness.execution.run import run as run_plan
from harness.planning.plan import Plan, plan
from reports import page
from results.lookup import lookup
from spaces import SPACES
from spaces.contracts import WidthSpace, provides

CONTROL = "random"
"""The search that every other must beat; in each run of architectures unless --no-random."""

Algos = Annotated[
    str, typer.Option(help="algorithms, comma separated; `list` names them", rich_help_panel=options.WHAT)
]
Control = Annotated[
    bool,
    typer.Option("--random/--no-random", help="add the random-search row", rich_help_panel=options.WHAT),
]


@app.command()
@with_options(Comparing)
def run(asked: Comparing, algos: Algos = "rarts,darts2", random: Control = True) -> None:
    """Search, judge what was found, and write a report. The same command again finishes what is missing.

    Example: harness run --algos rarts,darts2 --space nats
    """
    algorithms = options.names(algos)
    # Where networks are pruned, none is drawn and trained: the control there is random_pruning, and not free.
    wanted = random and not provides(lookup("space", asked.space, SPACES), WidthSpace)
    control = [CONTROL] if wanted and CONTROL not in algorithms else []
    finish(plan(asked.request(algorithms + control)))


def finish(made: Plan) -> None:
    """Run a plan to its report; an interrupt leaves it resumable and says how. Exits 1 if a trial failed."""
    try:
        records = run_plan(made, console)
    except KeyboardInterrupt:
        console.print("\ninterrupted; the same command goes on from the last checkpoints:")
        console.print(f"  {made.comparison.command}", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(130) from None
    report(made.folder, records)


def report(folder: Path, records: pd.DataFrame) -> None:
    """Write the run's report and say where it is."""
    index = page.write([results.load(folder)], folder / "report")
    console.print(f"report: {index}", markup=False, highlight=False, soft_wrap=True)
    bad = records[records["status"] != "done"]
    for row in bad.drop_duplicates("trial").itertuples():
        console.print(
            f"{row.algorithm} seed {row.seed} {row.status}: {row.error}", style="red", markup=False, soft_wrap=True
        )
    if (bad["status"] == "failed").any():
        raise typer.Exit(1)
