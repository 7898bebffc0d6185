"""Hyperparameters: what every algorithm's are, and those that every gradient-based search shares."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from results.errors import BadInput

if TYPE_CHECKING:
    from spaces.base import Space


class Fields(BaseModel):
    """An algorithm's hyperparameters: frozen, and closed to unknown names."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    def fits(self, space: Space) -> None:
        """Whether these values can be had on ``space``, which keeps the contracts that the algorithm requires.

        Raises
        ------
        BadInput
            Where they cannot.
        """

    def costs(self) -> tuple[str, ...]:
        """The costs that the search asks the evaluator for, as ``Evaluated.costs`` names them; none by default."""
        return ()

    def after(self) -> str:
        """The algorithm whose record of the same seed this one reads; empty: none."""
        return ""


class Hyper(Fields):
    """Hyperparameters that every gradient-based search shares. A subclass adds an algorithm's own."""

    lr: float = Field(0.025, ge=0, description="η_w: the weights' learning rate at the start")
    lr_min: float = Field(0.001, ge=0, description="the weights' learning rate at the end of its cosine")
    schedule: Literal["cosine", "steps"] = Field(
        "cosine", description="the weights' learning rate: cosine to lr_min, or ÷ 10 at half and at three quarters"
    )
    momentum: float = Field(0.9, ge=0, lt=1, description="the weights' momentum")
    nesterov: bool = Field(False, description="Nesterov momentum for the weights")
    weight_decay: float = Field(5e-4, ge=0, description="the weights' L2 decay")
    clip: float = Field(5.0, ge=0, description="bound on the weights' gradient norm; 0: none")
    arch_lr: float = Field(3e-4, ge=0, description="η_α: the architecture parameters' learning rate")
    arch_schedule: Literal["constant", "weights"] = Field(
        "constant", description="α's learning rate: constant, or in a constant ratio to the weights'"
    )
    arch_weight_decay: float = Field(1e-3, ge=0, description="L2 decay inside α's optimiser")
    arch_optimiser: Literal["adam", "sgd"] = Field("adam", description="α's optimiser")
    arch_beta1: float = Field(0.5, ge=0, lt=1, description="Adam's β₁ for α")
    arch_beta2: float = Field(0.999, ge=0, lt=1, description="Adam's β₂ for α")
    latency_weight: float = Field(0.0, ge=0, description="κ of the latency penalty κ⟨weights, Lat⟩")

    def fits(self, space: Space) -> None:
        """A latency penalty needs latencies."""
        super().fits(space)
        if self.latency_weight and not space.priced:
            raise BadInput(
                f"latency_weight = {self.latency_weight:g}, but the space {space.name} has no latencies; give them "
                "with --set space.latency=..., or set latency_weight=0"
            )

    @property
    def steps_apart(self) -> bool:
        """Whether each weight step has a pass of its own, ``Search.grad_w``, in which a part may change it."""
        return True

    def lr_at(self, progress: float) -> float:
        """η_w where the share ``progress`` of the budget is used."""
        if self.schedule == "steps":
            return float(self.lr / 10 ** ((progress >= 0.5) + (progress >= 0.75)))
        return self.lr_min + (self.lr - self.lr_min) * (1 + math.cos(math.pi * min(progress, 1.0))) / 2

    def lr_share_at(self, progress: float) -> float:
        """The share of its start that η_w is there: 1 where it starts at 0."""
        return self.lr_at(progress) / self.lr if self.lr else 1.0

    def arch_lr_at(self, progress: float) -> float:
        """η_α there."""
        return self.arch_lr * (self.lr_share_at(progress) if self.arch_schedule == "weights" else 1.0)
