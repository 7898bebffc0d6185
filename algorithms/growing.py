"""Search in stages, each on a fresh supernet, deeper than the last and over fewer operations an edge.

The progressive part of P-DARTS (Chen, Xie, Wu, Tian, ICCV 2019, Section 3.2): the operations left out pay for depth.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import torch
from pydantic import Field
from torch import Tensor

from algorithms.base import Setting, State
from algorithms.hyper import Hyper
from algorithms.search import Architecture, Search
from results.errors import BadInput
from spaces.base import CLOSED, Alpha, Mix, Space
from spaces.contracts import Stackable, need

DEPTHS, CELLS, LEFT, OPERATIONS = (5, 11, 17), 8, (5, 3), 8
"""The paper's cells by stage and operations left after the first two; elsewhere they are shares of the space's."""


class GrowingHyper(Hyper):
    """The depths."""

    depths: tuple[int, int, int] | None = Field(
        None, description="cells of each stage's supernet; default: 5/8, 11/8 and 17/8 of the space's, rounded up"
    )

    def fits(self, space: Space) -> None:
        """No stage can have fewer cells than the space allows."""
        super().fits(space)
        stacked = need(space, Stackable, "a search in stages")
        if min(stacked.cells, *(depths := self.depths_on(stacked))) < (least := stacked.fewest_cells):
            raise BadInput(f"depths = {list(depths)} from {stacked.cells}: the space {space.name} needs {least} cells")

    def depths_on(self, space: Stackable) -> tuple[int, ...]:
        """The cells of each stage's supernet."""
        shares = (max(math.ceil(space.cells * depth / CELLS), space.fewest_cells) for depth in DEPTHS)
        return self.depths or tuple(shares)


class Growing(Search):
    """A third of the budget for each stage. ``self.space`` is the present stage's; α keeps the whole space's shape."""

    requires = (Stackable,)
    space: Stackable
    hyper: GrowingHyper

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.stage, self.left = 0, self.operations_left()

    def searched(self) -> Space:
        """The first stage's."""
        self.depths = self.hyper.depths_on(self.space)
        return self.space.deeper(self.depths[0])

    def on_epoch(self, epoch: int, progress: float) -> None:
        """The stage that is due; the weights' learning rate runs through its schedule once in each."""
        self.progress = progress
        self.proceed()
        super().on_epoch(epoch, self.share)
        self.progress = progress  # of the whole budget, not of the stage

    @property
    def share(self) -> float:
        """Of the present stage, how much is over; from 1 on the next is due, which rounding must not put off."""
        return max(0.0, round(len(DEPTHS) * self.progress - self.stage, 9))

    def proceed(self) -> None:
        """Enter the next stage where it is due; of each edge the operations of the largest α are left."""
        if self.stage + 1 < len(DEPTHS) and self.share >= 1:
            left = {}
            for name, a in self.alpha.views(self.alpha.flat.detach()).items():
                count = round(a.shape[-1] * LEFT[self.stage] / OPERATIONS)
                left[name] = torch.zeros_like(a, dtype=torch.bool).scatter_(-1, a.topk(count, -1).indices, True)
            self.enter(self.stage + 1, left)

    def enter(self, stage: int, left: Mapping[str, Tensor]) -> None:
        """Fresh weights and a fresh α for the stage's supernet; ``left``, shaped as α: whether an operation stays."""
        self.stage, self.space = stage, self.space.deeper(self.depths[stage])
        self.w = self.weights(f"w.{stage + 1}")
        fresh = self.space.alphas(self.seeded(f"alpha.{stage + 1}")).items()
        self.alpha = Architecture({n: a.to(self.device).masked_fill(~left[n], CLOSED) for n, a in fresh}, self)
        self.left = self.operations_left()
        self.passes = self.passes.through(self.space, self.w.layout, self.alpha.layout)

    def operations_left(self) -> dict[str, list[list[int]]]:
        """Of each edge the operations that run in the present stage."""
        left = {name: a.detach().cpu() > CLOSED for name, a in self.alpha.views().items()}
        return {name: [edge.nonzero().flatten().tolist() for edge in edges] for name, edges in left.items()}

    def descend_alpha(self, gradient: Tensor) -> None:
        """One step of α's optimiser; its decay moves no operation that is left out."""
        closed = self.alpha.flat.detach() <= CLOSED
        self.alpha.descend(gradient)
        self.alpha.flat.detach().masked_fill_(closed, CLOSED)

    def relax(self, alpha: Alpha) -> Mix:
        """The space's weights, of the operations left, which alone run; in the first stage all do, merged."""
        return replace(self.space.relax(alpha), active=self.left if self.stage else None)

    def state_dict(self) -> State:
        """A search's, and the stage; α tells the operations that are left."""
        return super().state_dict() | {"stage": self.stage}

    def load_state_dict(self, state: State) -> None:
        """Continue exactly where ``state_dict`` was taken."""
        self.enter(state["stage"], {n: torch.ones_like(a, dtype=torch.bool) for n, a in self.alpha.views().items()})
        super().load_state_dict(state)
        self.left = self.operations_left()
