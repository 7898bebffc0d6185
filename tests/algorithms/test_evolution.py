"""Regularised evolution: who dies, who has children, and that it beats random search on the real table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from searches import seeded

from algorithms import ALGORITHMS
from algorithms.base import Algorithm, Evaluated, Seeded, Setting
from algorithms.evolution import Evolution
from results.statistics import paired
from spaces.nats import Nats
from spaces.nats_cell import OPERATIONS, parse
from spaces.nats_table import open_table


def convolutions(genotype: str) -> Evaluated:
    """A fitness that is easy to climb: how many edges are 3 × 3 convolutions, with the cell's text as tie-break."""
    operations = parse(genotype)
    tie = sum(OPERATIONS.index(name) * 5**i for i, name in enumerate(operations)) / 5**7
    return Evaluated(operations.count("nor_conv_3x3") + tie, 7, 0.5)


def made(name: str, evaluate: Any = convolutions, seeds: Seeded = seeded, **hyper: int) -> Algorithm:
    cls = ALGORITHMS[name]
    return cls(Setting(Nats(), cls.Hyper(**hyper), seeds, torch.device("cpu"), evaluate))


def evolution(**hyper: int) -> Evolution:
    algorithm = made("evolution", **hyper)
    assert isinstance(algorithm, Evolution)
    return algorithm


def run(algorithm: Algorithm, epochs: int) -> list[str]:
    """The genotypes asked for in ``epochs`` epochs."""
    asked: list[str] = []
    evaluate = algorithm.evaluate

    def noted(genotype: str) -> Evaluated:
        asked.append(genotype)
        return evaluate(genotype)

    algorithm.evaluate = noted
    for _ in range(epochs):
        algorithm.epoch(())
    algorithm.evaluate = evaluate
    return asked


def test_population_is_always_the_youngest_though_the_best_of_all_was_the_first() -> None:
    search = evolution(population=6, sample=3)
    asked = run(search, 6)
    assert [genotype for genotype, _ in search.population] == asked
    search.population[0] = (asked[0], 1e9)  # unbeatable, and the oldest
    for _ in range(6):
        asked += run(search, 1)
        assert [genotype for genotype, _ in search.population] == asked[-6:]
    assert max(accuracy for _, accuracy in search.population) < 1e9


def test_child_differs_from_the_best_of_the_sample_on_one_edge() -> None:
    # A sample of 200 of 4, with replacement, misses the best with probability 1e-25.
    search = evolution(population=4, sample=200)
    run(search, 4)
    for _ in range(20):
        best = max(search.population, key=lambda individual: individual[1])[0]
        (child,) = run(search, 1)
        assert sum(a != b for a, b in zip(parse(best), parse(child), strict=True)) == 1


def test_sample_of_one_is_a_random_walk_that_selects_nothing() -> None:
    greedy, blind = (evolution(population=20, sample=sample) for sample in (20, 1))
    for search in (greedy, blind):
        run(search, 300)
    means = [sum(a for _, a in search.population) / 20 for search in (greedy, blind)]
    # A mutation always changes an edge: the child of a perfect cell has five, of a cell of five mostly four. Without
    # selection an edge is any of five operations: 1.2 of six, and the tie-break below a third.
    assert means[0] > 4
    assert means[1] < 2.5


def test_costs_are_charged_and_the_best_ever_is_kept() -> None:
    search = evolution(population=5, sample=2)
    asked = run(search, 30)
    assert search.genotype() == max(asked, key=lambda genotype: convolutions(genotype).val_accuracy)
    assert (search.counts.macs, search.charged_seconds) == (30 * 7, 30 * 0.5)
    assert evolution().epochs(10) == 1000


@pytest.mark.parametrize("name", ["evolution", "random"])
def test_search_continues_bit_for_bit_from_its_state(name: str) -> None:
    hyper = {"population": 5, "sample": 2} if name == "evolution" else {}
    whole, first, second = (made(name, **hyper) for _ in range(3))
    asked = run(whole, 25)
    assert run(first, 12) == asked[:12]
    second.load_state_dict(first.state_dict())
    assert run(second, 13) == asked[12:]
    assert second.genotype() == whole.genotype()


def test_evolution_beats_random_search_on_the_table(real_data: Path) -> None:
    table = open_table(real_data / "nats" / "tss.parquet")
    assert table is not None

    def evaluate(genotype: str) -> Evaluated:
        return Evaluated(table.validation(genotype, "cifar10", 12), 0, 0.0)

    reached: dict[str, list[float]] = {"evolution": [], "random": []}
    regret: dict[str, list[float]] = {"evolution": [], "random": []}
    for seed in range(20):
        for name, hyper in (("evolution", {"population": 100, "sample": 10}), ("random", {"k": 1000})):

            def seeds(purpose: str, seed: int = seed) -> torch.Generator:
                return torch.Generator().manual_seed(seeded(purpose).initial_seed() + seed)

            search = made(name, evaluate, seeds, **hyper)
            run(search, 1000)
            reached[name].append(evaluate(search.genotype()).val_accuracy)
            regret[name].append(table.score(search.genotype(), "cifar10").regret or 0.0)
    test = paired(reached["evolution"], reached["random"])
    print(f"\nvalidation accuracy after 12 epochs, evolution less random, 20 seeds: {test}")
    print(f"test regret after 200 epochs, evolution less random: {paired(regret['evolution'], regret['random'])}")
    assert test.low > 0
    assert test.p < 0.01
