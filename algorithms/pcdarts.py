"""PC-DARTS (Xu, Xie, Zhang, Chen, Qi, Tian, Xiong, ICLR 2020): DARTS-1 through 1/K of the channels, on weighed edges.

The space gives both: an edge sends 1/K of its node's channels through its operations (their Eq. 2), and a node weighs
its edges by softmax β (their Eq. 3). β is part of α here, and one optimiser moves both. While w warms up, α stays.
"""

from __future__ import annotations

from pydantic import Field

from algorithms import ALGORITHMS
from algorithms.darts import Darts1, DartsHyper
from spaces.base import Batch, Space
from spaces.contracts import PartlyConnected, need


class PcDartsHyper(DartsHyper):
    """The authors' fields for CIFAR-10."""

    arch_lr: float = Field(6e-4, ge=0, description="η_α: the learning rate of α and β")
    parts: int = Field(4, ge=1, description="K: one channel in K goes through the operations")
    warm_up: float = Field(0.3, ge=0, le=1, description="share of the budget in which α and β stay: 15 of 50 epochs")

    def fits(self, space: Space) -> None:
        """K divides the space's channels."""
        super().fits(space)
        need(space, PartlyConnected, "partial channels").partial(self.parts)


@ALGORITHMS.register
class PcDarts(Darts1):
    """F + B a step in the warm-up, then 2F + B + Bα, through 1/K of the channels."""

    name = "pcdarts"
    title = "PC-DARTS"
    traits = ("steady", "logits", "mixture", "alternating")
    requires = (PartlyConnected,)
    source = "Xu, Xie, Zhang, Chen, Qi, Tian, Xiong, ICLR 2020, Eq. 2 and 3"
    departures = (
        "the weights' learning rate and the batch size are the protocol's (the authors': 0.1, made possible by batches "
        "of 256); arch_lr is not the authors' 6e-4 under quick, and under mini ten times that, as DARTS's is "
        "there; on nats, which the paper does not have, every edge stays and β only weighs it; a latency penalty, "
        "where one is given, does not read β"
    )
    Hyper = PcDartsHyper
    hyper: PcDartsHyper
    space: PartlyConnected

    def searched(self) -> Space:
        """The space by partial channels."""
        return self.space.partial(self.hyper.parts)

    def step(self, train: Batch, val: Batch) -> None:
        """w alone in the warm-up; DARTS-1's step after it."""
        if self.progress < self.hyper.warm_up:
            self.w.descend(self.grad_w(self.w, train))
        else:
            super().step(train, val)
