"""``list``: what there is, and for each algorithm its source, spaces, cost and departures; read without torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, TypedDict

import typer
from rich.table import Table
from rich.text import Text

from algorithms import ALGORITHMS, PARTS
from algorithms.composing import MARK
from harness.cli import app, console, options
from harness.cli.inspect import print_json
from harness.config import defaults, plugins
from harness.config.names import is_pruned, protocol_file, protocol_names, protocol_spaces
from harness.config.plain import stands_for
from harness.data import DATASETS
from results.errors import BadInput
from results.lookup import lookup
from results.registry import Facts
from spaces import SPACES

DEVICES = "devices"
"""What is listed of a file."""

What = Annotated[
    str,
    typer.Argument(
        help="algos, spaces, datasets, protocols, keys, or devices of FILE; default: all, in short",
        autocompletion=lambda incomplete: [name for name in TABLES if name.startswith(incomplete)],
    ),
]


@app.command("list")
def list_(
    what: What = "",
    file: Annotated[
        Path | None, typer.Argument(parser=options.path, metavar="[FILE]", help="of devices: their measured latencies")
    ] = None,
    space: options.Space = defaults.SPACE,
    plugin: options.Plugin = None,
    json_: options.Json = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="the protocols in full, for the documentation")] = False,
) -> None:
    """Algorithms, spaces, data sets, protocols, and the keys that --set knows.

    `list algos` says of each its paper and equation, the spaces it takes, the passes of a step, and what differs from
    the original; `list keys --space darts` every key and its default.
    """
    plugins.load(plugin or [])
    if (what == DEVICES) != (file is not None):
        raise BadInput("`list devices FILE` takes a file of measured latencies, and nothing else does: give both")
    if file is not None:
        found = _devices(space, file)
        print_json(found) if json_ else console.print(_two("device", found))
    elif markdown:
        if what != "protocols":
            raise BadInput("--markdown is for `list protocols`: leave it out")
        from harness.config.reference import protocols_page

        typer.echo(protocols_page())
    elif what:
        table = lookup("list of", what, TABLES)
        print_json(PLAIN[what]()) if json_ else console.print(table(space))
    elif json_:
        print_json({name: plain() for name, plain in PLAIN.items()})
    else:
        _overview()


def _devices(space: str, file: Path) -> dict[str, str]:
    """The devices of a file of measured latencies, and how well sums of operations' latencies fit each."""
    SPACES.known(space)
    from spaces.contracts import Measured, provides

    cls = SPACES[space]
    if not provides(cls, Measured):
        raise BadInput(f"nobody measured the space {space} on devices; name another with --space")
    return cls.devices(file)


def _plain_keys() -> dict[str, list[str]]:
    from harness.config.protocol import Protocol

    return {name: list(Protocol.load("quick", name).keys()) for name in protocol_spaces("quick")}


PLAIN: dict[str, Callable[[], object]] = {
    "algos": lambda: {name: _in_short(ALGORITHMS.facts(name)) for name in ALGORITHMS},
    "spaces": lambda: {name: SPACES.facts(name)["doc"] for name in SPACES},
    "datasets": lambda: list(DATASETS),
    "protocols": lambda: {name: protocol_spaces(name) for name in protocol_names()},
    "keys": _plain_keys,
}
"""The same as plain types, for ``--json``."""


class Short(TypedDict):
    """What ``list algos`` says of one."""

    title: str
    source: str
    departures: str
    spaces: list[str]
    cost: str | None
    units: int | None


def _in_short(facts: Facts) -> Short:
    words, units = _cost(facts)
    return Short(
        title=str(facts["title"]),
        source=str(facts["source"]),
        departures=str(facts["departures"]),
        spaces=_taken_by(facts),
        cost=words,
        units=units,
    )


def _cost(facts: Facts) -> tuple[str | None, int | None]:
    """The passes of a step in words, and their units."""
    from algorithms.counts import Cost

    if not isinstance(passes := facts["cost"], tuple):
        return None, None
    cost = Cost(*passes)
    return str(cost), cost.units


def _taken_by(facts: Facts) -> list[str]:
    """The spaces of the quick protocol that keep every contract which the algorithm requires.

    Where networks are pruned, that is of a search which trains one.
    """
    required, trains = _names(facts["requires"]), "Search" in _names(facts["bases"])
    fitting = (name for name in protocol_spaces("quick") if required <= _names(SPACES.facts(name)["bases"]))
    return [name for name in fitting if trains or not is_pruned(name)]


