"""Random search: k architectures drawn uniformly, the best by validation accuracy kept.

The control that every differentiable search must beat (Li and Talwalkar, UAI 2019; Yu et al., ICLR 2020).
"""

from __future__ import annotations

from pydantic import Field

from algorithms import ALGORITHMS
from algorithms.hyper import Fields
from algorithms.querying import SEES, Querying


class RandomHyper(Fields):
    """How many architectures are drawn."""

    k: int = Field(10, ge=1, description="architectures drawn and evaluated, one an epoch")


@ALGORITHMS.register
class RandomSearch(Querying):
    """Draws one architecture an epoch and asks the harness's evaluator for its validation accuracy."""

    name = "random"
    title = "Random"
    order = 1000
    role = "control"
    source = "Li, Talwalkar, UAI 2019, Section 3"
    departures = SEES
    Hyper = RandomHyper
    hyper: RandomHyper

    def epochs(self, budget: int) -> int:
        """One for each architecture, whatever the gradient searches are given."""
        return self.hyper.k

    def propose(self) -> str:
        """A genotype drawn uniformly."""
        return self.space.sample(self.generator)
