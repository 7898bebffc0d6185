"""Progressive DrNAS (Chen, Wang, Cheng, Tang, Hsieh, ICLR 2021, Section 3.3): DrNAS in two stages.

The first stage sends few channels through all operations; the second sends more through half of them, those of the
largest share at the first one's end. α and w live on: w is widened by copies of channels (``net2wider``). At the start
of each stage w trains alone.
"""

from __future__ import annotations

import torch
from pydantic import Field

from algorithms import ALGORITHMS
from algorithms.base import Setting, State
from algorithms.drnas import DrNas, DrNasHyper
from algorithms.net2wider import net2wider
from algorithms.passes import Passes
from spaces.base import Batch, Space
from spaces.contracts import PartlyConnected, need

STAGES = 2
CLOSED = -1000.0  # α of an operation that is left out: its softmax weight and gradient are exactly 0


class DrNasProgressiveHyper(DrNasHyper):
    """The authors' fields on NAS-Bench-201 (theirs on DARTS cells: parts 6 and 4, of a stage's 25 epochs frozen 10)."""

    parts: tuple[int, int] = Field((4, 2), description="K of each stage: one channel in K goes through the operations")
    frozen: float = Field(0.2, ge=0, lt=1, description="share of a stage, at its start, in which only w trains")

    def fits(self, space: Space) -> None:
        """Both K divide the space's channels."""
        super().fits(space)
        for parts in self.parts:
            need(space, PartlyConnected, "partial channels").partial(parts)


@ALGORITHMS.register
class DrNasProgressive(DrNas):
    """F + B a step while α is frozen, then 2F + B + Bα, through 1/K of the channels."""

    name = "drnas_progressive"
    title = "DrNAS, progressive"
    traits = ("alternating",)
    source = "Chen, Wang, Cheng, Tang, Hsieh, ICLR 2021, Section 3.3"
    departures = (
        "by default the distance to Dir(1) is the L2 of the authors' code, not its KL; an operation that is left out "
        "still runs, at a weight of 0; batch size and the weights' learning rate are the protocol's. Others could not "
        "repeat the 2.46 of the published cell (2.67 ± 0.09): issue 10 of xiangning-chen/DrNAS, open"
    )
    Hyper = DrNasProgressiveHyper
    hyper: DrNasProgressiveHyper
    requires = (PartlyConnected,)
    space: PartlyConnected

    def __init__(self, setting: Setting) -> None:
        self.stage, self.whole = 0, need(setting.space, PartlyConnected, "partial channels")
        super().__init__(setting)

    def searched(self) -> Space:
        """The present stage's."""
        return self.whole.partial(self.hyper.parts[self.stage], weigh_edges=False)

    def on_epoch(self, epoch: int, progress: float) -> None:
        """The stage that is due, and learning rates."""
        self.progress = progress
        self.proceed()
        super().on_epoch(epoch, progress)

    def step(self, train: Batch, val: Batch) -> None:
        """DrNAS's; w alone while α is frozen."""
        self.proceed()
        if self.progress * STAGES - self.stage < self.hyper.frozen:
            self.w.descend(self.grad_w(self.w, train, self.sampled))
        else:
            super().step(train, val)

    def proceed(self) -> None:
        """Where the second stage is due: half of each edge's operations are left, by their mean share; w is widened."""
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
        self.space = need(self.searched(), PartlyConnected, "partial channels")
        self.w = self.weights("w")
        self.w.lr, momentum = narrow.lr, narrow.optimiser.state[narrow.flat].get("momentum_buffer")
        with torch.no_grad():
            self.w.flat.copy_(self.widened(narrow.views()))
            if momentum is not None:
                self.w.optimiser.state[self.w.flat]["momentum_buffer"] = self.widened(narrow.views(momentum))
        now = Passes(self.space.supernet(), self.w.layout, self.alpha.layout, self.relax, self.space)
        now.counts, now.losses, self.passes = self.passes.counts, self.passes.losses, now

    def widened(self, named: dict[str, torch.Tensor]) -> torch.Tensor:
        """The vector of the second stage's layout."""
        wider = net2wider(named, self.w.layout, self.whole, self.seeded("wider"))
        return torch.cat([wider[name].reshape(-1) for name in self.w.layout])

    def state_dict(self) -> State:
        """A search's, and the stage."""
        return super().state_dict() | {"stage": self.stage}

    def load_state_dict(self, state: State) -> None:
        """Continue exactly where ``state_dict`` was taken."""
        if state["stage"] > self.stage:
            self.widen()
        super().load_state_dict(state)