def _names(classes: object) -> set[str]:
    """A fact that is a tuple of classes' names."""
    return set(map(str, classes)) if isinstance(classes, tuple) else set()


def _overview() -> None:
    wraps = ", ".join(f"NAME{MARK}{part} ({len(ALGORITHMS.wrapped_by(part))} of them)" for part in PARTS)
    lines = {
        "algorithms": ", ".join(ALGORITHMS.single) + f"; {wraps}",
        "spaces": ", ".join(SPACES),
        "datasets": ", ".join(DATASETS),
        "protocols": ", ".join(protocol_names()),
    }
    table = Table.grid(padding=(0, 2))
    for heading, text in lines.items():
        table.add_row(Text(heading, style="bold"), text)
    table.add_row(Text("more", style="bold"), f"list {'|'.join(TABLES)}, for instance: python -m harness list algos")
    console.print(table)


def _algorithms(space: str) -> Table:
    shares = {"title": 2, "paper": 3, "spaces": 2, "a step costs": 2, "differs from the original": 6}
    table = Table("algorithm", show_lines=True, expand=True)
    for heading, share in shares.items():
        table.add_column(heading, ratio=share, overflow="fold")
    for name in ALGORITHMS.single:
        short = _in_short(ALGORITHMS.facts(name))
        cost = f"{short['cost']} = {short['units']}" if short["cost"] else "no supernet"
        table.add_row(name, short["title"], short["source"], ", ".join(short["spaces"]), cost, short["departures"])
    for part in PARTS:
        facts, inner = PARTS.facts(part), ALGORITHMS.wrapped_by(part)
        title = f"{facts['title']}; NAME: {', '.join(inner)}"
        spaces = ", ".join(_taken_by(ALGORITHMS.facts(f"{inner[0]}{MARK}{part}")))
        cost = "its search's; counted besides: the part's own"
        table.add_row(f"NAME{MARK}{part}", title, str(facts["source"]), spaces, cost, str(facts["departures"]))
    table.caption = "F: a forward pass, 1 unit; B: a backward pass to the weights, 2; Bα: one to α alone, 1"
    return table


def _spaces(space: str) -> Table:
    return _two("space", {name: str(SPACES.facts(name)["doc"]) for name in SPACES})


def _datasets(space: str) -> Table:
    return _two("data set", {name: str(DATASETS.facts(name)["doc"]) for name in DATASETS})


def _protocols(space: str) -> Table:
    table = Table("protocol", "space", "stands for", show_lines=True)
    for name in protocol_names():
        for place, settings in protocol_file(name)["spaces"].items():
            table.add_row(name, place, stands_for(settings))
    return table


def _keys(space: str) -> Table:
    """The protocol's keys first, then what each algorithm and each part has of its own."""
    from harness.config.protocol import Protocol, declared, hyper_fields

    protocol = Protocol.load("quick", space)
    table = Table("key", "value at quick", "meaning", title=f"--set KEY=VALUE on the space {space}")
    fields = {name: hyper_fields(name) for name in ALGORITHMS.single}
    fields |= {f"NAME{MARK}{part}": PARTS.fields(part, "Hyper") for part in PARTS}
    shared = {key for known in fields.values() for key in known.keys() - declared(known)}
    own = {key for known in fields.values() for key in known} - shared
    for key, field in protocol.keys().items():
        named = key.rpartition(".")[0]
        if key not in own and named not in ALGORITHMS and named not in PARTS and not key.startswith("space."):
            written = protocol.value(key)
            table.add_row(key, f"{field.default if written is None else written}", field.description)
    for name, known in fields.items():
        for key, field in known.items():
            if key not in shared:
                table.add_row(f"{name}.{key}", f"{field.default}", field.description)
    table.caption = (
        "a bare key is laid over every algorithm that has it; NAME.KEY over one (rarts.lr=0.1); PART.KEY over every "
        "search under that part (es.es_every=2)"
    )
    return table


TABLES = {"algos": _algorithms, "spaces": _spaces, "datasets": _datasets, "protocols": _protocols, "keys": _keys}
"""What ``list`` can show in full."""


def _two(heading: str, described: Mapping[str, str]) -> Table:
    table = Table(heading, "what it is")
    for name, text in described.items():
        table.add_row(name, text)
    return table
