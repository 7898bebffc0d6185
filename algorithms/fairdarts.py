"""FairDARTS (Chu, Zhou, Zhang, Li, ECCV 2020): a sigmoid gate for each operation, driven to 0 or 1.

Operations do not compete: an edge's mixture is Σ σ(α_o) o(x) (their Eq. 3). α descends L_v + w₀₁ L₀₁ with the zero-one
loss L₀₁ = −mean (σ(α) − ½)² (their Eq. 5 and 8), largest where a gate is undecided.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from pydantic import Field
from torch import Tensor

from algorithms import ALGORITHMS
from algorithms.darts import Darts1, DartsHyper
from algorithms.undecided import of_gates
from spaces.base import Alpha, Batch, Mix
from spaces.contracts import CellSpace


class FairDartsHyper(DartsHyper):
    """The authors' Adam for α, the zero-one loss's weight and the threshold of discretisation."""

    arch_lr: float = Field(3e-3, ge=0, description="η_α: the architecture parameters' learning rate")
    arch_beta1: float = Field(0.9, ge=0, lt=1, description="Adam's β₁ for α")
    w01: float = Field(10.0, ge=0, description="w₀₁: weight of the zero-one loss")
    threshold: float = Field(0.85, ge=0, le=1, description="a gate at or below it is no operation of the genotype")


@ALGORITHMS.register
class FairDarts(Darts1):
    """DARTS-1 with independent gates: 2F + B + Bα a step."""

    name = "fairdarts"
    title = "FairDARTS"
    traits = ("steady", "alternating")
    source = "Chu, Zhou, Zhang, Li, ECCV 2020, Eq. 3, 5 and 8"
    departures = (
        "on nats an edge has exactly one operation, that of the largest gate, whatever the threshold; the space's none "
        "stays, which the authors removed; α starts at the space's 1e-3 · normal, not at 0; the weights' learning rate "
        "and the batch size are the protocol's (the authors': 0.005, 128); arch_lr is the protocol's under quick, and "
        "under mini ten times the authors' 3e-3, as DARTS's is there"
    )
    Hyper = FairDartsHyper
    hyper: FairDartsHyper
    requires = (CellSpace,)
    space: CellSpace

    def relax(self, alpha: Alpha) -> Mix:
        """σ(α) instead of the space's softmax."""
        return replace(self.space.relax(alpha), weights={name: torch.sigmoid(a) for name, a in alpha.items()})

    def outer_gradient(self, train: Batch, val: Batch) -> Tensor:
        """∇_α [L_v(w, α) + w₀₁ L₀₁(α)]."""
        return super().outer_gradient(train, val) + self.hyper.w01 * self.grad_zero_one()

    def undecided(self) -> float:
        """The mean entropy of a gate: each is open or closed, whatever the others of its edge are."""
        return of_gates(self.expected(self.alpha.views(self.alpha.flat.detach())), self.allowed)

    def grad_zero_one(self) -> Tensor:
        """∇_α L₀₁ = −2 (σ(α) − ½) σ(α) (1 − σ(α)) / N, over all N gates."""
        gate = torch.sigmoid(self.alpha.flat.detach())
        slope: Tensor = -2 * (gate - 0.5) * gate * (1 - gate) / gate.numel()
        return slope

    def genotype(self) -> str:
        """The gates above the threshold, as far as the space lets an edge be without operation."""
        gates = {name: torch.sigmoid(a.detach()).cpu() for name, a in self.alpha.views().items()}
        return self.space.threshold(gates, self.hyper.threshold)
