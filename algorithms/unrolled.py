"""The second-order look-ahead of DARTS (Liu, Simonyan, Yang, ICLR 2019, Eq. 6 to 8), for any outer loss.

With w' = w − ξ ∇_w L_t(w, α), an outer loss L has ∇_α L(w', α) = ∂_α L − ξ ∇²_{α,w} L_t(w, α) · v, v = ∇_{w'} L.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from torch import Tensor

from algorithms.hyper import Hyper
from algorithms.search import Search
from spaces.base import Batch


class UnrolledHyper(Hyper):
    """The look-ahead ξ and how its second derivative is had."""

    xi: float | None = Field(None, ge=0, description="ξ: the look-ahead's step; default: the current η_w")
    hvp: Literal["finite_difference", "exact"] = Field(
        "finite_difference", description="the mixed product: central difference as the paper, or a double backward"
    )
    epsilon: float = Field(0.01, gt=0, description="r of the central difference: ε = r/‖v‖")


class Unrolled(Search):
    """A search whose α looks one step of w ahead."""

    hyper: UnrolledHyper

    @property
    def xi(self) -> float:
        """ξ: the field, or the current η_w."""
        return self.w.lr if self.hyper.xi is None else self.hyper.xi

    def look_ahead(self, train: Batch) -> Tensor:
        """w' = w − ξ ∇_w L_t(w, α), with the momentum and weight decay of the real step."""
        return self.w.ahead(self.grad_w(self.w, train), self.xi)

    def mixed_product(self, v: Tensor, train: Batch) -> Tensor:
        """∇²_{α,w} L_t(w, α) · v, at w (not w')."""
        w = self.w.flat.detach()
        if self.hyper.hvp == "exact":
            return self.passes.mixed_product(w, self.alpha.flat, train, v)
        # ‖v‖ = 0 would make ε infinite; the product is then 0, which any finite ε gives.
        epsilon = self.hyper.epsilon / v.norm().clamp(min=1e-12)
        plus, minus = w + epsilon * v, w - epsilon * v
        product: Tensor = (self.grad_alpha(plus, train) - self.grad_alpha(minus, train)) / (2 * epsilon)
        return product
