"""DARTS (Liu, Simonyan, Yang, ICLR 2019), first and second order.

α descends ∇_α L_v(w − ξ ∇_w L_t(w, α), α), then w descends ∇_w L_t(w, α): ξ = 0 is the first order (their Eq. 5 and
the paragraph below it), ξ = η_w the second (their Eq. 6 to 8).
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


class DartsHyper(Hyper):
    """First-order DARTS: which of the two steps comes first."""

    update_order: Literal["alpha_first", "weights_first"] = Field(
        "alpha_first", description="alpha_first as DARTS's authors, weights_first as NATS-Bench's code"
    )


@ALGORITHMS.register
class Darts1(Search):
    """First-order DARTS: 2F + B + Bα a step."""

    name = "darts1"
    title = "DARTS-1"
    order = 1
    role = "reference"
    traits: ClassVar[tuple[str, ...]] = ("steady", "softmax")
    cost = Cost(2, 1, 1)
    source = "Liu, Simonyan, Yang, ICLR 2019, Eq. 5 with ξ = 0"
    Hyper = DartsHyper
    hyper: DartsHyper

    def step(self, train: Batch, val: Batch) -> None:
        """α and w in turn, in the chosen order."""
        if self.hyper.update_order == "alpha_first":
            self.alpha.descend(self.outer_gradient(train, val))
            self.w.descend(self.grad_w(self.w, train))
        else:
            self.w.descend(self.grad_w(self.w, train))
            self.alpha.descend(self.outer_gradient(train, val))

    def outer_gradient(self, train: Batch, val: Batch) -> Tensor:
        """∇_α L_v(w, α)."""
        return self.grad_alpha(self.w, val)


class Darts2Hyper(DartsHyper, UnrolledHyper):
    """Second-order DARTS: the order of the two steps, and the look-ahead."""


@ALGORITHMS.register
class Darts2(Unrolled, Darts1):
    """Second-order DARTS: 5F + 3B + 2Bα a step with the finite difference."""

    name = "darts2"
    title = "DARTS-2"
    order = 2
    traits: ClassVar[tuple[str, ...]] = ("steady", "softmax")
    cost = Cost(5, 3, 2)
    source = "Liu, Simonyan, Yang, ICLR 2019, Eq. 6 to 8"
    Hyper = Darts2Hyper
    hyper: Darts2Hyper

    def outer_gradient(self, train: Batch, val: Batch) -> Tensor:
        """∇_α L_v(w', α) − ξ ∇²_{α,w} L_t(w, α) · v, with w' = w − ξ ∇_w L_t(w, α) and v = ∇_{w'} L_v(w', α)."""
        v, outer = self.grad_both(self.look_ahead(train), val)
        return outer - self.xi * self.mixed_product(v, train)
