"""DARTS-ES (Zela, Elsken, Saikia, Marrakchi, Brox, Hutter, ICLR 2020): stop before the α-Hessian's eigenvalue rises.

λ_max of ∇²_α L_v on one validation batch is averaged over a window. Where the average has grown by more than a factor
in ``es_delta`` measurements, the search stops, and its genotype is the one from that many measurements ago (old over
new below 0.75, says their Section 4.3; their code: new over old above 1.3).

Epochs count from 0, as in their code (github.com/automl/RobustDARTS, ``src/utils.py`` and ``src/search``): λ_max is
measured after epochs 0, 2, 4, …, an average stands for its window's middle, and the rule is asked where the genotype to
return is of epoch 10 or later, first at the 12th measurement, after epoch 22; never after the last epoch. Their loss
has α's weight decay in it: λ_max plus the decay.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from pydantic import Field

from algorithms import PARTS
from algorithms.base import Pair, Setting, State
from algorithms.curvature import largest_eigenvalue
from algorithms.hyper import Hyper
from algorithms.wrapping import Part
from spaces.contracts import CellSpace


class EarlyStoppingHyper(Hyper):
    """The authors' defaults, for searches of 50 epochs."""

    es_every: int = Field(2, ge=1, description="epochs between two measurements of λ_max")
    es_window: int = Field(5, ge=1, description="measurements in an average")
    es_delta: int = Field(4, ge=1, description="measurements between the two averages that are compared")
    es_factor: float = Field(1.3, gt=1, description="the growth of the average that stops the search")
    es_start: int = Field(10, ge=0, description="no genotype from before this epoch, from 0, is returned")

    @property
    def es_back(self) -> int:
        """Measurements between a decision and the genotype that it returns: the middle of the older window."""
        return self.es_delta + self.es_window // 2


@PARTS.register
class EarlyStopping(Part):
    """Ends any search by its own rule; the passes behind λ_max are counted."""

    name = "es"
    title = "ES"
    wraps = ("steady",)
    keeps = ("softmax",)
    source = "Zela et al., ICLR 2020, Section 4.3"
    departures = "λ_max by Lanczos, not from the whole Hessian"
    Hyper = EarlyStoppingHyper
    hyper: EarlyStoppingHyper
    requires = (CellSpace,)

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.epochs_done, self.kept, self.last = 0, "", False
        self.measured: list[tuple[int, float, str]] = []

    @classmethod
    def least_epochs(cls, hyper: Any) -> int:
        """As many as it takes until the rule can stop the search: the first decision, and the last epoch, without."""
        before = max(hyper.es_window + hyper.es_delta - 1, hyper.es_back + math.ceil(hyper.es_start / hyper.es_every))
        return int(before * hyper.es_every) + 2

    def on_epoch(self, epoch: int, progress: float) -> None:
        """The search's own; and whether this is the budget's last epoch, by the share that those before have used."""
        super().on_epoch(epoch, progress)
        self.last = epoch > 0 and progress * (epoch + 1) > epoch - 1e-6

    def epoch(self, pairs: Iterable[Pair]) -> dict[str, float]:
        """The search's own epoch; then, every few, λ_max on its last batch of D_v, and the decision."""
        seen: deque[Pair] = deque(maxlen=1)

        def noted(pair: Pair) -> Pair:
            seen.append(pair)
            return pair

        start = self.alpha.flat.detach().clone()
        losses = super().epoch(map(noted, pairs))
        # Not while α stays as it was drawn (PC-DARTS's warm-up): its genotypes are none to return.
        moved = not torch.equal(self.alpha.flat, start)
        if seen and moved and not self.last and self.epochs_done % self.hyper.es_every == 0:
            self.measure(largest_eigenvalue(self, seen[0][1], counted=True) + self.hyper.arch_weight_decay)
        self.epochs_done += 1
        return losses

    def measure(self, eigenvalue: float) -> None:
        """Keep λ_max beside the present genotype, and stop where its average has risen."""
        h = self.hyper
        self.measured.append((self.epochs_done, eigenvalue, super().genotype()))
        values = [value for _, value, _ in self.measured]
        if len(values) < h.es_window + h.es_delta:
            return
        before, now = np.mean(values[-h.es_window - h.es_delta : -h.es_delta]), np.mean(values[-h.es_window :])
        epoch, _, genotype = self.measured[-1 - h.es_back]
        if epoch >= h.es_start and before > 0 and now / before > h.es_factor:
            self.stopped, self.kept = True, genotype

    def genotype(self) -> str:
        """The one from before the rise; as long as there is none, the search's own."""
        return self.kept or super().genotype()

    def state_dict(self) -> State:
        """The search's, and what was measured."""
        own = {"epochs_done": self.epochs_done, "kept": self.kept, "stopped": self.stopped}
        return super().state_dict() | {"early_stopping": own | {"measured": [list(m) for m in self.measured]}}

    def load_state_dict(self, state: State) -> None:
        """Continue exactly where ``state_dict`` was taken."""
        super().load_state_dict(state)
        own = state["early_stopping"]
        self.epochs_done, self.kept, self.stopped = own["epochs_done"], own["kept"], own["stopped"]
        self.measured = [(epoch, value, genotype) for epoch, value, genotype in own["measured"]]
