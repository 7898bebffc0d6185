"""Λ-DARTS (Movahedi, Adabinejad, Imani, Keshavarz, Dehghani, Shakery, Araabi, ICLR 2023): cells must agree.

All cells share α, so that the loss's gradients g_l to the weights of cell l are summed, and the cells near the output
decide. w therefore descends L_t − λ Λ, with the layer alignment Λ = mean over pairs of cos(g_l, g_l') (their Eq. 8).
Its gradient Σ_l ∇²_{w,l} L_t · δ_l, δ_l = ∂Λ/∂g_l, is a central difference of ∇_w L_t, at each cell's weights moved
along its δ_l (their Eq. 10). λ rises linearly from 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import torch
from pydantic import Field
from torch import Tensor

from algorithms import PARTS
from algorithms.counts import Cost
from algorithms.hyper import Hyper
from algorithms.parameters import Parameters
from algorithms.passes import Relax
from algorithms.wrapping import Part
from results.errors import BadInput
from spaces.base import Alpha, Batch, Mix, Space
from spaces.contracts import Stackable, offers


class AlignmentHyper(Hyper):
    """The authors' values for CIFAR-10 on NAS-Bench-201."""

    lambda_weight: float = Field(0.125, ge=0, description="λ of the layer alignment at the end of its linear rise")
    lambda_epsilon: float = Field(1e-4, gt=0, description="ε₀ of the central difference: ε = ε₀/‖δ‖")

    def fits(self, space: Space) -> None:
        """The weight step has a pass of its own, whose loss the alignment joins."""
        super().fits(space)
        if not self.steps_apart:
            raise BadInput("+lambda: one pass gives w's gradient and α's, so that w's has no loss of its own")
        if offers(space, Stackable) and space.layers(space.skip[0]) < 2:
            raise BadInput("+lambda: a single normal cell has no other to agree with: give more with --set space.cells")


@PARTS.register
class LayerAlignment(Part):
    """Two more gradients to w a weight step, of any softmax search: 2F + 2B each."""

    name = "lambda"
    title = "Λ"
    wraps = ("softmax", "mixture")
    keeps = ("steady", "softmax", "logits", "alternating")
    adds = Cost(2, 2, 0)
    source = "Movahedi et al., ICLR 2023, Eq. 8 to 10"
    departures = (
        "λ rises from step to step, the authors' from epoch to epoch; only cells of the normal kind are aligned, as in "
        "their code; α's learning rate is the search's, theirs on NAS-Bench-201 is 1e-4; a second-order search looks "
        "ahead along ∇_w L_t alone"
    )
    Hyper = AlignmentHyper
    hyper: AlignmentHyper
    requires = (Stackable,)
    space: Stackable

    def grad_w(self, w: Parameters | Tensor, batch: Batch, relax: Relax | None = None) -> Tensor:
        """∇_w [L_t − λ Λ]."""
        of_cells: list[Tensor] = []
        gradient, _ = self.grad_both(w, batch, partial(self.each_cell, relax or self.relax, of_cells.append))
        delta = alignment_slope(of_cells[0])
        epsilon = self.hyper.lambda_epsilon / float(delta.norm().clamp(min=torch.finfo(delta.dtype).tiny))
        beside = batch._replace(half="alignment")
        ahead, behind = (
            super(LayerAlignment, self).grad_w(w, beside, partial(self.moved, relax or self.relax, step * delta))
            for step in (epsilon, -epsilon)
        )
        return gradient - self.hyper.lambda_weight * min(self.progress, 1.0) * (ahead - behind) / (2 * epsilon)

    def each_cell(self, relax: Relax, tell: Callable[[Tensor], None], alpha: Alpha) -> Mix:
        """The mix with weights of each cell's own, whose gradients ``tell`` is called with in the backward pass."""
        mix, (name, _) = relax(alpha), self.space.skip
        own = mix.weights[name].expand(self.space.layers(name), -1, -1).clone()
        own.register_hook(tell)  # type: ignore[no-untyped-call]  # torch's own is untyped
        return replace(mix, weights={**mix.weights, name: own})

    def moved(self, relax: Relax, delta: Tensor, alpha: Alpha) -> Mix:
        """The mix with each cell's weights moved by its row of ``delta`` (cells, E, operations)."""
        mix, (name, _) = relax(alpha), self.space.skip
        return replace(mix, weights={**mix.weights, name: mix.weights[name] + delta})


def alignment(of_cells: Tensor) -> Tensor:
    """Λ: the mean over pairs of cells of the cosine of their gradients (cells, …)."""
    u = torch.nn.functional.normalize(of_cells.flatten(1), dim=1)
    cells = len(u)
    return (u.sum(0).square().sum() - u.square().sum()) / (cells * (cells - 1))


def alignment_slope(of_cells: Tensor) -> Tensor:
    """∂Λ/∂g_l for each cell, shaped as ``of_cells``: 2 / (L (L − 1)) · (I − u_l u_lᵀ) Σ u / ‖g_l‖."""
    g = of_cells.detach().requires_grad_()
    (slope,) = torch.autograd.grad(alignment(g), g)
    return slope
