"""The unpruned network: the row that every pruned one is compared with (RARTS, Tables 5 and 6)."""

from __future__ import annotations

from algorithms import ALGORITHMS
from algorithms.counts import Cost
from algorithms.search import Search
from spaces.base import Batch
from spaces.contracts import WidthSpace


@ALGORITHMS.register
class Baseline(Search):
    """The weights alone, trained on all data with every gate at one: 2F + 2B a step. Nothing is cut or fine-tuned."""

    name = "baseline"
    title = "Baseline (unpruned)"
    cost = Cost(2, 2)
    source = "Xue, Qi, Xin, IEEE Access 2022, Tables 5 and 6"
    prunes = False
    requires = (WidthSpace,)
    space: WidthSpace

    def step(self, train: Batch, val: Batch) -> None:
        """w ← w − η ∇_w L on the batch of each half in turn."""
        for batch in (train, val):
            self.w.descend(self.grad_w(self.w, batch))

    def genotype(self) -> str:
        """Every channel."""
        return self.space.whole()
