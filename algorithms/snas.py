"""SNAS (Xie, Zheng, Liu, Lin, ICLR 2019): weights and α learn together from one sampled loss, on all data.

Each edge's weights are a draw from the concrete distribution, Z = softmax((α + G) / τ) (their Eq. 5); one backward pass
gives ∇_w and the search gradient ∇_α of E[L(Z)] (their Eq. 9). A linear cost's expectation over draws is ⟨softmax α, C⟩
exactly, so that the resource constraint (their Eq. 11) is the space's penalty.
"""

from __future__ import annotations

from pydantic import Field

from algorithms import ALGORITHMS
from algorithms.counts import Cost
from algorithms.sampling import Concrete, ConcreteHyper
from spaces.base import Batch
from spaces.contracts import CellSpace


class SnasHyper(ConcreteHyper):
    """The temperature's ends. ``latency_weight`` is the resource constraint: mild or moderate by its size."""

    tau: float = Field(1.0, gt=0, description="τ at the start")
    tau_min: float = Field(0.03, gt=0, description="τ at the end of its linear fall")


@ALGORITHMS.register
class Snas(Concrete):
    """Single-level stochastic search: 2F + 2B a step, for it trains w and α on either half's batch."""

    name = "snas"
    title = "SNAS"
    traits = ("steady",)
    requires = (CellSpace,)
    space: CellSpace
    cost = Cost(2, 2)
    source = "Xie, Zheng, Liu, Lin, ICLR 2019, Eq. 5, 9 and 11"
    departures = (
        "trained on all data, as the paper: a step is one update on the batch of D_t and one on that of D_v; without "
        "the authors' drop-path of 0.3; α starts at the space's 1e-3 · normal, theirs at 1e-2"
    )
    Hyper = SnasHyper
    hyper: SnasHyper

    def step(self, train: Batch, val: Batch) -> None:
        """w and α down one sampled loss, on each batch."""
        for batch in (train, val):
            grad_w, grad_alpha = self.grad_both(self.w, batch, self.concrete)
            self.w.descend(grad_w)
            self.alpha.descend(grad_alpha)
