"""GAEA (Li, Khodak, Balcan, Talwalkar, ICLR 2021): exponentiated gradient on the simplex in place of Adam on logits.

An edge's weights θ = softmax α move by θ ← θ ⊙ exp(−η ∇_θ L), then over their sum (their Algorithm 1). In logits this
is α ← α − η ∇_θ L, and up to a shift, which a softmax does not see, ∇_θ L is ∇_α L / θ: the search's own gradient
serves.
"""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor

from algorithms import PARTS
from algorithms.hyper import Hyper
from algorithms.optimisers import Make, plain_descent
from algorithms.wrapping import Part
from spaces.base import Alpha
from spaces.contracts import CellSpace

SMALLEST = 1e-5
"""The least weight of an operation, as in the authors' code: from 0 none comes back."""


class GaeaHyper(Hyper):
    """The authors' field. α's own optimiser, its rate and its decay have no effect."""

    gaea_lr: float = Field(0.1, ge=0, description="η of the exponentiated gradient")


@PARTS.register
class Gaea(Part):
    """Exponentiated gradient for any search whose choice is softmax α: no pass more."""

    name = "gaea"
    title = "GAEA"
    wraps = ("logits",)
    keeps = ("steady", "softmax", "logits", "mixture", "alternating")
    source = "Li, Khodak, Balcan, Talwalkar, ICLR 2021, Algorithm 1"
    departures = (
        "θ starts at the softmax of the space's α, within 1e-3 of the authors' uniform; none stays, which the authors "
        "leave out on NAS-Bench-201; under mini η is ten times theirs, as every rate of α is there; at most 1/1e-5 "
        "times ∇_α is taken for ∇_θ; their single-level search (ERM) is --split all"
    )
    Hyper = GaeaHyper
    hyper: GaeaHyper
    requires = (CellSpace,)
    space: CellSpace

    def alpha_optimiser(self) -> Make:
        """Plain descent: ``alpha_direction`` makes it exponentiated."""
        return plain_descent(self.hyper.gaea_lr)

    def arch_lr_at(self, progress: float) -> float:
        """η, throughout."""
        return self.hyper.gaea_lr

    def theta(self) -> Alpha:
        """θ by name, shaped as α."""
        return self.space.relax(self.alpha.views(self.alpha.flat.detach())).weights

    def alpha_direction(self, gradient: Tensor) -> Tensor:
        """∇_α L / θ, which is ∇_θ L − ⟨θ, ∇_θ L⟩ on each edge."""
        weights = self.theta()
        theta = torch.cat([weights[name].flatten() for name in self.alpha.layout])
        return gradient / theta.clamp(min=SMALLEST)

    @torch.no_grad()
    def prox(self) -> None:
        """α = ln θ, no θ below ``SMALLEST``."""
        super().prox()
        views = self.alpha.views()
        for name, theta in self.theta().items():
            # What the space closes stays closed: its weight is exactly 0.
            views[name].copy_(torch.where(theta > 0, theta.clamp(min=SMALLEST).log(), views[name]))
