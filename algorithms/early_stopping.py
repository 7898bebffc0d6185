"""DARTS-ES (Zela, Elsken, Saikia, Marrakchi, Brox, Hutter, ICLR 2020): stop before the α-Hessian's eigenvalue rises.

λ_max of ∇²_α L_v on one validation batch is averaged over a window. Where the average has grown by more than a factor
in ``es_delta`` measurements, the search stops, and its genotype is the one from that many measurements ago (the old
average over the new one below 0.75, says their Section 4.3; their code: the new over the old above 1.3).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from pydantic import Field

from algorithms import PARTS
from algorithms.base import Pair, Setting, State
from algorithms.curvature import largest_eigenvalue
from algorithms.hyper import Hyper
from algorithms.wrapping import Part
from spaces.base import Batch
from spaces.contracts import CellSpace


class EarlyStoppingHyper(Hyper):
    """The authors' defaults, for searches of 50 epochs."""

    es_every: int = Field(2, ge=1, description="epochs between two measurements of λ_max")
    es_window: int = Field(5, ge=1, description="measurements in an average")
    es_delta: int = Field(4, ge=1, description="measurements between the two averages that are compared")
    es_factor: float = Field(1.3, gt=1, description="the growth of the average that stops the search")
    es_start: int = Field(10, ge=0, description="no genotype from before this epoch is returned")


@PARTS.register
class EarlyStopping(Part):
    """Ends any search by its own rule; the passes behind λ_max are counted."""

    name = "es"
    title = "ES"
    wraps = ("steady",)
    keeps = ("softmax",)
    source = "Zela et al., ICLR 2020, Section 4.3"
    departures = "λ_max by Lanczos, not from the whole Hessian; on the epoch's first validation batch"
    Hyper = EarlyStoppingHyper
    hyper: EarlyStoppingHyper
    requires = (CellSpace,)

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.epochs_done, self.kept = 0, ""
        self.measured: list[tuple[int, float, str]] = []

    def epoch(self, pairs: Iterable[Pair]) -> dict[str, float]:
        """The search's own epoch; then, every few, λ_max and the decision.

        Not while α stays as it was drawn (PC-DARTS's warm-up): its genotypes are none to return.
        """
        first: list[Batch] = []
        start = self.alpha.flat.detach().clone()
        losses = super().epoch(_noting(pairs, first))
        self.epochs_done += 1
        moved = not torch.equal(self.alpha.flat, start)
        if first and moved and self.epochs_done % self.hyper.es_every == 0:
            self.measure(largest_eigenvalue(self, first[0], counted=True))
        return losses

    def measure(self, eigenvalue: float) -> None:
        """Keep λ_max beside the present genotype, and stop where its average has risen."""
        h = self.hyper
        self.measured.append((self.epochs_done, eigenvalue, super().genotype()))
        if len(self.measured) < h.es_window + h.es_delta:
            return
        values = [value for _, value, _ in self.measured]
        now = np.mean(values[-h.es_window :])
        before = np.mean(values[-h.es_window - h.es_delta : -h.es_delta])
        # An average stands for the middle of its window.
        epoch, _, genotype = self.measured[-h.es_delta - (h.es_window + 1) // 2]
        if epoch >= h.es_start and before > 0 and now / before > h.es_factor:
            self.stopped, self.kept = True, genotype

    def genotype(self) -> str:
        """The one from before the rise; as long as there is none, the search's own."""
        return self.kept or super().genotype()

    def state_dict(self) -> State:
        """The search's, and what was measured."""
        own = {"epochs_done": self.epochs_done, "measured": [list(m) for m in self.measured], "kept": self.kept}
        return super().state_dict() | {"early_stopping": own | {"stopped": self.stopped}}

    def load_state_dict(self, state: State) -> None:
        """Continue exactly where ``state_dict`` was taken."""
        super().load_state_dict(state)
        own = state["early_stopping"]
        self.epochs_done, self.kept, self.stopped = own["epochs_done"], own["kept"], own["stopped"]
        self.measured = [(epoch, value, genotype) for epoch, value, genotype in own["measured"]]


def _noting(pairs: Iterable[Pair], first: list[Batch]) -> Iterator[Pair]:
    """``pairs``, the first validation batch noted on the way."""
    for train, val in pairs:
        if not first:
            first.append(val)
        yield train, val
