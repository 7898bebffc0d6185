"""What holds for every algorithm in the registry."""

from __future__ import annotations

from itertools import cycle
from typing import Any

import pytest
import torch
from searches import make_batch, seeded

from algorithms import ALGORITHMS, PARTS
from algorithms.base import Algorithm, Evaluated, Setting
from algorithms.counts import Cost
from results.errors import BadInput
from spaces.base import Space
from spaces.nats import Nats, NatsOptions
from spaces.resnet164 import ResNet164, ResNet164Options

SMALL = NatsOptions(channels=2, cells=1, image_size=8)
PAIRS = [(make_batch("train"), make_batch("val")) for _ in range(2)]
SHORT = {
    "k": 5, "batches": 2, "queries": 4, "population": 2, "pt_tune_epochs": 1, "pt_batches": 1, "es_every": 1,
    "es_window": 1, "es_delta": 1, "es_start": 0, "of": "", "parts": 2, "parts_by_stage": (2, 1), "oles_every": 1,
}  # fmt: skip
"""Small values for the fields that an algorithm has of these."""


def some(part: str) -> set[str]:
    """The last search that goes under a part, and the one with two networks: all would take too long."""
    names = ALGORITHMS.wrapped_by(part)
    return {names[-1], *({"rarts"} & {*names})}


EVERY = [
    *ALGORITHMS.single,
    *(f"{name}+{part}" for part in PARTS for name in sorted(some(part))),
    "darts1+beta+es",
    "milenas+sdarts_rs+oles+es",
    "rarts+minus+pt",
]


def made(name: str) -> Algorithm:
    cls = ALGORITHMS[name]
    if cls.package:
        pytest.importorskip(cls.package, reason=f"{cls.package} is not installed: {name} cannot search")
    hyper = cls.Hyper(**{key: value for key, value in SHORT.items() if key in cls.Hyper.model_fields})

    def evaluate(genotype: str) -> Evaluated:
        return Evaluated(float(sum(genotype.encode()) % 100), 1, 0.0, {"params": float(len(genotype))})

    return cls(Setting(space_of(cls, hyper), hyper, seeded, torch.device("cpu"), evaluate))


def space_of(cls: type[Algorithm], hyper: Any) -> Space:
    """The first of two spaces that the algorithm takes: one of cells, one of channel gates."""
    cells, gates = Nats(SMALL), ResNet164(ResNet164Options(depth=11, width=2, image_size=8, prc=0.4))
    try:
        cls.check(cells, hyper)
    except BadInput:
        cls.check(gates, hyper)
        return gates
    return cells


def epochs(algorithm: Algorithm, first: int, last: int) -> None:
    for epoch in range(first, last):
        algorithm.on_epoch(epoch, epoch / 4)
        algorithm.epoch(PAIRS)


def end(algorithm: Algorithm) -> tuple[str, dict[str, int]]:
    algorithm.select(cycle(PAIRS))
    return algorithm.genotype(), algorithm.counts.as_dict()


def plain(value: Any) -> Any:
    """The value as a checkpoint may hold it: raises for what is neither tensor nor plain type."""
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    assert value is None or isinstance(value, (torch.Tensor, int, float, str, bool)), type(value)
    return value.clone() if isinstance(value, torch.Tensor) else value


@pytest.mark.parametrize("name", EVERY)
def test_search_continues_bit_for_bit_from_its_state(name: str) -> None:
    whole, first, second = made(name), made(name), made(name)
    epochs(whole, 0, 4)
    epochs(first, 0, 2)
    # Copied, for a checkpoint is: nothing that happens to the first search afterwards may reach the second.
    state = plain(first.state_dict())
    epochs(first, 2, 3)
    second.load_state_dict(state)
    epochs(second, 2, 4)
    assert end(second) == end(whole)
    if whole.search is not None and second.search is not None:
        assert torch.equal(whole.search.alpha.flat, second.search.alpha.flat)
        for ours, theirs in zip(whole.search.networks().values(), second.search.networks().values(), strict=True):
            assert torch.equal(ours.flat, theirs.flat)


@pytest.mark.parametrize("name", EVERY)
def test_list_has_a_line_for_title_source_and_departures(name: str) -> None:
    cls = ALGORITHMS[name]
    assert cls.title
    assert any(year.isdigit() for year in cls.source.replace(",", " ").split())
    assert "\n" not in cls.title + cls.source + cls.departures
    assert all(field.description for field in cls.Hyper.model_fields.values())


@pytest.mark.parametrize("name", [name for name in EVERY if ALGORITHMS[name].cost])
def test_a_step_costs_the_passes_that_the_definition_says(name: str) -> None:
    search = made(name).search
    assert search is not None
    search.on_epoch(3, 0.9)
    before = search.counts.as_dict()
    search.step(*PAIRS[0])
    passes = [search.counts.as_dict()[kind] - before[kind] for kind in Cost._fields]
    assert passes == list(ALGORITHMS[name].cost or ())
