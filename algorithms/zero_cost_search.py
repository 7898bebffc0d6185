"""Zero-cost search: k architectures drawn uniformly, the one whose untrained network scores highest kept.

Mellor et al. (ICML 2021), Algorithm 1. Every network starts from the same seed and sees the same batch of D_t.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from pydantic import Field

from algorithms import ALGORITHMS
from algorithms.base import Evaluated, Pair, Setting, State
from algorithms.executed import Executed
from algorithms.hyper import Fields
from algorithms.querying import Querying
from algorithms.zero_cost import SCORES, ScoreName
from spaces.base import Batch
from spaces.contracts import CellSpace


class ZeroCostHyper(Fields):
    """How many architectures are drawn, and what ranks them."""

    k: int = Field(100, ge=1, description="architectures drawn and scored, one an epoch")
    score: ScoreName = Field("naswot", description="the zero-cost score that ranks them")


@ALGORITHMS.register
class ZeroCostSearch(Querying):
    """Answers its own questions: an architecture's score stands where others are told a validation accuracy."""

    name = "zerocost"
    title = "Zero-cost"
    queries = False
    requires = (CellSpace,)
    source = "Mellor et al., ICML 2021, Algorithm 1"
    departures = "the networks are of the search's size, and the batch is of the search's, augmented"
    Hyper = ZeroCostHyper
    hyper: ZeroCostHyper

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.evaluate = self.scored
        self.batch: Batch | None = None

    def epochs(self, budget: int) -> int:
        """One for each architecture, whatever the gradient searches are given."""
        return self.hyper.k

    def propose(self) -> str:
        """A genotype drawn uniformly."""
        return self.space.sample(self.generator)

    def epoch(self, pairs: Iterable[Pair]) -> dict[str, float]:
        """Score one on the first batch of D_t that was seen; there is no accuracy to report."""
        self.batch = self.batch or next(iter(pairs))[0]
        super().epoch(())
        return {}

    def scored(self, genotype: str) -> Evaluated:
        """The score of its fresh network, and the multiply-adds that it took; the passes are counted here."""
        assert self.batch is not None
        score = SCORES[self.hyper.score]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seeded("init").initial_seed())
            network = self.space.build(genotype).to(self.device)
        with Executed() as executed:
            value = score.of(network, self.batch)
        self._counts.forwards += score.passes.forwards
        self._counts.weight_backwards += score.passes.weight_backwards
        self._counts.alpha_backwards += score.passes.alpha_backwards
        # What is counted from shapes alone runs nothing.
        return Evaluated(value, executed.macs if score.passes.forwards else 0, 0.0)

    def state_dict(self) -> State:
        """A querying search's, and the batch."""
        return super().state_dict() | {"batch": None if self.batch is None else list(self.batch)}

    def load_state_dict(self, state: State) -> None:
        """Continue exactly where ``state_dict`` was taken."""
        super().load_state_dict(state)
        if state["batch"] is not None:
            x, y, half = state["batch"]
            self.batch = Batch(x.to(self.device), y.to(self.device), half)
