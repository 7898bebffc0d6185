"""MiLeNAS (He, Ye, Shen, Zhang, CVPR 2020), as Eq. 3 of the RARTS paper.

w ← w − η_w ∇_w L_t(w, α);  α ← α − η_α [∇_α L_t(w, α) + λ ∇_α L_v(w, α)]. The second order takes both of α's losses at
w' = w − ξ ∇_w L_t(w, α), as DARTS's does.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field
from torch import Tensor

from algorithms import ALGORITHMS
from algorithms.counts import Cost
from algorithms.hyper import Hyper
from algorithms.search import Search
from algorithms.unrolled import Unrolled, UnrolledHyper
from spaces.base import Batch


class MileNasHyper(Hyper):
    """The mixed level's weight and the order of its two steps."""

    lam: float = Field(1.0, ge=0, description="λ: weight of L_v beside L_t in α's gradient")
    update_order: Literal["weights_first", "alpha_first"] = Field(
        "weights_first", description="weights_first as Eq. 3, alpha_first as the authors' code"
    )


@ALGORITHMS.register
class MileNas(Search):
    """Mixed-level NAS: 3F + B + 2Bα a step."""

    name = "milenas"
    title = "MiLeNAS"
    order = 3
    traits: ClassVar[tuple[str, ...]] = ("steady", "softmax", "logits", "mixture", "alternating")
    cost = Cost(3, 1, 2)
    source = "He, Ye, Shen, Zhang, CVPR 2020, as Xue, Qi, Xin, IEEE Access 2022, Eq. 3"
    departures = (
        "w's step comes first, as in Eq. 3 of the RARTS paper, α's in the authors' code (update_order=alpha_first); λ "
        "weighs L_v, in their code L_t; w's gradient is clipped, in their code α's, which has no effect on w"
    )
    Hyper = MileNasHyper
    hyper: MileNasHyper

    def step(self, train: Batch, val: Batch) -> None:
        """w on D_t, α on both halves."""
        if self.hyper.update_order == "weights_first":
            self.step_w(train)
            self.step_alpha(train, val)
        else:
            self.step_alpha(train, val)
            self.step_w(train)

    def step_w(self, train: Batch) -> None:
        """w ← w − η_w ∇_w L_t(w, α)."""
        self.w.descend(self.grad_w(self.w, train))

    def step_alpha(self, train: Batch, val: Batch) -> None:
        """α ← α − η_α [∇_α L_t(w, α) + λ ∇_α L_v(w, α)]."""
        mixed = self.grad_alpha(self.w, train) + self.hyper.lam * self.grad_alpha(self.w, val)
        self.alpha.descend(mixed)


class MileNas2Hyper(MileNasHyper, UnrolledHyper):
    """The mixed level's fields, and the look-ahead."""


@ALGORITHMS.register
class MileNas2(Unrolled, MileNas):
    """Second-order mixed-level NAS: 6F + 4B + 2Bα a step with the finite difference."""

    name = "milenas2"
    title = "MiLeNAS-2"
    traits = ("steady", "softmax", "logits", "mixture")
    cost = Cost(6, 4, 2)
    source = "He, Ye, Shen, Zhang, CVPR 2020, the mixed level at the w' of DARTS, Eq. 6"
    departures = "the two losses share one w' and, the product being linear, one second derivative"
    Hyper = MileNas2Hyper
    hyper: MileNas2Hyper

    def step_alpha(self, train: Batch, val: Batch) -> None:
        """α ← α − η_α ∇_α [L_t(w', α) + λ L_v(w', α)]."""
        self.alpha.descend(self.outer_gradient(train, val))

    def outer_gradient(self, train: Batch, val: Batch) -> Tensor:
        """∂_α L − ξ ∇²_{α,w} L_t(w, α) · ∇_{w'} L of the mixed loss L = L_t + λ L_v at w'."""
        w_ahead, lam = self.look_ahead(train), self.hyper.lam
        (v_t, alpha_t), (v_v, alpha_v) = self.grad_both(w_ahead, train), self.grad_both(w_ahead, val)
        return alpha_t + lam * alpha_v - self.xi * self.mixed_product(v_t + lam * v_v, train)
