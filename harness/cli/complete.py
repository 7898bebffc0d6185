"""What the shell offers for an option's value: names and keys, read without torch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import typer

from algorithms import ALGORITHMS
from harness.config import defaults
from harness.config.names import SPLIT_NAMES, WAYS, protocol_names, protocol_spaces
from harness.data import DATASETS
from harness.execution.loggers import LOGGERS
from results.errors import BadInput
from spaces import SPACES


def algorithms(incomplete: str) -> Iterator[str]:
    """Algorithms, after a comma the next one."""
    return _next(incomplete, ALGORITHMS)


def datasets(incomplete: str) -> Iterator[str]:
    """Data sets, after a comma the next one."""
    return _next(incomplete, DATASETS)


def loggers(incomplete: str) -> Iterator[str]:
    """Loggers, after a comma the next one."""
    return _next(incomplete, LOGGERS)


def spaces(incomplete: str) -> Iterator[str]:
    """Search spaces."""
    return (name for name in SPACES if name.startswith(incomplete))


def protocols(context: typer.Context, incomplete: str) -> Iterator[str]:
    """Protocols; where the space is typed already, those that have settings for it."""
    space = context.params.get("space")
    return (
        name
        for name in protocol_names()
        if name.startswith(incomplete) and (not space or space in protocol_spaces(name))
    )


def splits(incomplete: str) -> Iterator[str]:
    """Ways to divide the training data."""
    return (name for name in SPLIT_NAMES if name.startswith(incomplete))


def ways(incomplete: str) -> Iterator[str]:
    """Ways to judge what was found."""
    return (name for name in WAYS if name.startswith(incomplete))


def keys(context: typer.Context, incomplete: str) -> Iterator[tuple[str, str]]:
    """``key=`` of every key that the space typed so far has under the protocol typed so far, with its meaning."""
    from harness.config.protocol import Protocol

    try:
        protocol = Protocol.load(
            context.params.get("protocol") or defaults.PROTOCOL, context.params.get("space") or defaults.SPACE
        )
    except BadInput:
        return
    for key, field in protocol.keys().items():
        if f"{key}=".startswith(incomplete):
            yield f"{key}=", field.description


def _next(incomplete: str, names: Iterable[str]) -> Iterator[str]:
    """What can follow the last comma, with what stands before it."""
    before, comma, last = incomplete.rpartition(",")
    given = before.split(",")
    return (before + comma + name for name in names if name.startswith(last) and name not in given)
