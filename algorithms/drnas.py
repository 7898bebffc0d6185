"""DrNAS (Chen, Wang, Cheng, Tang, Hsieh, ICLR 2021): an edge's weights are drawn from a Dirichlet that is learned.

Each pass draws θ ~ Dir(c), c = elu(α) + 1, on every edge; α descends E L_val(w, θ) by the pathwise gradient of the draw
(their Eq. 3 and 4), w descends L_train at a draw of its own. Where c is small, draws lie near the corners and explore;
it grows as α learns. A distance to the uniform Dir(1), at α = 0, holds c near it (their Section 3.2): the decay inside
α's optimiser, or λ KL(Dir(c) ‖ Dir(1)) beside L_val.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor
from torch.distributions import Dirichlet
from torch.nn.functional import elu

from algorithms import ALGORITHMS
from algorithms.counts import Cost
from algorithms.hyper import Hyper
from algorithms.optimisers import Make, alpha_optimiser
from algorithms.sampling import Named, Sampling
from spaces.base import Batch, Mix
from spaces.contracts import CellSpace


class DrNasHyper(Hyper):
    """The authors' on NAS-Bench-201; on DARTS cells their arch_lr is 6e-4, which the protocols set there."""

    arch_lr: float = Field(3e-4, ge=0, description="η_α: the architecture parameters' learning rate")
    distance: Literal["l2", "kl"] = Field(
        "l2", description="how c is held near Dir(1), weighed by arch_weight_decay: α's decay, or the KL divergence"
    )


@ALGORITHMS.register
class DrNas(Sampling):
    """Every operation runs at drawn weights: 2F + B + Bα a step."""

    name = "drnas"
    title = "DrNAS"
    traits: ClassVar[tuple[str, ...]] = ("steady", "alternating")
    cost = Cost(2, 1, 1)
    source = "Chen, Wang, Cheng, Tang, Hsieh, ICLR 2021, Eq. 3 and 4, Algorithm 1"
    departures = (
        "by default the distance to Dir(1) is the L2 of the authors' code, not its KL; on DARTS cells `none` is one of "
        "eight operations, which theirs leaves out, and paper's supernet is DARTS's, 16 channels, 8 cells and a rate "
        "from 0.025 to 0.001, where theirs has 36, 20 and from 0.1 to 0. Others could not repeat the paper's 73.51 on "
        "CIFAR-100 of NAS-Bench-201 (70.88): issue 10 of xiangning-chen/DrNAS, open"
    )
    Hyper = DrNasHyper
    hyper: DrNasHyper
    requires = (CellSpace,)
    space: CellSpace

    def alpha_optimiser(self) -> Make:
        """With α's decay where the distance is L2."""
        none = {"arch_weight_decay": 0.0}
        return alpha_optimiser(self.hyper if self.hyper.distance == "l2" else self.hyper.model_copy(update=none))

    def grad_penalty(self) -> Tensor | float:
        """∇_α of the search's penalties, and of λ Σ KL(Dir(c) ‖ Dir(1)) over edges where that is the distance."""
        others = super().grad_penalty()
        if self.hyper.distance == "l2":
            return others
        alpha = self.alpha.flat.detach().requires_grad_()
        named = self.alpha.views(alpha)
        weights = self.space.relax(named).weights
        kl = torch.stack([divergence(concentration(a), weights[name].detach() > 0) for name, a in named.items()])
        return others + torch.autograd.grad(self.hyper.arch_weight_decay * kl.sum(), alpha)[0]

    def step(self, train: Batch, val: Batch) -> None:
        """α on D_v, then w on D_t, each at draws of its own."""
        self.alpha.descend(self.grad_alpha(self.w, val, self.sampled))
        self.w.descend(self.grad_w(self.w, train, self.sampled))

    def sampled(self, alpha: Named) -> Mix:
        """θ ~ Dir(c) on each edge."""
        return self.of_edges(alpha, self.draw)

    def relax(self, alpha: Named) -> Mix:
        """The mean, c over its sum: what α stands for where nothing is drawn."""
        return self.of_edges(alpha, lambda c: c / c.sum(-1, keepdim=True))

    def of_edges(self, alpha: Named, weights: Callable[[Tensor], Tensor]) -> Mix:
        """The space's mix with ``weights`` of each edge's concentrations, of the operations that the space allows."""
        mix = self.space.relax(alpha)
        found = dict(mix.weights)
        for name, a in alpha.items():
            # What the space closes has a softmax of exactly 0; what is left of a Dirichlet, over its sum, is one again.
            theta = weights(concentration(a)) * (mix.weights[name].detach() > 0)
            found[name] = theta / theta.sum(-1, keepdim=True)
        return replace(mix, weights=found)

    def draw(self, c: Tensor) -> Tensor:
        """One draw an edge, with the pathwise gradient, on the CPU by this search's own generator."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(torch.randint(2**62, (1,), generator=self.generator)))
            return Dirichlet(c.cpu()).rsample().to(c.device)


def concentration(alpha: Tensor) -> Tensor:
    """c = elu(α) + 1, above 0."""
    return (elu(alpha) + 1).clamp(min=torch.finfo(alpha.dtype).eps)


def divergence(c: Tensor, allowed: Tensor) -> Tensor:
    """Σ over edges of KL(Dir(c) ‖ Dir(1)), each edge's of the operations that it can have; both (edges, operations).

    ln Γ(Σ c) − Σ ln Γ(c) − ln Γ(K) + Σ (c − 1)(ψ(c) − ψ(Σ c)), K operations.
    """
    total = (c * allowed).sum(-1, keepdim=True)
    c = torch.where(allowed, c, 1.0)  # at 1 an operation adds nothing
    own = (c - 1) * (c.digamma() - total.digamma()) - c.lgamma()
    return own.sum() + (total.lgamma() - allowed.sum(-1, keepdim=True).to(c).lgamma()).sum()
