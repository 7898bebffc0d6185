"""Local search (White, Nolen, Savani, UAI 2021; Den Ottelander et al., EMO 2021): to the best neighbour, ever again."""

from __future__ import annotations

import math

import torch
from pydantic import Field

from algorithms import ALGORITHMS
from algorithms.base import Evaluated, Setting, State
from algorithms.hyper import Fields
from algorithms.querying import SEES, Querying
from spaces.contracts import Neighbouring, need


class LocalSearchHyper(Fields):
    """How long it goes on."""

    queries: int = Field(1000, ge=1, description="architectures evaluated in all, one an epoch")
    starts: int = Field(1, ge=1, description="draws before each climb, which begins from the best of them")
    first_better: bool = Field(False, description="go to the first better neighbour found, in random order")


@ALGORITHMS.register
class LocalSearch(Querying):
    """Steepest ascent from random starts through the harness's evaluator; no neighbour is asked for twice."""

    name = "local_search"
    title = "Local search"
    source = "White, Nolen, Savani, UAI 2021, Algorithm 1"
    departures = (
        "it starts anew at a local optimum as long as queries are left; the authors' code draws ten starts and takes "
        f"the first better neighbour, which Algorithm 1 does not: starts = 10, first_better = true; {SEES}"
    )
    requires = (Neighbouring,)
    Hyper = LocalSearchHyper
    hyper: LocalSearchHyper

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.at, self.said, self.begun = "", dict[str, float](), list[str]()

    def epochs(self, budget: int) -> int:
        """One for each architecture, whatever the gradient searches are given."""
        return self.hyper.queries

    def propose(self) -> str:
        """The next unknown neighbour; where all are known and none is better, a random start."""
        while self.at:
            near = need(self.space, Neighbouring, self.name).neighbours(self.at)
            better = [genotype for genotype in near if self.said.get(genotype, -math.inf) > self.said[self.at]]
            unknown = [genotype for genotype in near if genotype not in self.said]
            if unknown and not (better and self.hyper.first_better):
                return unknown[self.drawn(len(unknown))]
            self.at = max(better, key=self.said.__getitem__, default="")
        return self.space.sample(self.generator)

    def drawn(self, count: int) -> int:
        """Which of the unknown neighbours: the first, or a random one where their order decides."""
        return int(torch.randint(count, (1,), generator=self.generator)) if self.hyper.first_better else 0

    def told(self, genotype: str, evaluated: Evaluated) -> None:
        """The answer is kept; the best of the starts is where the search then is."""
        self.said[genotype] = evaluated.val_accuracy
        if self.at:
            return
        self.begun.append(genotype)
        if len(self.begun) == self.hyper.starts:
            self.at, self.begun = max(self.begun, key=self.said.__getitem__), []

    def state_dict(self) -> State:
        """What every search by queries keeps, where this one is, and all answers."""
        return super().state_dict() | {"at": self.at, "said": dict(self.said), "begun": [*self.begun]}

    def load_state_dict(self, state: State) -> None:
        """Continue exactly where ``state_dict`` was taken."""
        super().load_state_dict(state)
        self.at, self.said, self.begun = state["at"], dict(state["said"]), [*state["begun"]]
