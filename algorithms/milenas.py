"""MiLeNAS (He, Ye, Shen, Zhang, CVPR 2020), as Eq. 3 of the RARTS paper.

w ← w − η_w ∇_w L_t(w, α);  α ← α − η_α [∇_α L_t(w, α) + λ ∇_α L_v(w, α)].
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import BaseModel, Field

from algorithms.hyper import Hyper
from algorithms.search import Search


class MileNasHyper(Hyper):
    """The mixed level's weight and the order of its two steps."""

    lam: float = Field(1.0, ge=0, description="λ: weight of L_v beside L_t in α's gradient")
    update_order: Literal["weights_first", "alpha_first"] = Field(
        "weights_first", description="weights_first as Eq. 3, alpha_first as DARTS"
    )


class MileNas(Search):
    """Mixed-level NAS: 3F + B + 2Bα a step."""

    name = "milenas"
    title = "MiLeNAS"
    Hyper: ClassVar[type[BaseModel]] = MileNasHyper

    def step(self, train: Any, val: Any) -> None:
        """w on D_t, α on both halves."""
        if self.hyper.update_order == "weights_first":
            self.step_w(train)
            self.step_alpha(train, val)
        else:
            self.step_alpha(train, val)
            self.step_w(train)

    def step_w(self, train: Any) -> None:
        """w ← w − η_w ∇_w L_t(w, α)."""
        self.w.descend(self.grad_w(self.w, train))

    def step_alpha(self, train: Any, val: Any) -> None:
        """α ← α − η_α [∇_α L_t(w, α) + λ ∇_α L_v(w, α)]."""
        mixed = self.grad_alpha(self.w, train) + self.hyper.lam * self.grad_alpha(self.w, val)
        self.alpha.descend(mixed + self.grad_penalty())
