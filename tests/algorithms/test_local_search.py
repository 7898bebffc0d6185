"""Local search on the real table: it walks as a slow oracle does, rests at local optima, and obeys its queries."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from searches import seeded, takes

from algorithms.base import Evaluated, Setting
from algorithms.local_search import LocalSearch
from spaces.contracts import Neighbouring
from spaces.darts import Darts
from spaces.macro import Macro
from spaces.nats import Nats
from spaces.nats_cell import OPERATIONS, parse, text
from spaces.nats_size import NatsSize
from spaces.nats_table import open_table


@pytest.fixture(scope="module")
def accuracy(real_data: Path) -> Callable[[str], float]:
    table = open_table(real_data / "nats" / "tss.parquet")
    assert table is not None
    return lambda genotype: table.validation(genotype, "cifar10", 12)


def searched(accuracy: Callable[[str], float], epochs: int, **hyper: Any) -> tuple[LocalSearch, list[str]]:
    """A search after so many epochs, and what it asked for."""
    asked: list[str] = []

    def evaluate(genotype: str) -> Evaluated:
        asked.append(genotype)
        return Evaluated(accuracy(genotype), 7, 0.5)

    fields = LocalSearch.Hyper(queries=epochs, **hyper)
    search = LocalSearch(Setting(Nats(), fields, seeded, torch.device("cpu"), evaluate))
    for _ in range(search.epochs(3)):
        search.epoch(())
    return search, asked


def around(cell: str) -> list[str]:
    """Every cell with another operation on one edge."""
    operations = parse(cell)
    return [
        text([*operations[:edge], other, *operations[edge + 1 :]])
        for edge, own in enumerate(operations)
        for other in OPERATIONS
        if other != own
    ]


def oracle(accuracy: Callable[[str], float], queries: int) -> tuple[list[str], list[str]]:
    """What is asked for, in order, and the local optima on the way: all neighbours, then a step, then a new start."""
    asked: list[str] = []
    optima: list[str] = []
    generator = seeded("sample")
    while len(asked) < queries:
        at = Nats().sample(generator)
        asked.append(at)
        while True:
            asked += [cell for cell in around(at) if cell not in asked]
            best = max(around(at), key=accuracy)
            if accuracy(best) <= accuracy(at):
                optima.append(at)
                break
            at = best
    return asked[:queries], optima


def test_it_asks_for_what_a_slow_oracle_asks_for_and_finds_its_best(accuracy: Callable[[str], float]) -> None:
    search, asked = searched(accuracy, 900)
    wanted, optima = oracle(accuracy, 900)
    assert asked == wanted
    assert len(optima) >= 3 and all(accuracy(cell) >= max(map(accuracy, around(cell))) for cell in optima)
    assert search.genotype() == max(asked, key=accuracy)
    assert (len(asked), search.counts.macs, search.charged_seconds) == (900, 900 * 7, 450)


def test_as_the_authors_code_it_climbs_from_the_best_of_ten_by_first_better_neighbours(
    accuracy: Callable[[str], float],
) -> None:
    _, asked = searched(accuracy, 600, starts=10, first_better=True)
    generator = seeded("sample")
    wanted: list[str] = []
    while len(wanted) < 600:
        starts = [Nats().sample(generator) for _ in range(10)]
        wanted += starts
        at: str | None = max(starts, key=accuracy)
        while at is not None:
            better = [cell for cell in around(at) if cell in wanted and accuracy(cell) > accuracy(at)]
            unknown = [cell for cell in around(at) if cell not in wanted]
            if better or not unknown:
                at = max(better, key=accuracy, default=None)
            else:
                wanted.append(unknown[int(torch.randint(len(unknown), (1,), generator=generator))])
    assert asked == wanted[:600]


@pytest.mark.parametrize("hyper", [{"starts": 4}, {"first_better": True}])
def test_with_either_field_it_goes_on_from_its_state(accuracy: Callable[[str], float], hyper: dict[str, Any]) -> None:
    _, whole = searched(accuracy, 60, **hyper)
    for until in (3, 40):
        first, asked = searched(accuracy, until, **hyper)
        second, more = searched(accuracy, 1, **hyper)
        more.clear()
        second.load_state_dict(first.state_dict())
        for _ in range(60 - until):
            second.epoch(())
        assert asked + more == whole


def test_it_rests_at_a_local_optimum_and_only_then_starts_anew(accuracy: Callable[[str], float]) -> None:
    _, asked = searched(accuracy, 900)
    near = {asked[0]}
    for place, cell in enumerate(asked):
        if cell not in near:  # a start: the best so far of the last climb has no better neighbour
            climbed = max(asked[:place], key=accuracy)
            assert accuracy(climbed) >= max(map(accuracy, around(climbed)))
            break
        near.update(around(cell))
    assert place < 900


def test_it_goes_on_from_its_state(accuracy: Callable[[str], float]) -> None:
    _, whole = searched(accuracy, 400)
    first, asked = searched(accuracy, 150)
    second, more = searched(accuracy, 1)
    more.clear()
    second.load_state_dict(first.state_dict())
    for _ in range(250):
        second.epoch(())
    assert asked + more == whole


@pytest.mark.parametrize(("space", "count"), [(Nats(), 6 * 4), (Macro(), 8 * 2), (NatsSize(), 5 * 7)])
def test_neighbours_are_all_that_differ_in_one_choice(space: Neighbouring, count: int) -> None:
    cell = space.sample(seeded("cell"))
    found = space.neighbours(cell)
    assert len(set(found)) == len(found) == count and cell not in found
    for other in found:
        a, b = (space.one_hot(genotype).popitem()[1] for genotype in (cell, other))
        assert int((a != b).any(dim=1).sum()) == 1
    if isinstance(space, Nats):
        assert found == around(cell)


def test_a_space_that_lists_no_neighbours_is_refused() -> None:
    assert takes("local_search", Nats()) and not takes("local_search", Darts())
