"""Progressive DrNAS (Chen, Wang, Cheng, Tang, Hsieh, ICLR 2021, Section 3.3): DrNAS in two stages.

The first stage sends few channels through all operations; the second more through half of them, rounded up, those of
the largest share. α and w live on: w is widened by copies of channels. At the start of each stage w trains alone.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from algorithms import ALGORITHMS
from algorithms.base import Setting, State
from algorithms.drnas import DrNas, DrNasHyper
from algorithms.net2wider import widen
from results.errors import BadInput
from spaces.base import CLOSED, Batch, Space
from spaces.contracts import PartlyConnected, need

STAGES = 2
PARTIAL = "partial channels"
Parts = Annotated[int, Field(ge=1)]


class DrNasProgressiveHyper(DrNasHyper):
    """The authors' on NAS-Bench-201; theirs on DARTS cells: K of 6 and 4, 0.4 frozen."""

    parts_by_stage: tuple[Parts, Parts] = Field((4, 2), description="K: one channel in K goes through the operations")
    frozen: float = Field(0.2, ge=0, lt=1, description="share of a stage, at its start, in which only w trains")

    def fits(self, space: Space) -> None:
        """Both K divide the space's channels, and no stage is narrower than the one before."""
        super().fits(space)
        first, second = self.parts_by_stage
        if second > first:
            raise BadInput(f"parts_by_stage = {[first, second]}: w only widens, so the second K is not the larger")
        for parts in (first, second):
            need(space, PartlyConnected, PARTIAL).partial(parts)


@ALGORITHMS.register
class DrNasProgressive(DrNas):
    """F + B a step while α is frozen, then 2F + B + Bα, through 1/K of the channels."""

    name = "drnas_progressive"
    title = "DrNAS, progressive"
    traits = ()
    source = "Chen, Wang, Cheng, Tang, Hsieh, ICLR 2021, Section 3.3"
    departures = (
        "DrNAS's; w's learning rate runs on where the authors' code begins its second stage at the full one; on DARTS "
        "cells K is 4 and 2, for 6 does not divide 16 channels; what is left out still runs, at a weight of "
        "0; of two convolutions in a row both copy the same channels, theirs draws twice. Others could not repeat the "
        "2.46 of the published cell (2.67 ± 0.09): issue 10 of xiangning-chen/DrNAS, open"
    )
    Hyper = DrNasProgressiveHyper
    hyper: DrNasProgressiveHyper
    requires = (PartlyConnected,)
    space: PartlyConnected

    def __init__(self, setting: Setting) -> None:
        self.stage, self.whole = 0, need(setting.space, PartlyConnected, PARTIAL)
        super().__init__(setting)

    def searched(self) -> Space:
        """The present stage's."""
        return self.whole.partial(self.hyper.parts_by_stage[self.stage], weigh_edges=False)

    def on_epoch(self, epoch: int, progress: float) -> None:
        """The stage that is due, and learning rates."""
        self.progress = progress
        self.proceed()
        super().on_epoch(epoch, progress)

    def step(self, train: Batch, val: Batch) -> None:
        """DrNAS's; w alone while α is frozen."""
        self.proceed()
        if round(self.progress * STAGES - self.stage, 9) < self.hyper.frozen:
            self.w.descend(self.grad_w(self.w, train, self.sampled))
        else:
            super().step(train, val)

    def proceed(self) -> None:
        """Where the second stage is due, half of each edge's operations are left, by mean share, and w is widened."""
        if self.stage or self.progress * STAGES < 1:
            return
        alpha = self.alpha.views(self.alpha.flat.detach())
        for name, shares in self.relax(alpha).weights.items():
            if name in alpha:
                rank = shares.argsort(-1, descending=True).argsort(-1)
                alpha[name][rank >= ((shares > 0).sum(-1, keepdim=True) + 1) // 2] = CLOSED
        self.widen()

    def prox(self) -> None:
        """The space's, and no decay moves what is left out."""
        super().prox()
        self.alpha.flat.detach()[self.alpha.flat.detach() < CLOSED / 2] = CLOSED

    def widen(self) -> None:
        """The second stage's supernet with w's weights and momentum."""
        narrow, self.stage = self.w, 1
        self.space = need(self.searched(), PartlyConnected, PARTIAL)
        self.w = self.weights("w")
        widen(narrow, self.w, self.whole, lambda: self.seeded("wider"))
        self.passes = self.passes.through(self.space, self.w.layout, self.alpha.layout)

    def state_dict(self) -> State:
        """A search's, and the stage."""
        return super().state_dict() | {"stage": self.stage}

    def load_state_dict(self, state: State) -> None:
        """Continue exactly where ``state_dict`` was taken."""
        if state["stage"] > self.stage:
            self.widen()
        super().load_state_dict(state)
