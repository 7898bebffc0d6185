"""``sweep``: one algorithm over values of its hyperparameters, for its sensitivity figure and table."""

from __future__ import annotations

from typing import Annotated

import typer

from harness.cli import app, options
from harness.cli.run import command, finish
from harness.experiment import Request
from harness.variation import points

Vary = Annotated[
    list[str],
    typer.Option(
        help="repeatable: rarts.lam=0.1,1,10, or a sampler of Ray Tune's: arch_lr=loguniform(1e-4,1e-2)",
        rich_help_panel=options.WHAT,
    ),
]


@app.command()
def sweep(
    algo: Annotated[str, typer.Option(help="the algorithm", rich_help_panel=options.WHAT)],
    vary: Vary,
    samples: Annotated[int, typer.Option(min=1, help="draws of the samplers", rich_help_panel=options.WHAT)] = 1,
    space: options.Space = "nats",
    protocol: options.Protocol = "quick",
    seeds: options.Seeds = "0,1,2",
    dataset: options.Dataset = None,
    eval_dataset: options.EvalDataset = None,
    set_: options.Set = None,
    split: options.Split = None,
    budget: options.Budget = None,
    evaluate: options.Evaluate = "auto",
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
    """Vary hyperparameters, every point over every seed, and write the sensitivity report.

    Lists are crossed with each other, and repeated for every draw of the samplers (as Ray Tune's num_samples).
    """
    request = Request(
        algorithms=options.names(algo),
        space=space,
        seeds=options.seeds(seeds),
        protocol=protocol,
        dataset=dataset,
        eval_datasets=options.names(eval_dataset) or None,
        overrides=set_ or [],
        points=points(vary, samples),
        split=split,
        budget=budget,
        evaluate=options.evaluate(evaluate),
        out=out or options.sweep_folder(algo, space, protocol),
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
