"""``list``: what there is, and for each algorithm its source, spaces, cost and departures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.table import Table

from algorithms import ALGORITHMS, PARTS
from algorithms.base import Algorithm
from algorithms.hyper import Hyper
from harness.cli import app, console, options
from harness.cli.inspect import print_json
from harness.config.protocol import Protocol, protocol_names, protocol_spaces
from harness.data import DATASETS
from harness.planning.plan import check
from results.errors import BadInput
from results.lookup import lookup
from spaces import SPACES
from spaces.contracts import WidthSpace, provides

What = Annotated[str, typer.Argument(help="algos, spaces, datasets, protocols or keys; default: all, in short")]


@app.command("list")
def list_(what: What = "", space: options.Space = "nats", json_: options.Json = False) -> None:
    """Algorithms, spaces, data sets, protocols, and the keys that --set knows.

    `list algos` says of each its paper and equation, the spaces it takes, the passes of a step, and what differs from
    the original; `list keys --space darts` every key and its default.
    """
    if what:
        table = lookup("list of", what, TABLES)
        print_json(_everything()[what]) if json_ else console.print(table(space))
    elif json_:
        print_json(_everything())
    else:
        _overview()


def _everything() -> dict[str, Any]:
    """All of it, as plain types."""
    return {
        "algos": {name: _said(cls) for name, cls in ALGORITHMS.items()},
        "spaces": {name: _first_line(cls.__doc__) for name, cls in SPACES.items()},
        "datasets": list(DATASETS),
        "protocols": {name: protocol_spaces(name) for name in protocol_names()},
        "keys": {name: list(Protocol.load("quick", name).keys()) for name in protocol_spaces("quick")},
    }


def _said(cls: type[Algorithm]) -> dict[str, Any]:
    cost = {"cost": str(cls.cost), "units": cls.cost.units} if cls.cost else {"cost": None, "units": None}
    plain = {"title": cls.title, "source": cls.source, "departures": cls.departures}
    return plain | {"spaces": _taken_by(cls)} | cost


def _taken_by(cls: type[Algorithm]) -> list[str]:
    """The spaces that the algorithm takes, under the quick protocol."""
    taken = []
    for name in protocol_spaces("quick"):
        protocol = Protocol.load("quick", name)
        if protocol.places("prc"):
            protocol = protocol.override("prc", 0.4)
        evaluation = "pruned" if provides(SPACES[name], WidthSpace) else "trained"
        try:
            check(protocol.trial(cls.name, 0, {"classes": 10, "in_channels": 1}, evaluation))
        except BadInput:
            continue
        taken.append(name)
    return taken


def _overview() -> None:
    wraps = ", ".join(f"NAME+{part} ({len(ALGORITHMS.wrapped_by(part))} of them)" for part in PARTS)
    lines = {
        "algorithms": ", ".join(ALGORITHMS.single) + f"; {wraps}",
        "spaces": ", ".join(SPACES),
        "datasets": ", ".join(DATASETS),
        "protocols": ", ".join(protocol_names()),
    }
    table = Table.grid(padding=(0, 2))
    for heading, text in lines.items():
        table.add_row(f"[b]{heading}[/b]", text)
    table.add_row("[b]more[/b]", f"list {'|'.join(TABLES)}, for instance: python -m harness list algos")
    console.print(table)


def _algorithms(space: str) -> Table:
    shares = {"title": 2, "paper": 3, "spaces": 2, "a step costs": 2, "differs from the original": 6}
    table = Table("algorithm", show_lines=True, expand=True)
    for heading, share in shares.items():
        table.add_column(heading, ratio=share, overflow="fold")
    for cls in (ALGORITHMS[name] for name in ALGORITHMS.single):
        cost = f"{cls.cost} = {cls.cost.units}" if cls.cost else "no supernet"
        source, spaces = cls.source, ", ".join(_taken_by(cls))
        table.add_row(cls.name, cls.title, source, spaces, cost, cls.departures)
    for suffix, selection in PARTS.items():
        inner = ALGORITHMS.wrapped_by(suffix)
        names = ", ".join(inner)
        cost = "its search's; counted besides: the selection's own"
        spaces = ", ".join(_taken_by(ALGORITHMS[f"{inner[0]}+{suffix}"]))
        table.add_row(
            f"NAME+{suffix}", f"{selection.title}; NAME: {names}", selection.source, spaces, cost, selection.departures
        )
    table.caption = "F: a forward pass, 1 unit; B: a backward pass to the weights, 2; Bα: one to α alone, 1"
    return table


def _spaces(space: str) -> Table:
    return _two("space", {name: _first_line(cls.__doc__) for name, cls in SPACES.items()})


def _datasets(space: str) -> Table:
    return _two("data set", {name: _first_line(source.__doc__) for name, source in DATASETS.items()})


def _protocols(space: str) -> Table:
    table = Table("protocol", "space", "stands for", show_lines=True)
    for name in protocol_names():
        for place in protocol_spaces(name):
            table.add_row(name, place, Protocol.load(name, place).stands_for)
    return table


def _keys(space: str) -> Table:
    """The protocol's keys first, then what each algorithm has of its own."""
    protocol = Protocol.load("quick", space)
    table = Table("key", "value at quick", "meaning", title=f"--set KEY=VALUE on the space {space}")
    dotted = {f"{name}.{field}" for name, cls in ALGORITHMS.items() for field in cls.Hyper.model_fields}
    own = {key for cls in ALGORITHMS.values() for key in cls.Hyper.model_fields if key not in Hyper.model_fields}
    for key, field in protocol.keys().items():
        if key not in dotted | own and not key.startswith("space."):
            written = protocol.value(key)
            table.add_row(key, f"{field.default if written is None else written}", field.description)
    for cls in (ALGORITHMS[name] for name in ALGORITHMS.single):
        for key, field in cls.Hyper.model_fields.items():
            if key not in Hyper.model_fields:
                table.add_row(f"{cls.name}.{key}", f"{field.default}", field.description)
    table.caption = "a bare key is laid over every algorithm that has it; NAME.KEY over one (rarts.lr=0.1)"
    return table


TABLES = {"algos": _algorithms, "spaces": _spaces, "datasets": _datasets, "protocols": _protocols, "keys": _keys}
"""What ``list`` can show in full."""


def _two(heading: str, described: Mapping[str, str]) -> Table:
    table = Table(heading, "what it is")
    for name, text in described.items():
        table.add_row(name, text)
    return table


def _first_line(doc: str | None) -> str:
    return (doc or "").strip().splitlines()[0]
