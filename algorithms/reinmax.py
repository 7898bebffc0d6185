"""ReinMax (Liu, Dong, Liu, Yu, Gao, NeurIPS 2023): one operation an edge, its gradient right to the second order.

A draw D of softmax α stands for each edge. Straight-through takes ∂L/∂D for ∂L/∂(softmax α), Euler's first-order rule
for the difference L(D) − L(I_j); ReinMax takes Heun's second-order one (their Eq. 7 and Algorithm 2):
2 J(π₁) − ½ J(π₀) in place of softmax's Jacobian J, with π₀ = softmax α and π₁ = (D + softmax (α/τ)) / 2. Where L is
quadratic in D, and τ = 1, its expectation is the gradient of E L(D) exactly.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from pydantic import Field
from torch import Tensor

from algorithms import ALGORITHMS
from algorithms.counts import Cost
from algorithms.hyper import Hyper
from algorithms.sampling import Named, Sampling, on_host, one_hot, only
from spaces.base import Batch, Mix
from spaces.contracts import CellSpace


class ReinMaxHyper(Hyper):
    """The temperature of the straight-through half; the second order is exact at 1."""

    tau: float = Field(1.0, ge=1, description="τ of softmax (α/τ) in π₁")


@ALGORITHMS.register
class ReinMax(Sampling):
    """GDAS's two steps with another estimator: 2F + B + Bα, w through one operation an edge, α's pass through all."""

    name = "reinmax"
    title = "ReinMax"
    traits = ("steady", "logits")
    cost = Cost(2, 1, 1)
    source = "Liu, Dong, Liu, Yu, Gao, NeurIPS 2023, Eq. 7 and Algorithm 2"
    departures = (
        "every operation runs in α's pass, at weight 0 but for the drawn one, for the estimator reads ∂L/∂D of all; "
        "the paper tunes τ, here it is 1"
    )
    Hyper = ReinMaxHyper
    hyper: ReinMaxHyper
    requires = (CellSpace,)
    space: CellSpace

    def step(self, train: Batch, val: Batch) -> None:
        """w on D_t through one path, then α on D_v at a draw of its own."""
        self.w.descend(self.grad_w(self.w, train, self.one_path))
        self.alpha.descend(self.grad_alpha(self.w, val, self.sampled))

    def draw(self, alpha: Named) -> Named:
        """An operation of each edge drawn by softmax α: indices (…, 1) on the CPU."""
        probabilities = {name: torch.softmax(a, -1) for name, a in on_host(alpha).items()}
        return {name: torch.multinomial(p, 1, generator=self.generator) for name, p in probabilities.items()}

    def one_path(self, alpha: Named) -> Mix:
        """The drawn operation of each edge alone, at weight 1."""
        mix, drawn = self.space.relax(alpha), self.draw(alpha)
        return only(replace(mix, weights=one_hot(mix, drawn)), drawn)

    def sampled(self, alpha: Named) -> Mix:
        """The drawn operation at weight 1, the others at 0; the gradient is ReinMax's."""
        mix = self.space.relax(alpha)
        hard = one_hot(mix, self.draw(alpha))
        return replace(mix, weights={name: reinmax(a, hard[name], self.hyper.tau) for name, a in alpha.items()})


def reinmax(alpha: Tensor, drawn: Tensor, tau: float) -> Tensor:
    """``drawn`` (…, operations), one-hot, with the gradient 2 J(π₁) − ½ J(π₀) to ``alpha``."""
    pi_0 = torch.softmax(alpha, -1)
    halfway = (drawn + torch.softmax(alpha.detach() / tau, -1)) / 2
    # A softmax that is π₁ at ``alpha``: its Jacobian is J(π₁).
    pi_1 = torch.softmax(alpha + (halfway.log() - alpha.detach()), -1)
    rule = 2 * pi_1 - pi_0 / 2
    return drawn + (rule - rule.detach())
