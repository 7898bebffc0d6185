"""GDAS (Dong, Yang, CVPR 2019): each pass runs one operation an edge, drawn by the Gumbel-max trick.

Forward, h = one-hot argmax p̃ with p̃ = softmax((ln softmax α + G) / τ) (their Eq. 3 to 5): only the drawn operation s
runs. Backward, h's gradient is p̃'s: ∇_α L = ⟨∂L/∂out, o_s(x)⟩ ∇_α p̃_s. τ falls linearly from 10 to 0.1.
"""

from __future__ import annotations

from dataclasses import replace

from pydantic import Field

from algorithms import ALGORITHMS
from algorithms.counts import Cost
from algorithms.sampling import Concrete, ConcreteHyper, Named, one_hot, only, straight_through
from spaces.base import Batch, Mix
from spaces.contracts import CellSpace


class GdasHyper(ConcreteHyper):
    """The temperature's ends."""

    tau: float = Field(10.0, gt=0, description="τ at the start")
    tau_min: float = Field(0.1, gt=0, description="τ at the end of its linear fall")


@ALGORITHMS.register
class Gdas(Concrete):
    """Hard Gumbel sampling: 2F + B + Bα a step, each through the sampled operations alone."""

    name = "gdas"
    title = "GDAS"
    traits = ("steady",)
    requires = (CellSpace,)
    space: CellSpace
    cost = Cost(2, 1, 1)
    source = "Dong, Yang, CVPR 2019, Eq. 3 to 5 and Algorithm 1"
    departures = (
        "an operation that was not drawn has no gradient, as in the paper; the authors' code adds its weight to the sum"
    )
    Hyper = GdasHyper
    hyper: GdasHyper

    def step(self, train: Batch, val: Batch) -> None:
        """w on D_t, then α on D_v, each through a sample of its own."""
        self.w.descend(self.grad_w(self.w, train, self.sampled))
        self.alpha.descend(self.grad_alpha(self.w, val, self.sampled))

    def sampled(self, alpha: Named) -> Mix:
        """One operation an edge with weight 1, whose gradient is its p̃'s."""
        soft = self.concrete(alpha)
        drawn = {name: p.detach().argmax(-1, keepdim=True) for name, p in soft.weights.items()}
        return only(replace(soft, weights=straight_through(one_hot(soft, drawn), soft.weights)), drawn)
