"""NSGA-II: who lives on, against the paper's sorting written out plainly; whose costs nobody knows; resuming; gain."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from searches import seeded, takes

from algorithms import ALGORITHMS
from algorithms.base import Algorithm, Evaluated, Seeded, Setting
from algorithms.nsga2 import NSGA2
from results.errors import BadInput
from results.fronts import exact, undominated
from results.statistics import paired
from spaces.contracts import Neighbouring
from spaces.darts import Darts
from spaces.macro import Macro
from spaces.nats import Nats
from spaces.nats_cell import OPERATIONS, parse
from spaces.nats_devices import has_path
from spaces.nats_size import NatsSize
from spaces.nats_table import open_table

pytest.importorskip("pymoo", reason="pymoo is not installed: NSGA-II cannot search")

Judge = Callable[[str], Evaluated]


def judged(genotype: str) -> Evaluated:
    """Two objectives that conflict, all values different: accuracy grows with the costly operations."""
    operations = [OPERATIONS.index(name) for name in parse(genotype)]
    tie = sum(index * 5**place for place, index in enumerate(operations)) / 5**7
    return Evaluated(
        10 * operations.count(3) + 4 * operations.count(2) + tie, 7, 0.5, {"params": sum(operations) + tie}
    )


def unknown_without_path(genotype: str) -> Evaluated:
    """The same, but nobody knows the cost of a cell without a path."""
    said = judged(genotype)
    return said if has_path(parse(genotype)) else said._replace(costs={"params": None}, val_accuracy=99.0)


def made(name: str = "nsga2", evaluate: Judge = judged, seeds: Seeded = seeded, **hyper: Any) -> Algorithm:
    cls = ALGORITHMS[name]
    return cls(Setting(Nats(), cls.Hyper(**hyper), seeds, torch.device("cpu"), evaluate))


def nsga2(evaluate: Judge = judged, **hyper: Any) -> NSGA2:
    search = made("nsga2", evaluate, **hyper)
    assert isinstance(search, NSGA2)
    return search


def run(search: Algorithm, epochs: int) -> list[str]:
    asked = []
    for _ in range(epochs):
        search.epoch(())
        asked.append(search.asked)
    return asked


def alive(search: NSGA2) -> list[str]:
    return [str(one.X[0]) for one in search.ranking.pop]


def before(search: NSGA2, genotypes: list[str]) -> list[tuple[int, float]]:
    """Rank and negative crowding distance of each: front after front peeled off, distances by Section III-B's loop."""
    points = [(100 - said.val_accuracy, said.costs["params"]) for said in map(judged, genotypes)]
    rank, left, level = dict.fromkeys(range(len(points)), 0), set(range(len(points))), 0
    distance = dict.fromkeys(range(len(points)), 0.0)
    while left:
        front = [
            i
            for i in left
            if not any(all(a <= b for a, b in zip(points[j], points[i], strict=True)) for j in left - {i})
        ]
        for i in front:
            rank[i] = level
        for m in (0, 1):
            order = sorted(front, key=lambda i, m=m: points[i][m])  # type: ignore[misc]
            span = points[order[-1]][m] - points[order[0]][m]
            distance[order[0]] = distance[order[-1]] = float("inf")
            for near, i, far in zip(order, order[1:-1], order[2:], strict=False):
                distance[i] += (points[far][m] - points[near][m]) / span
        left -= set(front)
        level += 1
    return [(rank[i], -distance[i]) for i in range(len(points))]


def test_of_parents_and_children_the_first_by_rank_and_crowding_distance_live_on() -> None:
    search, size = nsga2(population=20), 20
    parents = run(search, size)
    assert sorted(alive(search)) == sorted(parents)
    for _ in range(6):
        children = run(search, size)
        everyone = [*parents, *children]
        order = before(search, everyone)
        first = sorted(range(2 * size), key=order.__getitem__)
        parents = alive(search)
        # Of equal distance, as several ends of a front have, either may live.
        last = order[first[size - 1]]
        certain = {everyone[i] for i in first if order[i] < last}
        possible = {everyone[i] for i in first if order[i] <= last}
        assert certain <= set(parents) <= possible and len(parents) == size


def test_children_are_new_and_come_of_two_parents_but_for_one_choice() -> None:
    search = nsga2(population=20)
    run(search, 20)
    for _ in range(5):
        parents = alive(search)
        children = run(search, 20)
        assert len(set(children)) == 20 and not set(children) & set(parents)
        for child in map(parse, children):
            # Some pair of parents has all of its edges but one, or few where a child was alive and changed again.
            shared = max(
                sum(c in (a, b) for c, a, b in zip(child, parse(one), parse(other), strict=True))
                for one in parents
                for other in parents
            )
            assert shared >= 4


