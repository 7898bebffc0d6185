"""``score``, ``describe``, ``show``: questions that need no search."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from rich.table import Table

from harness.cli import app, console, options
from harness.config.protocol import Protocol, validated
from harness.data import DATASETS
from harness.training.evaluate import table_columns
from reports.cells import draw_cell
from results.errors import BadInput
from results.lookup import lookup
from results.schema import skip_ratios
from spaces import SPACES
from spaces.base import Space
from spaces.contracts import CellSpace, Tabular, WidthSpace, offers, provides
from spaces.counting import multiply_adds, parameters

Genotype = Annotated[str, typer.Option(help="an architecture in the space's notation")]


@app.command()
def score(
    genotype: Genotype,
    space: options.Space = "nats",
    dataset: Annotated[str, typer.Option(help="the table's data set")] = "cifar10",
    nats: options.Nats = None,
    json_: options.Json = False,
) -> None:
    """A genotype's entry in the space's table: accuracy, error, rank, percentile, regret, counts, skip ratios."""
    cls = lookup("space", space, SPACES)
    if not provides(cls, Tabular):
        have = [name for name, other in SPACES.items() if provides(other, Tabular)]
        raise BadInput(f"the space {space} has no table to look it up in; these have: {', '.join(have)}")
    table = cls.open_table(nats)
    if table is None:
        raise BadInput(f"there is no table: {cls.how_to_get_table()}, or give it with --nats")
    lookup("data set of the table", dataset, dict.fromkeys(cls.table_datasets))
    searched = cls(table=table)
    columns = table_columns(searched, genotype, dataset)
    _answer(
        {"eval_dataset": dataset, "test_accuracy": 100 - columns["test_error"]} | columns, searched, genotype, json_
    )


@app.command()
def describe(
    space: options.Space = "nats",
    genotype: Annotated[str | None, typer.Option(help="an architecture; without it, the supernet")] = None,
    dataset: Annotated[str, typer.Option(help="its geometry: digits, cifar10, cifar100, ImageNet16-120")] = "cifar10",
    set_: options.Set = None,
    json_: options.Json = False,
) -> None:
    """Parameters, multiply-adds and skip ratios of a genotype, or of the supernet; needs no data."""
    cls = lookup("space", space, SPACES)
    protocol = Protocol.load("paper", space).set(set_ or [])
    known = DATASETS.named(dataset)()
    made = cls(validated("space", cls.Options, {**protocol.raw["options"], **known.options()}))
    image = (known.channels, known.image_size, known.image_size)
    network = made.supernet() if genotype is None else made.build(genotype)
    extra = [made.relax(made.alphas(torch.Generator()))] if genotype is None else []
    columns = {"params": parameters(network), "flops": multiply_adds(network, image, *extra)}
    if offers(made, WidthSpace):
        columns["gates"] = sum(a.numel() for a in made.alphas(torch.Generator()).values())
    _answer({"space": space, "dataset": dataset} | columns, made, genotype, json_)


@app.command()
def show(
    out: Annotated[Path, typer.Argument(help="the picture: .svg or .png")],
    genotype: Genotype,
    space: options.Space = "nats",
) -> None:
    """Draw a genotype's cell."""
    edges = [edge.as_dict() for edge in lookup("space", space, SPACES)().edges(genotype)]
    try:
        console.print(f"drawn: {draw_cell(edges, out)}", markup=False, highlight=False)
    except OSError as error:
        raise BadInput(f"cannot write {out} ({error.strerror}): give a path you can write") from None


def _answer(columns: dict[str, Any], space: Space, genotype: str | None, as_json: bool) -> None:
    if genotype is not None:
        columns |= {"genotype": genotype, **space.columns(genotype)}
        if offers(space, CellSpace):
            skip, skip_all, none = skip_ratios([edge.as_dict() for edge in space.edges(genotype)])
            columns |= {"skip_ratio": skip, "skip_ratio_all_edges": skip_all, "none_edges": none}
    if as_json:
        print_json(columns)
        return
    table = Table("column", "value")
    for name, value in columns.items():
        table.add_row(name, f"{value:,.6g}" if isinstance(value, float) else f"{value}")
    console.print(table)


def print_json(value: Any) -> None:
    """One JSON value, indented."""
    typer.echo(json.dumps(value, indent=1, ensure_ascii=False))
