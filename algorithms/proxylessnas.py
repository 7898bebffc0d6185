"""ProxylessNAS (Cai, Zhu, Han, ICLR 2019): binary gates, one path in the weight step and two in α's.

Weights train through one operation an edge drawn from softmax α (their Eq. 2 and 3). α's step draws two, opens the gate
of one of them, and takes ∂L/∂α_i ≈ Σ_j ∂L/∂g_j p_j (δ_ij − p_i) over those two (their Eq. 4), p their softmax; then the
two are shifted so that the probabilities of all others stay what they were (their Section 3.2).
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import torch
from pydantic import Field

from algorithms import ALGORITHMS
from algorithms.counts import Cost
from algorithms.hyper import Hyper
from algorithms.sampling import Named, Sampling, on_host, one_hot, only, straight_through, there
from spaces.base import Batch, Mix
from spaces.contracts import CellSpace


class ProxylessHyper(Hyper):
    """The authors' Adam for α; their latency term is ``latency_weight``."""

    arch_lr: float = Field(6e-3, ge=0, description="η_α: the architecture parameters' learning rate")
    arch_weight_decay: float = Field(0.0, ge=0, description="L2 decay inside α's optimiser")
    arch_beta1: float = Field(0.0, ge=0, lt=1, description="Adam's β₁ for α")


@ALGORITHMS.register
class ProxylessNas(Sampling):
    """Two paths at most: 2F + B + Bα a step, w through one operation an edge and α through two."""

    name = "proxylessnas"
    title = "ProxylessNAS"
    traits = ("steady",)
    requires = (CellSpace,)
    space: CellSpace
    cost = Cost(2, 1, 1)
    source = "Cai, Zhu, Han, ICLR 2019, Eq. 2 to 4 and 9, Section 3.2"
    departures = (
        "one α step a weight step (the authors: one in five on ImageNet), from the first on (theirs: after 40 epochs "
        "of w alone), and also where the open gate is none's (theirs: none then); the latency term is linear in "
        "the expected latency of the drawn pair; under quick and mini α's rate is the protocol's"
    )
    Hyper = ProxylessHyper
    hyper: ProxylessHyper

    def step(self, train: Batch, val: Batch) -> None:
        """w on D_t through one path, then α on D_v through two."""
        drawn_from = on_host(self.alpha.views())
        self.w.descend(self.grad_w(self.w, train, partial(self.one_path, drawn_from)))
        self.pairs = self.draw(drawn_from, 2)
        before = self.alpha.flat.detach().clone()
        self.alpha.descend(self.grad_alpha(self.w, val, partial(self.two_paths, drawn_from, self.pairs)))
        self.settle(self.alpha.views(before), self.pairs)

    def penalised(self, alpha: Named) -> Named:
        """The drawn pairs' weights: what is not drawn stays as it is."""
        return self.space.relax(among(self.pairs, alpha)).weights

    def draw(self, alpha: Named, count: int) -> Named:
        """``count`` different operations of each edge drawn by softmax α, both on the CPU: indices (…, count)."""
        probabilities = {name: torch.softmax(a, -1) for name, a in alpha.items()}
        return {n: torch.multinomial(p, count, generator=self.generator) for n, p in probabilities.items()}

    def one_path(self, drawn_from: Named, alpha: Named) -> Mix:
        """The drawn operation of each edge at weight 1; ``drawn_from``: α on the CPU."""
        mix, drawn = self.space.relax(alpha), self.draw(drawn_from, 1)
        return only(replace(mix, weights=one_hot(mix, drawn)), drawn)

    def two_paths(self, drawn_from: Named, pairs: Named, alpha: Named) -> Mix:
        """The two drawn operations run; the open gate, drawn by their softmax p, is 1; a gate's gradient is p's."""
        pair_of = {name: a.gather(-1, pairs[name]) for name, a in drawn_from.items()}
        place = self.draw(pair_of, 1)
        opened = {name: pairs[name].gather(-1, index) for name, index in place.items()}
        soft = self.space.relax(among(pairs, alpha))
        return only(replace(soft, weights=straight_through(one_hot(soft, opened), soft.weights)), pairs)

    @torch.no_grad()
    def settle(self, before: Named, pairs: Named) -> None:
        """Undo what the optimiser did to operations that were not drawn; keep the pair's sum of exponentials."""
        for name, after in self.alpha.views(self.alpha.flat.detach()).items():
            old, index = before[name], there(pairs[name], after)
            new = after.gather(-1, index)
            shift = new.logsumexp(-1, keepdim=True) - old.gather(-1, index).logsumexp(-1, keepdim=True)
            after.copy_(old.scatter(-1, index, new - shift))


def among(pairs: Named, alpha: Named) -> Named:
    """α of the drawn operations, minus infinity for all others: its softmax is the pair's."""
    closed = {n: torch.full_like(a, -torch.inf).scatter_(-1, there(pairs[n], a), 0.0) for n, a in alpha.items()}
    return {name: a + closed[name] for name, a in alpha.items()}
