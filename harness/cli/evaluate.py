"""``evaluate``: train found or published architectures from scratch, several seeds each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness import api
from harness.cli import app, complete, options
from harness.cli.run import finish
from harness.config import plugins

RunFolder = Annotated[Path | None, typer.Argument(help="a finished run, whose found architectures are trained")]
Genotypes = Annotated[
    list[str] | None,
    typer.Option("--genotype", help="repeatable: an architecture, or its published name", rich_help_panel=options.WHAT),
]
FoundBy = Annotated[
    str | None,
    typer.Option(
        help="of the run, only what these found; default: all",
        autocompletion=complete.algorithms,
        rich_help_panel=options.WHAT,
    ),
]


@app.command()
def evaluate(
    context: typer.Context,
    run: RunFolder = None,
    genotype: Genotypes = None,
    algos: FoundBy = None,
    space: options.Space = "",
    protocol: options.Protocol = "",
    seeds: options.Seeds = "0,1,2",
    dataset: options.Dataset = None,
    eval_dataset: options.EvalDataset = None,
    set_: options.Set = None,
    plugin: options.Plugin = None,
    out: options.Out = None,
    data_dir: options.DataDir = None,
    download: options.Download = False,
    device: options.Device = "auto",
    cpus_per_trial: options.Cpus = 1,
    gpus_per_trial: options.Gpus = None,
    address: options.Address = None,
    serial: options.Serial = False,
) -> None:
    """Train architectures from scratch, each with every one of --seeds, and write the report.

    With RUN, the retrainings become records of that run, their `parent` naming the search, under the run's protocol or
    another one's training (--protocol imagenet: the transfer). Without it, --genotype of --space, by default darts, is
    trained under --protocol, by default quick. --set changes fields of the training: epochs=100, channels=36. Test
    accuracy is read at the end.

    Example: python -m harness evaluate --space darts --genotype darts_v2 --protocol quick --seeds 0,1,2
    """
    plugins.load(plugin or [])
    request = api.request_of(
        options.some_names("--algos", algos),
        space,
        options.seeds(seeds),
        protocol,
        **options.asked(context),
    )
    from harness.planning.retrainings import plan_retrainings

    finish(plan_retrainings(request, run, genotype or []))
