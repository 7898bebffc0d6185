"""``export``: a trained network as a program that torch runs without this package."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.cli import app, console, options
from results.errors import BadInput


@app.command()
def export(
    network: Annotated[Path, typer.Argument(help="a network.pt that `evaluate` left in its trial's folder")],
    out: Annotated[Path | None, typer.Option(help="default: beside it, as .pt2", rich_help_panel=options.WHERE)] = None,
) -> None:
    """Export a trained network through torch.export, for batches of any size.

    torch.export.load(FILE).module()(images) gives its logits; images are normalised as in training.
    """
    import torch

    from harness.training.stand_alone import load_network

    module, shape, genotype = load_network(network)
    path = out or network.with_suffix(".pt2")
    batch = torch.export.Dim("batch", min=1)
    program = torch.export.export(module, (torch.zeros(2, *shape),), dynamic_shapes=({0: batch},))
    try:
        torch.export.save(program, path, extra_files={"genotype.txt": genotype})
    except (OSError, RuntimeError) as error:
        raise BadInput(f"cannot write {path} ({str(error).splitlines()[0]}): give --out a file you can write") from None
    console.print(f"exported: {path}", markup=False, highlight=False, soft_wrap=True)
