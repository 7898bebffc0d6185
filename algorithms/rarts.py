"""RARTS (Xue, Qi, Xin, IEEE Access 2022), Eq. 6 to 8: two networks, one architecture, first derivatives only.

Relaxed Lagrangian, Eq. 6: L(y, w, α) = L_v(y, α) + β L_t(w, α) + ½ λ ‖y − w‖² [+ κ⟨softmax α, Lat⟩].
"""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import Field

from algorithms import ALGORITHMS
from algorithms.base import Setting
from algorithms.counts import Cost
from algorithms.hyper import Hyper
from algorithms.parameters import Parameters
from algorithms.search import Search
from spaces.base import Batch


class RartsHyper(Hyper):
    """The Lagrangian's weights and the primary network's start and learning rate."""

    beta: float = Field(1.0, ge=0, description="β: weight of L_t")
    lam: float = Field(1.0, ge=0, description="λ: coupling of y and w")
    lr_y: float | None = Field(None, ge=0, description="η_y; default: η_w (both decay by the same cosine)")
    shared_init: bool = Field(True, description="y starts as a copy of w")
    update_order: Literal["gauss_seidel", "jacobi"] = Field(
        "gauss_seidel", description="each update uses the newest values (Eq. 7), or all use the old ones"
    )


@ALGORITHMS.register
class Rarts(Search):
    """Relaxed architecture search: 4F + 2B + 2Bα a step; jacobi: 2F + 2B, for both gradients come from one pass."""

    name = "rarts"
    title = "RARTS"
    order = 4
    traits = ("steady", "softmax")
    cost = Cost(4, 2, 2)
    source = "Xue, Qi, Xin, IEEE Access 2022, Eq. 6 to 8"
    Hyper = RartsHyper
    hyper: RartsHyper

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.y = self.weights("y")
        if self.hyper.shared_init:
            with torch.no_grad():
                self.y.flat.copy_(self.w.flat)
        if self.hyper.lr_y is not None:
            self.y.lr = self.hyper.lr_y

    def step(self, train: Batch, val: Batch) -> None:
        """Eq. 7: w on D_t, y on D_v, then α on both."""
        beta, lam = self.hyper.beta, self.hyper.lam
        if self.hyper.update_order == "jacobi":
            return self.step_jacobi(train, val)
        self.w.descend(beta * self.grad_w(self.w, train) + lam * (self.w - self.y))
        self.y.descend(self.grad_w(self.y, val) + lam * (self.y - self.w))
        return self.alpha.descend(beta * self.grad_alpha(self.w, train) + self.grad_alpha(self.y, val))

    def step_jacobi(self, train: Batch, val: Batch) -> None:
        """The three updates of Eq. 7, all from the old values."""
        beta, lam = self.hyper.beta, self.hyper.lam
        grad_w, alpha_t = self.grad_both(self.w, train)
        grad_y, alpha_v = self.grad_both(self.y, val)
        apart = self.w - self.y
        self.w.descend(beta * grad_w + lam * apart)
        self.y.descend(grad_y - lam * apart)
        self.alpha.descend(beta * alpha_t + alpha_v)

    def set_lr(self, progress: float) -> None:
        """One cosine for both networks; η_y keeps its ratio to η_w."""
        super().set_lr(progress)
        if self.hyper.lr_y is not None:
            self.y.lr = self.hyper.lr_y * self.hyper.lr_share_at(progress)

    @property
    def reported(self) -> Parameters:
        """y, the primary network."""
        return self.y

    def networks(self) -> dict[str, Parameters]:
        """The auxiliary network w and the primary network y."""
        return {"w": self.w, "y": self.y}
