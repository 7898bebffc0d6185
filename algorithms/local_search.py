"""Local search (White, Nolen, Savani, UAI 2021; Den Ottelander et al., EMO 2021): to the best neighbour, ever again."""

from __future__ import annotations

from pydantic import Field

from algorithms import ALGORITHMS
from algorithms.base import Evaluated, Setting, State
from algorithms.hyper import Fields
from algorithms.querying import SEES, Querying
from spaces.contracts import Neighbouring, need


class LocalSearchHyper(Fields):
    """How long it goes on."""

    queries: int = Field(1000, ge=1, description="architectures evaluated in all, one an epoch")


@ALGORITHMS.register
class LocalSearch(Querying):
    """Steepest ascent from random starts through the harness's evaluator; no neighbour is asked for twice."""

    name = "local_search"
    title = "Local search"
    source = "White, Nolen, Savani, UAI 2021, Algorithm 1"
    departures = f"it starts anew at a local optimum as long as queries are left; {SEES}"
    requires = (Neighbouring,)
    Hyper = LocalSearchHyper
    hyper: LocalSearchHyper

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.at, self.said = "", dict[str, float]()

    def epochs(self, budget: int) -> int:
        """One for each architecture, whatever the gradient searches are given."""
        return self.hyper.queries

    def propose(self) -> str:
        """The next unknown neighbour; where all are known and none is better, a random start."""
        while self.at:
            near = need(self.space, Neighbouring, self.name).neighbours(self.at)
            if unknown := [genotype for genotype in near if genotype not in self.said]:
                return unknown[0]
            self.at = max((g for g in near if self.said[g] > self.said[self.at]), key=self.said.__getitem__, default="")
        return self.space.sample(self.generator)

    def told(self, genotype: str, evaluated: Evaluated) -> None:
        """The answer is kept; a start is where the search then is."""
        self.said[genotype], self.at = evaluated.val_accuracy, self.at or genotype

    def state_dict(self) -> State:
        """What every search by queries keeps, where this one is, and all answers."""
        return super().state_dict() | {"at": self.at, "said": dict(self.said)}

    def load_state_dict(self, state: State) -> None:
        """Continue exactly where ``state_dict`` was taken."""
        super().load_state_dict(state)
        self.at, self.said = state["at"], dict(state["said"])
