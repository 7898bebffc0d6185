"""``score``, ``describe``, ``show``: questions that need no search."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from harness.cli import app, complete, console, options
from harness.config import defaults, plugins
from harness.config.names import protocol_names, protocol_spaces
from harness.data import DATASETS
from results.errors import BadInput
from results.lookup import lookup
from spaces import SPACES

if TYPE_CHECKING:
    from spaces.base import Space
    from spaces.contracts import Described, Tabular

PICTURES = (".svg", ".png", ".pdf")
"""Endings of what ``show`` draws."""

Genotype = Annotated[str, typer.Option(help="an architecture in the space's notation")]


@app.command()
def score(
    genotype: Genotype,
    space: options.Space = defaults.SPACE,
    dataset: Annotated[str | None, typer.Option(help="the table's data set; default: its first")] = None,
    table: options.Table = None,
    plugin: options.Plugin = None,
    json_: options.Json = False,
) -> None:
    """A genotype's entry in the space's table: accuracy, error, rank, percentile, regret, counts, skip ratios."""
    plugins.load(plugin or [])
    SPACES.known(space)
    from harness.training.evaluate import table_columns, table_error

    cls, opened = with_table(space, table)
    dataset = dataset or cls.table_datasets[0]
    lookup("data set of the table", dataset, dict.fromkeys(cls.table_datasets))
    searched = cls(table=opened)
    columns = table_columns(searched, genotype, dataset)
    _answer(
        {"eval_dataset": dataset, "test_accuracy": 100 - table_error(searched, genotype, dataset)} | columns,
        searched,
        genotype,
        json_,
    )


def with_table(space: str, where: Path | None) -> tuple[type[Tabular], Described]:
    """The class of a space that has a table, and the table itself. Raises BadInput where either is not there."""
    from spaces.contracts import Tabular, provides

    cls = SPACES[space]
    if not provides(cls, Tabular):
        have = [name for name, other in SPACES.items() if provides(other, Tabular)]
        raise BadInput(f"the space {space} has no table to look it up in; these have: {', '.join(have)}")
    opened = cls.open_table(where)
    if opened is None:
        raise BadInput(f"there is no table: {cls.how_to_get_table()}, or give it with --table")
    return cls, opened


@app.command()
def describe(
    space: options.Space = defaults.SPACE,
    genotype: Annotated[str | None, typer.Option(help="an architecture; without it, the supernet")] = None,
    dataset: Annotated[
        str | None,
        typer.Option(help="its geometry; default: the paper protocol's", autocompletion=complete.datasets),
    ] = None,
    set_: options.Set = None,
    plugin: options.Plugin = None,
    json_: options.Json = False,
) -> None:
    """Parameters, multiply-adds and skip ratios of a genotype, or of the supernet; needs no data."""
    plugins.load(plugin or [])
    SPACES.known(space)
    if dataset is not None:
        DATASETS.known(dataset)
    from harness.config.protocol import Protocol, validated

    protocol = Protocol.load(sized_by(space), space).set(set_ or [])
    import torch

    from spaces.contracts import WidthSpace, offers
    from spaces.counting import multiply_adds, parameters

    cls, dataset = SPACES[space], dataset or str(protocol.raw["settings"]["dataset"])
    known = DATASETS[dataset]()
    made = cls(validated("space", cls.Options, {**protocol.raw["options"], **known.options()}))
    image = (known.channels, known.image_size, known.image_size)
    network = made.supernet() if genotype is None else made.build(genotype)
    extra = [made.relax(made.alphas(torch.Generator()))] if genotype is None else []
    columns: dict[str, object] = {"params": parameters(network), "flops": multiply_adds(network, image, *extra)}
    if offers(made, WidthSpace):
        columns["gates"] = sum(a.numel() for a in made.alphas(torch.Generator()).values())
    _answer({"space": space, "dataset": dataset} | columns, made, genotype, json_)


@app.command()
def show(
    out: Annotated[Path, typer.Argument(parser=options.path, metavar="PATH", help="the picture: .svg, .png or .pdf")],
    genotype: Genotype,
    space: options.Space = defaults.SPACE,
    plugin: options.Plugin = None,
) -> None:
    """Draw a genotype's cell."""
    plugins.load(plugin or [])
    SPACES.known(space)
    if out.suffix.lower() not in PICTURES:
        raise BadInput(f"{out} is no picture: give a path that ends in {', '.join(PICTURES[:-1])} or {PICTURES[-1]}")
    from reports.cells import draw_cell

    edges = [edge.as_dict() for edge in SPACES[space]().edges(genotype)]
    if not edges:
        raise BadInput(f"the space {space} has no cells to draw: its genotypes are widths")
    try:
        console.print(f"drawn: {draw_cell(edges, out)}", markup=False, highlight=False)
    except OSError as error:
        raise BadInput(f"cannot write {out} ({error.strerror}): give a path you can write") from None


def sized_by(space: str) -> str:
    """The protocol whose sizes are taken where none is named: the paper's, or the first that has the space."""
    return next((name for name in ("paper", *protocol_names()) if space in protocol_spaces(name)), "paper")


def _answer(columns: dict[str, object], space: Space, genotype: str | None, as_json: bool) -> None:
    if genotype is not None:
        from results.schema import skip_ratios
        from spaces.contracts import CellSpace, offers

        columns |= {"genotype": genotype, **space.columns(genotype)}
        if offers(space, CellSpace):
            skip, skip_all, none = skip_ratios([edge.as_dict() for edge in space.edges(genotype)])
            columns |= {"skip_ratio": skip, "skip_ratio_all_edges": skip_all, "none_edges": none}
    if as_json:
        print_json(columns)
        return
    from results.metrics import METRICS

    units = {metric.name: metric.unit for metric in METRICS} | {"test_accuracy": "%"}
    table = Table("column", "value", "unit")
    for name, value in columns.items():
        shown = f"{value:,.6g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else f"{value}"
        table.add_row(name, shown, units.get(name, ""))
    console.print(table)


def print_json(value: object) -> None:
    """One JSON value, indented; null where a number is missing."""
    from results.store import plain

    typer.echo(json.dumps(plain(value), indent=1, ensure_ascii=False, allow_nan=False))
