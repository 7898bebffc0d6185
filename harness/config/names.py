"""The names a request is made of, and which there are: read without torch or pydantic, so that lists answer at once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Literal, get_args

import yaml

from algorithms import ALGORITHMS
from harness.config.plain import ProtocolFile, SpaceSettings
from results.errors import BadInput
from results.lookup import lookup
from spaces import SPACES

SplitName = Literal["halves", "nats", "all"]
SPLIT_NAMES: tuple[SplitName, ...] = get_args(SplitName)
Evaluate = Literal["auto", "table", "train", "none"]
WAYS: tuple[Evaluate, ...] = get_args(Evaluate)

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The C parser, several times as fast, where PyYAML was built with it."""

_ADDED: dict[str, dict[str, SpaceSettings]] = {}
"""What plug-ins add: by protocol and space."""


def add_settings(protocol: str, space: str, settings: SpaceSettings) -> None:
    """Give ``protocol`` settings for a space from outside the package: a plug-in calls it beside its space.

    Parameters
    ----------
    protocol : str
        One of the package's protocols, or a new name.
    space : str
        The space's name.
    settings : SpaceSettings
        What a protocol's YAML file holds for a space: ``stands_for``, ``budget``, ``options``, ``settings``, ``hyper``.

    Raises
    ------
    BadInput
        Where the package has settings for that space, or a part is missing.
    """
    if protocol in protocol_names() and space in _file(protocol)["spaces"]:
        raise BadInput(f"the protocol {protocol!r} has settings for the space {space!r} already: name a new protocol")
    if missing := [part for part in ("stands_for", "budget", "options", "settings") if part not in settings]:
        raise BadInput(f"the settings of {space!r} under {protocol!r} lack {', '.join(missing)}: add it")
    _ADDED.setdefault(protocol, {})[space] = settings


def protocol_names() -> list[str]:
    """The protocols in the package, and those that plug-ins added."""
    folder = resources.files("harness.config.protocols")
    own = [entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml")]
    return sorted({*own, *_ADDED})


def protocol_spaces(name: str) -> list[str]:
    """The spaces that a protocol has settings for.

    Raises
    ------
    BadInput
        For a name that is not there, with the nearest.
    """
    return list(protocol_file(name)["spaces"])


def protocol_file(name: str) -> ProtocolFile:
    """A protocol's file with what plug-ins add to it; nothing may write to what is returned."""
    lookup("protocol", name, dict.fromkeys(protocol_names()))
    file = _file(name)
    return {**file, "spaces": {**file["spaces"], **_ADDED.get(name, {})}}


@cache
def _file(name: str) -> ProtocolFile:
    """The package's file of a protocol, read once a process; a plug-in's own has none, and counts as reduced."""
    file = resources.files("harness.config.protocols").joinpath(f"{name}.yaml")
    if not file.is_file():
        return {"reduced": True, "spaces": {}}
    plain: ProtocolFile = yaml.load(file.read_text(encoding="utf-8"), Loader=_LOADER)
    return plain


def check_names(algorithms: Sequence[str], space: str, protocol: str) -> None:
    """Refuse what is not there, with the nearest that is.

    Raises
    ------
    BadInput
        In one line, for the first unknown name.
    """
    if not algorithms:
        raise BadInput(f"no algorithm is named; there are {', '.join(ALGORITHMS)}")
    for algorithm in algorithms:
        ALGORITHMS.known(algorithm)
    SPACES.known(space)
    lookup("protocol", protocol, dict.fromkeys(protocol_names()))


def is_pruned(space: str) -> bool:
    """Whether what is found on a space is cut from the searched network; read from its text."""
    return SPACES.inherits(space, "WidthSpace")
