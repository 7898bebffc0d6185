"""The protocols as a page of the documentation: ``python -m harness list protocols --markdown > docs/protocols.md``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.config.names import protocol_names, protocol_spaces
from harness.config.plain import SpaceSettings
from harness.config.protocol import Protocol

HEAD = """# Protocols

A protocol fixes everything that two searches must share to be compared, space by space. This page is written from the
protocols' files by `python -m harness list protocols --markdown`; a test says whether it is up to date. Fields that are
not here have their defaults (`python -m harness list keys --space SPACE`).
"""


def protocols_page() -> str:
    """Every protocol's settings for every space, as Markdown."""
    return "\n".join([HEAD, *(line for name in protocol_names() for line in _protocol(name))])


def _protocol(name: str) -> Iterator[str]:
    yield f"## {name}\n"
    for space in protocol_spaces(name):
        protocol = Protocol.load(name, space)
        kind = "reduced" if protocol.reduced else "full size"
        yield f"### {name} on {space}\n\n{protocol.stands_for} ({kind}).\n\n| key | value |\n|---|---|"
        yield from (f"| `{key}` | {_text(value)} |" for key, value in _leaves(protocol.raw))
        yield ""


def _leaves(plain: SpaceSettings) -> Iterator[tuple[str, object]]:
    """Keys as ``--set`` takes them, where it does, with their values."""
    yield "budget", f"{plain['budget']['amount']:,} {plain['budget']['kind']}"
    for name, value in plain["settings"].items():
        if isinstance(value, Mapping):
            yield from ((f"{name}.{key}", inner) for key, inner in value.items())
        else:
            yield name, value
    yield from ((f"space.{name}", value) for name, value in plain["options"].items())
    yield from plain.get("hyper", {}).items()
    yield from (
        (f"{name}, of each algorithm's own", f"× {factor:g}") for name, factor in plain.get("scale", {}).items()
    )
    for algorithm, fields in plain.get("algorithms", {}).items():
        yield from ((f"{algorithm}.{name}", value) for name, value in fields.items())


def _text(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "–"}[value]
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    return f"{value:g}" if isinstance(value, float) else f"{value}"
