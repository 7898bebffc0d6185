"""DrNAS (Chen, Wang, Cheng, Tang, Hsieh, ICLR 2021): an edge's weights are drawn from a Dirichlet that is learned.

Each pass draws θ ~ Dir(c), c = elu(α) + 1, on every edge; α descends E L_val(w, θ) by the pathwise gradient of the draw
(their Eq. 3 and 4), w descends L_train at a draw of its own. Where c is small, draws lie near the corners and explore;
it grows as α learns. The decay inside α's optimiser holds c near the uniform Dir(1), at α = 0 (their Section 3.2).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from pydantic import Field
from torch import Tensor
from torch.distributions import Dirichlet
from torch.nn.functional import elu

from algorithms import ALGORITHMS
from algorithms.counts import Cost
from algorithms.hyper import Hyper
from algorithms.sampling import Named, Sampling
from spaces.base import Batch, Mix
from spaces.contracts import CellSpace


class DrNasHyper(Hyper):
    """The authors' rate on DARTS cells (theirs on NAS-Bench-201: 3e-4); the decay is the shared 1e-3."""

    arch_lr: float = Field(6e-4, ge=0, description="η_α: the architecture parameters' learning rate")


@ALGORITHMS.register
class DrNas(Sampling):
    """Every operation runs at drawn weights: 2F + B + Bα a step."""

    name = "drnas"
    title = "DrNAS"
    traits = ("steady", "alternating")
    cost = Cost(2, 1, 1)
    source = "Chen, Wang, Cheng, Tang, Hsieh, ICLR 2021, Eq. 3 and 4, Algorithm 1"
    departures = (
        "without the progressive scheme (partial channels and fewer operations in two stages); the distance to Dir(1) "
        "is the L2 of the authors' code, not its KL. Others could not repeat the "
        "paper's 73.51 on CIFAR-100 of NAS-Bench-201 (70.88) nor the 2.46 of its published cell (2.67 ± 0.09): issue "
        "10 of xiangning-chen/DrNAS, open"
    )
    Hyper = DrNasHyper
    hyper: DrNasHyper
    requires = (CellSpace,)
    space: CellSpace

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
        found = {}
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
