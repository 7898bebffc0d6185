"""A protocol's file as YAML gives it, before a value of it is checked; and numbers out of such values."""

from __future__ import annotations

from typing import Required, TypedDict

from results.errors import BadInput

SCALED = ("arch_lr",)
"""What a protocol may scale: Adam moves α by about steps × rate, so that fewer steps need a higher rate."""


class BudgetSettings(TypedDict):
    """A protocol's ``budget``, as the fields of ``Budget``."""

    kind: str
    amount: float


class SpaceSettings(TypedDict, total=False):
    """What a protocol's file says of one space.

    Attributes
    ----------
    stands_for : str
        What the protocol is, in words.
    budget : BudgetSettings
        When a search ends.
    options : dict
        The space's options by name.
    settings : dict
        The fields of ``Settings`` by name, sections as mappings.
    hyper : dict
        Hyperparameters of every search that does not declare them itself.
    scale : dict
        By what hyperparameters are multiplied.
    algorithms : dict
        Hyperparameters by algorithm and name.
    """

    stands_for: Required[str]
    budget: Required[BudgetSettings]
    options: Required[dict[str, object]]
    settings: Required[dict[str, object]]
    hyper: dict[str, object]
    scale: dict[str, float]
    algorithms: dict[str, dict[str, object]]


class ProtocolFile(TypedDict):
    """A protocol: its settings by space, and whether they are smaller than the paper's."""

    reduced: bool
    spaces: dict[str, SpaceSettings]


def number(value: object) -> float:
    """``value`` as it stands. Raises BadInput where it is no number."""
    if not isinstance(value, (int, float)):
        raise BadInput(f"{value!r} is no number: write one in the protocol or with --set")
    return value


def scale(settings: SpaceSettings) -> dict[str, float]:
    """By what the hyperparameters named in ``SCALED`` are multiplied; those at 1 are left out."""
    given = settings.get("scale", {})
    return {name: float(given[name]) for name in SCALED if name in given}


def stands_for(settings: SpaceSettings) -> str:
    """What a protocol is on a space, in words, its scaling included."""
    scaled = [f"{name} × {factor:g} of each algorithm's own" for name, factor in scale(settings).items()]
    return "; ".join([settings["stands_for"], *scaled])
