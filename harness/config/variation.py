"""What a sweep varies: lists of values, and draws from Ray Tune's samplers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations, product
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
        For a variation of neither form, a key that is varied twice, and draws where nothing is drawn.
    """
    lists: dict[str, list[object]] = {}
    samplers: dict[str, Sampler] = {}
    for text, key, values in _variations(vary):
        if key in lists or key in samplers:
            raise BadInput(f"--vary {key} is given twice, and one alone can hold: write all its values in one list")
        if not isinstance(values, str):
            lists[key] = values
        elif call := CALL.fullmatch(values.strip()):
            samplers[key] = _sampler(text, *call.groups())
        else:
            lists[key] = [parsed(text, value) for value in values.split(",")]
    _check_samples(samples, drawn=bool(samplers))
    random = np.random.default_rng(0)
    drawn = [{key: _rounded(s.sample(random_state=random)) for key, s in samplers.items()} for _ in range(samples)]
    crossed = [dict(zip(lists, values, strict=True)) for values in product(*lists.values())]
    return [listed | sampled for sampled in (drawn if samplers else [{}]) for listed in crossed]


def _rounded(value: object) -> object:
    """A draw to six digits, as it is shown; what a user wrote is taken as it stands."""
    return float(f"{value:.6g}") if isinstance(value, float) else value


def _check_samples(samples: int, *, drawn: bool) -> None:
    """Raise BadInput where ``samples`` counts nothing."""
    if not isinstance(samples, int) or samples < 1:
        raise BadInput(f"--samples {samples!r}: write a whole number from 1 on")
    if samples > 1 and not drawn:
        raise BadInput(
            f"--samples {samples} are draws of a sampler, and no --vary names one: leave it out, or write "
            "key=loguniform(low,high)"
        )


def _variations(vary: Variations) -> Iterator[tuple[str, str, list[object] | str]]:
    """Each variation as it was written, its key, and its values."""
    if isinstance(vary, str):
        vary = [vary]
    if not isinstance(vary, (Mapping, Sequence)) or not vary:
        raise BadInput(f"--vary {vary!r}: write key=a,b,c; from Python a list of such texts, or values by key")
    pairs = vary.items() if isinstance(vary, Mapping) else (_divided(text) for text in vary)
    for key, values in pairs:
        text = f"{key}={values}"
        if not isinstance(key, str) or not isinstance(values, (str, Iterable)) or isinstance(values, (Mapping, bytes)):
            raise BadInput(f"--vary {text!r}: from Python write a list of values by key, {{'lr': [0.1, 0.2]}}")
        listed = values if isinstance(values, str) else [_plain(value) for value in values]
        if not listed:
            raise BadInput(f"--vary {text!r} is not of the form key=a,b,c or key=loguniform(low,high)")
        yield text, key.strip(), listed


def _divided(text: object) -> tuple[str, str]:
    """Key and values of a text. Raises BadInput for what is no text."""
    if not isinstance(text, str):
        raise BadInput(f"--vary {text!r} is no text: write 'key=a,b,c', or give values by key")
    key, _, values = text.partition("=")
    return key, values


def _plain(value: object) -> object:
    """A number of numpy's as Python's own, which YAML knows."""
    return value.item() if isinstance(value, np.generic) else value


def check_varied(
    varied: Sequence[Mapping[str, object]], protocol: protocols.Protocol, algorithms: Sequence[str]
) -> None:
    """Raise BadInput where a point varies what an override or another variation fixes, or nothing that runs."""
    keys = list(dict.fromkeys(key for point in varied for key in point))
    for key in keys:
        if twice := protocol.overridden(key):
            raise BadInput(f"both --set {twice} and --vary {key} are given, and one alone can hold: leave one out")
        if protocol.places(key) and not protocol.concerns(key, algorithms):
            raise BadInput(
                f"--vary {key} concerns none of the algorithms that are named, {', '.join(algorithms)}: name one that "
                "has it, or leave it out"
            )
    for one, other in combinations(keys, 2):
        if {*protocol.places(one)}.intersection(protocol.places(other)):
            raise BadInput(f"both --vary {one} and --vary {other} are given, and one alone can hold: leave one out")


def _sampler(text: str, name: str, arguments: str) -> Sampler:
    from ray import tune

    lookup("sampler", name, dict.fromkeys(SAMPLERS))
    try:
        given = [_bound(argument) for argument in arguments.split(",")]
        if fault := _fault(name, given):
            raise ValueError(fault)
        sampler: Sampler = getattr(tune, name)(*given)
        return sampler
    except (TypeError, ValueError) as error:
        raise BadInput(f"--vary {text!r}: {error}") from None


def _bound(text: str) -> float:
    """A sampler's bound, whole where it is written so. Raises ValueError where it is no number."""
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{text.strip()!r} is no number; write one, such as 0.1 or 1e-4") from None


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
