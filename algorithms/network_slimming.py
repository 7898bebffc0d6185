"""Network Slimming (Liu, Li, Shen, Huang, Yan, Zhang, ICCV 2017): batch norm's own scales γ are the gates.

Weights and scales are trained together, on all data, by one SGD on L + ρ Σ|γ| (their Eq. 1), with the subgradient of
ℓ1: γ ← γ − η (∇_γ L + ρ sign γ). Channels go by |γ|. So the gates α stay at 1, which leaves the plain network, and what
this search finds is read from its weights: a gated layer carries the name of its batch norm.
"""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor, nn

from algorithms import ALGORITHMS
from algorithms.base import Setting
from algorithms.counts import Cost
from algorithms.hyper import Fields, Hyper
from algorithms.search import Search
from results.errors import BadInput
from spaces.base import Batch, Space
from spaces.contracts import WidthSpace, need


class NetworkSlimmingHyper(Hyper):
    """ℓ1 on the scales and their start. Momentum, decay and clip act on γ as on any weight; arch_* have no effect."""

    scale_l1: float = Field(1e-5, ge=0, description="ρ: weight of ℓ1 on every batch-norm scale")
    scale_start: float = Field(0.5, gt=0, description="every batch-norm scale at the start")


@ALGORITHMS.register
class NetworkSlimming(Search):
    """Single-level training with ℓ1 on batch norm's scales: 2F + 2B a step, a step of w on each half's batch."""

    name = "network_slimming"
    title = "Network Slimming"
    cost = Cost(2, 2)
    requires = (WidthSpace,)
    source = "Liu, Li, Shen, Huang, Yan, Zhang, ICCV 2017, Eq. 1"
    departures = "the gradient is clipped as the protocol says (the authors: never)"
    Hyper = NetworkSlimmingHyper
    hyper: NetworkSlimmingHyper

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.is_scale = torch.zeros_like(self.w.flat)
        scales = {f"{name}.weight" for name in batch_norms(self.passes.skeleton)}
        for name, part in self.w.views(self.is_scale).items():
            part.fill_(name in scales)
        with torch.no_grad():
            self.w.flat[self.is_scale.bool()] = self.hyper.scale_start

    @classmethod
    def check(cls, space: Space, hyper: Fields) -> None:
        """The space gates batch norms, and a ratio is given: a subgradient leaves no exact zeros to decide by."""
        super().check(space, hyper)
        with torch.device("meta"):
            names = batch_norms(space.supernet())
        if not names.issuperset(space.alphas(torch.Generator())):
            raise BadInput(f"{cls.name} prunes channels, but the space {space.name} has no gates after batch norms")
        if need(space, WidthSpace, cls.name).options.prc is None:
            raise BadInput(f"{cls.name} needs a pruned-channel ratio: its scales are never exactly 0; set space.prc")

    def step(self, train: Batch, val: Batch) -> None:
        """γ ← γ − η (∇_γ L + ρ sign γ), and every other weight along ∇L, on all data: both batches in turn."""
        for batch in (train, val):
            self.w.descend(self.grad_w(self.w, batch) + self.hyper.scale_l1 * self.grad_l1())

    def grad_l1(self) -> Tensor:
        """The subgradient of Σ|γ|: sign γ, and 0 for every other weight."""
        return self.is_scale * self.w.flat.detach().sign()

    def genotype(self) -> str:
        """The space's own rule on the scales of its gated layers."""
        scales = self.w.views(self.w.flat.detach().cpu())
        return self.space.discretise({layer: scales[f"{layer}.weight"] for layer in self.alpha.layout})


def batch_norms(network: nn.Module) -> set[str]:
    """The names of the batch norms of a network."""
    return {name for name, module in network.named_modules() if isinstance(module, nn.BatchNorm2d)}
