"""``evaluate``: train found or published architectures from scratch, several seeds each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.cli import app, options
from harness.cli.run import finish
from harness.cli.shared import Training, with_options
from harness.planning.retrainings import plan_retrainings

RunFolder = Annotated[Path | None, typer.Argument(help="a finished run, whose found architectures are trained")]
Genotypes = Annotated[
    list[str] | None,
    typer.Option("--genotype", help="repeatable: an architecture, or its published name", rich_help_panel=options.WHAT),
]
Algos = Annotated[
    str | None, typer.Option(help="of the run, only what these found; default: all", rich_help_panel=options.WHAT)
]


@app.command()
@with_options(Training, space="", protocol="")
def evaluate(asked: Training, run: RunFolder = None, genotype: Genotypes = None, algos: Algos = None) -> None:
    """Train architectures from scratch, each with every one of --seeds, and write the report.

    With RUN, the retrainings become records of that run, their `parent` naming the search, under the run's protocol or
    another one's training (--protocol imagenet: the transfer). Without it, --genotype of --space, by default darts, is
    trained under --protocol, by default quick. --set changes fields of the training: epochs=100, channels=36. Test
    accuracy is read at the end.

    Example: harness evaluate --space darts --genotype darts_v2 --protocol mini --seeds 0,1,2
    """
    finish(plan_retrainings(asked.request(options.some_names("--algos", algos)), run, genotype or []))
