"""``sweep``: one algorithm over values of its hyperparameters, for its sensitivity figure and table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.cli import app, options
from harness.cli.run import finish
from harness.cli.shared import Comparing, with_options
from harness.config.request import asked_protocol
from harness.config.variation import check_free, points
from harness.planning.plan import plan

Vary = Annotated[
    list[str],
    typer.Option(
        help="repeatable: rarts.lam=0.1,1,10, or a sampler of Ray Tune's: arch_lr=loguniform(1e-4,1e-2)",
        rich_help_panel=options.WHAT,
    ),
]


@app.command()
@with_options(Comparing)
def sweep(
    asked: Comparing,
    algo: Annotated[str, typer.Option(help="the algorithm", rich_help_panel=options.WHAT)],
    vary: Vary,
    samples: Annotated[
        int, typer.Option(min=1, max=options.MOST_SEEDS, help="draws of the samplers", rich_help_panel=options.WHAT)
    ] = 1,
) -> None:
    """Vary hyperparameters, every point over every seed, and write the sensitivity report.

    Lists are crossed with each other, and repeated for every draw of the samplers (as Ray Tune's num_samples).
    """
    out = asked.out or Path("runs") / f"sweep-{algo}-{asked.space}-{asked.protocol}"
    request = asked.request(options.names(algo), points=points(vary, samples), out=out)
    check_free(request.points, asked_protocol(request))
    finish(plan(request))
