"""``sweep``: one algorithm over values of its hyperparameters, for its sensitivity figure and table."""

from __future__ import annotations

from typing import Annotated

import typer

from harness import api
from harness.cli import app, complete, options
from harness.cli.run import finish
from harness.config import defaults

Algo = Annotated[
    str, typer.Option(help="the algorithm", autocompletion=complete.algorithms, rich_help_panel=options.WHAT)
]
Samples = Annotated[
    int, typer.Option(min=1, max=options.MOST_SEEDS, help="draws of the samplers", rich_help_panel=options.WHAT)
]


@app.command()
def sweep(
    context: typer.Context,
    algo: Algo,
    vary: options.Vary,
    samples: Samples = 1,
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
    """Vary hyperparameters, every point over every seed, and write the sensitivity report.

    Lists are crossed with each other, and repeated for every draw of the samplers (as Ray Tune's num_samples).

    Example: python -m harness sweep --algo rarts --vary rarts.lam=0.1,1,10
    """
    made = api.plan_sweep(
        algo,
        vary,
        samples,
        space,
        options.seeds(seeds),
        protocol,
        **options.asked(context),
    )
    finish(made, open_)
