"""P-DARTS (Chen, Xie, Wu, Tian, ICCV 2019): DARTS on ever deeper supernets, and against its love of skip connections.

Three stages of 5, 11 and 17 cells over 8, 5 and 3 operations an edge (``growing``; their Section 3.2). Dropout after
skip connections weakens them where they would win too early, and of the last α's genotype at most M skip connections
are left in the normal cell (their Section 3.3).
"""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError
from torch import Tensor

from algorithms import ALGORITHMS
from algorithms.base import Setting, State
from algorithms.counts import Cost
from algorithms.growing import Growing, GrowingHyper
from spaces.base import Alpha, Batch, Mix


class PDartsHyper(GrowingHyper):
    """The authors' fields for CIFAR-10."""

    arch_lr: float = Field(6e-4, ge=0, description="η_α: the architecture parameters' learning rate")
    frozen: float = Field(0.4, ge=0, lt=1, description="share of a stage, at its start, in which only weights train")
    dropout: tuple[float, float, float] = Field(
        (0.0, 0.4, 0.7), description="by stage: the probability that a value a skip connection passes on is dropped"
    )
    dropout_decay: float = Field(5.0, ge=0, description="the dropout's fall once α moves: e to minus this, a stage")
    max_skips: int = Field(2, ge=0, description="M: the most skip connections in the genotype's normal cell")

    @field_validator("dropout")
    @classmethod
    def _probabilities(cls, dropout: tuple[float, float, float]) -> tuple[float, float, float]:
        if not all(0 <= rate < 1 for rate in dropout):
            raise PydanticCustomError("dropout", "give three probabilities, from 0 to below 1")
        return dropout


@ALGORITHMS.register
class PDarts(Growing):
    """DARTS-1 in three stages: F + B a step while α is frozen, then 2F + B + Bα."""

    name = "pdarts"
    title = "P-DARTS"
    cost = Cost(2, 1, 1)
    source = "Chen, Xie, Wu, Tian, ICCV 2019, Sections 3.2 and 3.3"
    departures = (
        "depths and numbers of operations are the paper's as shares of the space's 8 cells and 8 operations; the "
        "authors' code clips α's gradient, this does not; batch size and the weights' schedule are the protocol's (the "
        "authors': 96, to 0, 25 epochs a stage); under quick and mini α's rate is the protocol's"
    )
    Hyper = PDartsHyper
    hyper: PDartsHyper

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.generator = torch.Generator(self.device).manual_seed(self.seeded("dropout").initial_seed())

    def step(self, train: Batch, val: Batch) -> None:
        """α on D_v, once it moves; then w on D_t."""
        self.proceed()
        if self.share >= self.hyper.frozen:
            self.descend_alpha(self.grad_alpha(self.w, val, self.dropped))
        self.w.descend(self.grad_w(self.w, train, self.dropped))

    def dropped(self, alpha: Alpha) -> Mix:
        """The mix of a training pass: with dropout after the skip connections."""
        mix = self.relax(alpha)
        return replace(mix, active=self.left, after_skip=self.drop) if self.rate else mix

    @property
    def rate(self) -> float:
        """The dropout: linear towards 0 while α is frozen; from the start again, exponential, once it moves."""
        start, moving = self.hyper.dropout[self.stage], self.share - self.hyper.frozen
        return float(start * (1 - self.share if moving < 0 else math.exp(-self.hyper.dropout_decay * moving)))

    def drop(self, x: Tensor) -> Tensor:
        """``x`` with each value dropped at ``rate``, the others larger by as much: ``x`` in expectation."""
        keep = 1 - self.rate
        return x * torch.empty_like(x).bernoulli_(keep, generator=self.generator) / keep

    def genotype(self) -> str:
        """The space's rule; while it leaves more than M skips in the normal cell, again without the weakest of them."""
        weights = self.space.relax({name: a.detach().cpu() for name, a in self.alpha.views().items()}).weights
        name, column = self.space.skip
        skips = weights[name][:, column]
        while True:
            found = self.space.strongest(weights)
            held = self.space.one_hot(found)[name][:, column] > 0
            if held.sum() <= self.hyper.max_skips:
                return found
            skips[torch.where(held, skips, torch.inf).argmin()] = 0

    def state_dict(self) -> State:
        """A search's, its stage, and the dropout's generator."""
        return super().state_dict() | {"generator": self.generator.get_state()}

    def load_state_dict(self, state: State) -> None:
        """Continue exactly where ``state_dict`` was taken."""
        super().load_state_dict(state)
        self.generator.set_state(state["generator"])
