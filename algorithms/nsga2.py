"""NSGA-II (Deb, Pratap, Agarwal, Meyarivan, 2002): a population that approaches the front of error and one cost.

Binary tournaments by ≺_n, rank and then crowding distance, choose the parents of Q_t; of P_t ∪ Q_t the N first by ≺_n
are P_{t+1} (Section III). A network whose cost nobody knows is infeasible: all others dominate it (Section VI).
Ranks, distances and tournaments are pymoo's; sample, crossover and mutation are the space's.
"""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from pydantic import Field

from algorithms import ALGORITHMS
from algorithms.base import Evaluated, Setting, State
from algorithms.hyper import Fields
from algorithms.querying import SEES, Querying
from results.errors import BadInput
from spaces.base import Space
from spaces.contracts import Neighbouring, need


class NSGA2Hyper(Fields):
    """Sizes, the second objective, and how often parents are crossed."""

    population: int = Field(40, ge=2, description="N: networks alive, and children a generation (the paper: 100)")
    queries: int = Field(1000, ge=1, description="networks evaluated in all, one an epoch (the paper: 25,000)")
    crossover: float = Field(0.9, ge=0, le=1, description="p_c: share of the pairs of parents that are crossed")
    cost: str = Field("params", description="the second objective: params, flops, device_latency.DEVICE of --hardware")

    def fits(self, space: Space) -> None:
        """So many networks, and as many others for their children, must be there."""
        most = math.prod(alpha.shape[1] ** len(alpha) for alpha in space.alphas(torch.Generator()).values()) // 4
        if self.population > most:
            raise BadInput(f"population = {self.population}: set at most {most:,}, a quarter of the space's networks")

    def costs(self) -> tuple[str, ...]:
        """The one that it minimises."""
        return (self.cost,)


@ALGORITHMS.register
class NSGA2(Querying):
    """Minimises validation error and one cost, both as the harness's evaluator says them."""

    name = "nsga2"
    title = "NSGA-II"
    source = "Deb, Pratap, Agarwal, Meyarivan, IEEE Trans. Evolutionary Computation 2002, Sections III and VI"
    departures = (
        "N = 40 and 1,000 networks in all; one choice of a child is always mutated, again where the child is alive "
        f"already; the network found is that of the lowest validation error, the set is in the history; {SEES}"
    )
    requires = (Neighbouring,)
    package = "pymoo"
    Hyper = NSGA2Hyper
    hyper: NSGA2Hyper

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        from pymoo.algorithms.moo import nsga2
        from pymoo.core.problem import Problem
        from pymoo.core.termination import NoTermination

        self.said: list[tuple[float, float | None]] = []
        drawn = [[self.space.sample(self.generator)] for _ in range(self.hyper.population)]
        self.tournaments = nsga2.TournamentSelection(func_comp=nsga2.binary_tournament)
        own = {"mating": SimpleNamespace(do=self.children), "eliminate_duplicates": False}
        self.ranking = nsga2.NSGA2(len(drawn), np.array(drawn, object), **own)
        self.ranking.tournament_type = "comp_by_rank_and_crowding"  # ≺_n; pymoo's own asks for dominance first
        self.ranking.seed = self.seeded("tournaments").initial_seed()
        self.ranking.setup(Problem(n_var=1, n_obj=2, n_ieq_constr=1), termination=NoTermination())
        self.generation = self.ranking.ask()

    def epochs(self, budget: int) -> int:
        """One for each network, whatever the gradient searches are given."""
        return self.hyper.queries

    def children(self, problem: Any, alive: Any, count: int, **given: Any) -> Any:
        """Q_t: of each two parents two children."""
        space, made, living = need(self.space, Neighbouring, self.name), list[str](), {str(one.X[0]) for one in alive}
        for pair in self.tournaments(problem, alive, -(-count // 2), n_parents=2, **given):
            one, other = (str(parent.X[0]) for parent in pair)
            if torch.rand((), generator=self.generator) < self.hyper.crossover:
                one, other = space.crossed(one, other, self.generator)
            for child in (one, other):
                made.append(space.mutate(child, self.generator))
                while made[-1] in living:
                    made[-1] = space.mutate(made[-1], self.generator)
                living.add(made[-1])
        return type(alive).new("X", np.array([[child] for child in made[:count]], object))

    def propose(self) -> str:
        """The next of P_0 or Q_t."""
        return str(self.generation[len(self.said) % self.hyper.population].X[0])

    def told(self, genotype: str, evaluated: Evaluated) -> None:
        """The N first of a generation and of those alive live on once all of it is known."""
        self.said.append((evaluated.val_accuracy, evaluated.costs[self.hyper.cost]))
        if len(self.said) % self.hyper.population == 0:
            for one, (accuracy, cost) in zip(self.generation, self.said[-self.hyper.population :], strict=True):
                one.F, one.G = np.array([100 - accuracy, cost or 0.0]), np.array([float(cost is None)])
            self.ranking.tell(infills=self.generation)
            self.generation = self.ranking.ask()

    def state_dict(self) -> State:
        """What every search by queries keeps, and all that was said: pymoo's own state follows from it."""
        return super().state_dict() | {"said": list(self.said)}

    def load_state_dict(self, state: State) -> None:
        """Continue exactly where ``state_dict`` was taken."""
        assert not self.said, "a state is loaded into a new search"
        for accuracy, cost in state["said"]:
            self.told("", Evaluated(accuracy, 0, 0.0, {self.hyper.cost: cost}))
        super().load_state_dict(state)
