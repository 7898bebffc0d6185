"""Regularised evolution (Real, Aggarwal, Huang, Le, AAAI 2019), the search behind AmoebaNet: the oldest dies.

Their Algorithm 1: P random architectures; then, again and again, S of the population drawn with replacement, the best
of them mutated, its child evaluated and added, and the oldest removed, however good it is.
"""

from __future__ import annotations

from collections import deque

import torch
from pydantic import Field

from algorithms import ALGORITHMS
from algorithms.base import Evaluated, Setting, State
from algorithms.hyper import Fields
from algorithms.querying import SEES, Querying


class EvolutionHyper(Fields):
    """Sizes of population, sample and history."""

    population: int = Field(100, ge=1, description="P: architectures alive")
    sample: int = Field(25, ge=1, description="S: architectures drawn, the best of which is mutated")
    queries: int = Field(1000, ge=1, description="C: architectures evaluated in all, one an epoch (the paper: 20,000)")


@ALGORITHMS.register
class Evolution(Querying):
    """Ageing evolution through the harness's evaluator."""

    name = "evolution"
    title = "Evolution"
    source = "Real, Aggarwal, Huang, Le, AAAI 2019, Algorithm 1"
    departures = f"1,000 architectures in all, not 20,000; a mutation is the space's, always a change; {SEES}"
    Hyper = EvolutionHyper
    hyper: EvolutionHyper

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.population: deque[tuple[str, float]] = deque(maxlen=self.hyper.population)

    def epochs(self, budget: int) -> int:
        """One for each architecture, whatever the gradient searches are given."""
        return self.hyper.queries

    def propose(self) -> str:
        """A random genotype until the population is full, then a child of the best of a sample."""
        alive = len(self.population)
        if alive < self.hyper.population:
            return self.space.sample(self.generator)
        drawn = torch.randint(alive, (self.hyper.sample,), generator=self.generator).tolist()
        parent, _ = max((self.population[i] for i in drawn), key=lambda individual: individual[1])
        return self.space.mutate(parent, self.generator)

    def told(self, genotype: str, evaluated: Evaluated) -> None:
        """The youngest joins; of a full population the oldest goes."""
        self.population.append((genotype, evaluated.val_accuracy))

    def state_dict(self) -> State:
        """The incumbent, the costs and the living, oldest first."""
        return super().state_dict() | {"population": [list(individual) for individual in self.population]}

    def load_state_dict(self, state: State) -> None:
        """Continue exactly where ``state_dict`` was taken."""
        super().load_state_dict(state)
        self.population.clear()
        self.population.extend((genotype, accuracy) for genotype, accuracy in state["population"])
