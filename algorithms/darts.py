"""DARTS (Liu, Simonyan, Yang, ICLR 2019), first and second order.

α descends ∇_α L_v(w − ξ ∇_w L_t(w, α), α), then w descends ∇_w L_t(w, α): ξ = 0 is the first order (their Eq. 5 and
the paragraph below it), ξ = η_w the second (their Eq. 6 to 8).
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import BaseModel, Field
from torch import Tensor

from algorithms.hyper import Hyper
from algorithms.search import Search


class DartsHyper(Hyper):
    """First-order DARTS: which of the two steps comes first."""

    update_order: Literal["alpha_first", "weights_first"] = Field(
        "alpha_first", description="alpha_first as DARTS's authors, weights_first as NATS-Bench's code"
    )


class Darts1(Search):
    """First-order DARTS: 2F + B + Bα a step."""

    name = "darts1"
    title = "DARTS (first order)"
    Hyper: ClassVar[type[BaseModel]] = DartsHyper

    def step(self, train: Any, val: Any) -> None:
        """α and w in turn, in the chosen order."""
        if self.hyper.update_order == "alpha_first":
            self.alpha.descend(self.outer_gradient(train, val) + self.grad_penalty())
            self.w.descend(self.grad_w(self.w, train))
        else:
            self.w.descend(self.grad_w(self.w, train))
            self.alpha.descend(self.outer_gradient(train, val) + self.grad_penalty())

    def outer_gradient(self, train: Any, val: Any) -> Tensor:
        """∇_α L_v(w, α)."""
        return self.grad_alpha(self.w, val)


class Darts2Hyper(DartsHyper):
    """Second-order DARTS: the look-ahead ξ and how its second derivative is had."""

    xi: float | None = Field(None, ge=0, description="ξ: the look-ahead's step; default: the current η_w")
    hvp: Literal["finite_difference", "exact"] = Field(
        "finite_difference", description="the mixed product: central difference as the paper, or a double backward"
    )
    epsilon: float = Field(0.01, gt=0, description="r of the central difference: ε = r/‖v‖")


class Darts2(Darts1):
    """Second-order DARTS: 5F + 3B + 2Bα a step with the finite difference."""

    name = "darts2"
    title = "DARTS (second order)"
    Hyper: ClassVar[type[BaseModel]] = Darts2Hyper

    def outer_gradient(self, train: Any, val: Any) -> Tensor:
        """∇_α L_v(w', α) − ξ ∇²_{α,w} L_t(w, α) · v, with w' = w − ξ ∇_w L_t(w, α) and v = ∇_{w'} L_v(w', α)."""
        xi = self.w.lr if self.hyper.xi is None else self.hyper.xi
        w_ahead = self.w.ahead(self.grad_w(self.w, train), xi)
        v, outer = self.grad_both(w_ahead, val)
        return outer - xi * self.mixed_product(v, train)

    def mixed_product(self, v: Tensor, train: Any) -> Tensor:
        """∇²_{α,w} L_t(w, α) · v, at w (not w')."""
        w = self.w.flat.detach()
        if self.hyper.hvp == "exact":
            return self.passes.mixed_product(w, self.alpha.flat, train, v)
        # ‖v‖ = 0 would make ε infinite; the product is then 0, which any finite ε gives.
        epsilon = self.hyper.epsilon / v.norm().clamp(min=1e-12)
        plus, minus = w + epsilon * v, w - epsilon * v
        product: Tensor = (self.grad_alpha(plus, train) - self.grad_alpha(minus, train)) / (2 * epsilon)
        return product
