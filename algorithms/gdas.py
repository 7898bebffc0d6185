"""GDAS (Dong, Yang, CVPR 2019): each pass runs one operation an edge, drawn by the Gumbel-max trick.

Forward, h = one-hot argmax p̃ with p̃ = softmax((ln softmax α + G) / τ) (their Eq. 3 to 5): only the drawn operation s
runs. Backward, h's gradient is p̃'s: ∇_α L = ⟨∂L/∂out, o_s(x)⟩ ∇_α p̃_s. τ falls linearly from 10 to 0.1. The authors'
code for NAS-Bench-201 also adds Σ_{o ≠ s} h_o, of value 0, to out: ∇_α L gains ⟨∂L/∂out, 1⟩ ∇_α p̃_o for each o.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from pydantic import Field

from algorithms import ALGORITHMS
from algorithms.counts import Cost
from algorithms.sampling import Concrete, ConcreteHyper, Named, on_host, one_hot, only, straight_through
from spaces.base import Batch, Mix
from spaces.contracts import CellSpace


class GdasHyper(ConcreteHyper):
    """The temperature's ends, and what becomes of the operations that are not drawn."""

    tau: float = Field(10.0, gt=0, description="τ at the start")
    tau_min: float = Field(0.1, gt=0, description="τ at the end of its linear fall")
    undrawn: Literal["no_gradient", "added"] = Field(
        "no_gradient",
        description="of the operations not drawn: no gradient, as the paper, or their weights, 0 in value, added to "
        "the edge's output, as the authors' code for NAS-Bench-201 (on darts it adds none either)",
    )


@ALGORITHMS.register
class Gdas(Concrete):
    """Hard Gumbel sampling: 2F + B + Bα a step, each through the sampled operations alone."""

    name = "gdas"
    title = "GDAS"
    traits = ("steady", "logits")
    requires = (CellSpace,)
    space: CellSpace
    cost = Cost(2, 1, 1)
    source = "Dong, Yang, CVPR 2019, Eq. 3 to 5 and Algorithm 1"
    departures = (
        "an operation that was not drawn has no gradient, as in the paper; undrawn=added is the authors' code for "
        "NAS-Bench-201, to which its published figures there belong"
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
        drawn = {name: p.argmax(-1, keepdim=True) for name, p in on_host(soft.weights).items()}
        weights = straight_through(one_hot(soft, drawn), soft.weights)
        mix = only(replace(soft, weights=weights), drawn)
        if self.hyper.undrawn == "no_gradient":
            return mix
        apart = {name: 1 - hard for name, hard in one_hot(soft, drawn).items()}
        return replace(mix, added={name: (w * apart[name]).sum(-1) for name, w in weights.items()})