def test_without_crossover_a_child_is_a_parent_with_one_choice_changed() -> None:
    search = nsga2(population=10, crossover=0.0)
    run(search, 10)
    for _ in range(5):
        parents = [parse(cell) for cell in alive(search)]
        children = [parse(cell) for cell in run(search, 10)]
        near = [min(sum(a != b for a, b in zip(c, p, strict=True)) for p in parents) for c in children]
        assert near.count(1) >= 9 and 0 not in near


def test_a_network_whose_cost_nobody_knows_dies_before_every_other_however_accurate() -> None:
    search = nsga2(unknown_without_path, population=200)
    lacking = [cell for cell in run(search, 200) if not has_path(parse(cell))]
    assert 0 < len(lacking) < 20
    run(search, 200)
    assert all(has_path(parse(cell)) for cell in alive(search))
    # What is found is of the lowest error, as for every search by queries: here one of those.
    assert not has_path(parse(search.genotype()))


@pytest.mark.parametrize("at", [7, 20, 43])
def test_it_goes_on_from_its_state(at: int) -> None:
    whole, first, second = (nsga2(unknown_without_path, population=20) for _ in range(3))
    asked = run(whole, 90)
    assert run(first, at) == asked[:at]
    second.load_state_dict(first.state_dict())
    assert run(second, 90 - at) == asked[at:]
    assert second.counts == whole.counts and second.charged_seconds == whole.charged_seconds


def test_the_first_generation_is_what_random_search_draws() -> None:
    assert run(nsga2(population=25), 25) == run(made("random"), 25)


@given(st.integers(0, 2**32), st.sampled_from([Nats(), Macro(), NatsSize()]))
@settings(max_examples=40, deadline=None)
def test_crossing_exchanges_all_choices_from_one_on(seed: int, space: Neighbouring) -> None:
    generator = torch.Generator().manual_seed(seed)
    one, other = space.sample(generator), space.sample(generator)
    (a,), (b,), (c,), (d,) = (
        [weights.argmax(1).tolist() for weights in space.one_hot(cell).values()]
        for cell in (one, other, *space.crossed(one, other, generator))
    )
    assert any(c == a[:at] + b[at:] and d == b[:at] + a[at:] for at in range(1, len(a)))


def test_spaces_and_sizes_that_it_cannot_search_are_refused() -> None:
    assert takes("nsga2", Nats()) and takes("nsga2", Macro()) and not takes("nsga2", Darts())
    with pytest.raises(BadInput, match=r"^population = 2000: set at most 1,640, a quarter of the space's networks$"):
        NSGA2.check(Macro(), NSGA2.Hyper(population=2000))


def test_its_set_beats_random_searchs_on_the_table_with_as_many_queries(real_data: Path) -> None:
    table = open_table(real_data / "nats" / "tss.parquet")
    assert table is not None
    everyone = table.everyone("cifar10")
    assert everyone is not None
    row = {cell: place for place, cell in enumerate(everyone.genotypes)}
    params = everyone.costs["params"]
    wrong = np.array([100 - table.validation(cell, "cifar10", 12) for cell in everyone.genotypes])
    fronts = {"validation": exact(params, wrong), "test": exact(params, everyone.error)}

    def evaluate(genotype: str) -> Evaluated:
        at = row[genotype]
        return Evaluated(float(100 - wrong[at]), 0, 0.0, {"params": float(params[at])})

    ratios: dict[tuple[str, str], list[float]] = {(name, of): [] for name in ("nsga2", "random") for of in fronts}
    for seed in range(20):

        def seeds(purpose: str, seed: int = seed) -> torch.Generator:
            return torch.Generator().manual_seed(seeded(purpose).initial_seed() + seed)

        for name in ("nsga2", "random"):
            rows = np.array([row[cell] for cell in run(made(name, evaluate, seeds), 1000)])
            kept = rows[undominated(params[rows], wrong[rows])]
            for of, errors in (("validation", wrong), ("test", everyone.error)):
                ratios[name, of].append(fronts[of].ratio(np.column_stack([params[kept], errors[kept]])))
    for of in fronts:
        means = [round(float(np.mean(ratios[name, of])), 4) for name in ("nsga2", "random")]
        print(f"\nhypervolume ratio by {of} error, NSGA-II and random: {means}")
    test = paired(ratios["nsga2", "validation"], ratios["random", "validation"])
    print(f"by test error, 20 seeds: {paired(ratios['nsga2', 'test'], ratios['random', 'test'])}")
    assert test.low > 0 and test.p < 0.01
