"""What a sweep varies: lists of values, and draws from Ray Tune's samplers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Protocol

import numpy as np

from harness.config import protocol as protocols
from harness.config.protocol import LARGEST, parsed
from results.errors import BadInput
from results.lookup import lookup

SAMPLERS = ("uniform", "quniform", "loguniform", "qloguniform", "randint", "lograndint")
Variations = Sequence[str] | Mapping[str, Sequence[object] | str]
"""Texts ``key=values``, or values by key: a list of them, or a text."""

CALL = re.compile(r"(\w+)\((.*)\)")


class Sampler(Protocol):
    """What is used of a sampler of Ray Tune's."""

    def sample(self, *, random_state: np.random.Generator) -> object:
        """One draw."""


def points(vary: Variations, samples: int) -> list[dict[str, object]]:
    """The points of a sweep as overrides: every combination of the lists, for every draw of the samplers.

    Draws come from a fixed seed, so that a sweep launched again is the same sweep.

    Parameters
    ----------
    vary : sequence of str, or mapping
        Texts ``key=a,b,c`` or ``key=sampler(low,high)``; or by key, the values or such a text.
    samples : int
        Draws of each sampler.

    Raises
    ------
    BadInput
        For a variation of neither form.
    """
    lists: dict[str, list[object]] = {}
    samplers: dict[str, Sampler] = {}
    for text, key, values in _variations(vary):
        if not values:
            raise BadInput(f"--vary {text!r} is not of the form key=a,b,c or key=loguniform(low,high)")
        if not isinstance(values, str):
            lists[key] = list(values)
        elif call := CALL.fullmatch(values.strip()):
            samplers[key] = _sampler(text, *call.groups())
        else:
            lists[key] = [parsed(text, value) for value in values.split(",")]
    random = np.random.default_rng(0)
    drawn = [{key: s.sample(random_state=random) for key, s in samplers.items()} for _ in range(samples)]
    crossed = [dict(zip(lists, values, strict=True)) for values in product(*lists.values())]
    every = [listed | sampled for sampled in (drawn if samplers else [{}]) for listed in crossed]
    return [{key: float(f"{v:.6g}") if isinstance(v, float) else v for key, v in point.items()} for point in every]


def _variations(vary: Variations) -> Iterator[tuple[str, str, Sequence[object] | str]]:
    """Each variation as it was written, its key, and its values."""
    if isinstance(vary, Mapping):
        yield from ((f"{key}={values}", key, values) for key, values in vary.items())
        return
    for text in vary:
        key, _, values = text.partition("=")
        yield text, key, values


def check_free(varied: Sequence[Mapping[str, object]], protocol: protocols.Protocol) -> None:
    """Raise BadInput where a point varies what an override of ``protocol`` fixes."""
    for key in varied[0]:
        if twice := protocol.overridden(key):
            raise BadInput(f"both --set {twice} and --vary {key} are given, and one alone can hold: leave one out")


def _sampler(text: str, name: str, arguments: str) -> Sampler:
    from ray import tune

    lookup("sampler", name, dict.fromkeys(SAMPLERS))
    try:
        given = [float(a) if "." in a or "e" in a else int(a) for a in arguments.split(",")]
        if fault := _fault(name, given):
            raise ValueError(fault)
        sampler: Sampler = getattr(tune, name)(*given)
        return sampler
    except (TypeError, ValueError) as error:
        raise BadInput(f"--vary {text!r}: {error}") from None


def _fault(name: str, given: Sequence[float]) -> str:
    """What is wrong with a sampler's bounds, which Ray Tune finds out when it draws; empty: nothing."""
    if len(given) != 2 + name.startswith("q"):
        return f"{name} takes {'low, high and a step' if name.startswith('q') else 'low and high'}"
    low, high, *step = given
    if not all(abs(value) <= LARGEST for value in given):
        return f"bounds are numbers of at most {LARGEST:g}"
    if not low < high:
        return f"low is {low:g} and has to be less than high, {high:g}"
    if "log" in name and low <= 0:
        return f"low is {low:g} and has to be more than 0"
    if name.endswith("randint") and not all(isinstance(value, int) for value in given):
        return f"{name} takes whole numbers"
    if step and not 0 < step[0] <= high - low:
        return f"the step is {step[0]:g} and has to be more than 0 and at most high - low"
    return ""
