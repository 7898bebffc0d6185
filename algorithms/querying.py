"""What searches without gradients share: one question to the harness's evaluator an epoch, and the best answer kept."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable

from algorithms.base import Algorithm, Evaluated, Pair, Setting, State
from algorithms.counts import Counts
from results.metrics import ASKED

SEES = (
    "on CIFAR-100 and ImageNet16-120 a NATS-Bench table's validation accuracy is of half of the test images, which no "
    "search by gradients sees under halves; what is reported is of the other half"
)
"""What they are told that others are not."""


class Querying(Algorithm):
    """Proposes one architecture an epoch and is told its validation accuracy."""

    queries = True

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.generator = setting.seeded("sample")
        self.best, self.best_accuracy = "", float("-inf")
        self._counts = Counts()

    @abstractmethod
    def propose(self) -> str:
        """The next genotype to evaluate, drawn with ``generator``."""

    def told(self, genotype: str, evaluated: Evaluated) -> None:
        """What the evaluator said of the proposed genotype."""

    @property
    def counts(self) -> Counts:
        """The multiply-adds of the evaluations."""
        return self._counts

    def epoch(self, pairs: Iterable[Pair]) -> dict[str, float]:
        """Propose one, have it evaluated, keep the better; the batches are not used.

        Returns its validation accuracy (percent), and each of its costs that is known as ``asked.COST``.
        """
        genotype = self.asked = self.propose()
        evaluated = self.evaluate(genotype)
        self._counts.macs += evaluated.macs
        self.charged_seconds += evaluated.seconds
        if evaluated.val_accuracy > self.best_accuracy:
            self.best, self.best_accuracy = genotype, evaluated.val_accuracy
        self.told(genotype, evaluated)
        known = {f"{ASKED}.{name}": cost for name, cost in evaluated.costs.items() if cost is not None}
        return {"val_accuracy": evaluated.val_accuracy} | known

    def genotype(self) -> str:
        """The best so far; before the first, one drawn from a stream of its own."""
        return self.best or self.space.sample(self.seeded("first"))

    def state_dict(self) -> State:
        """The incumbent, the generator and the costs."""
        return {
            "best": self.best,
            "best_accuracy": self.best_accuracy,
            "charged_seconds": self.charged_seconds,
            "generator": self.generator.get_state(),
            "counts": self._counts.as_dict(),
        }

    def load_state_dict(self, state: State) -> None:
        """Continue exactly where ``state_dict`` was taken."""
        self.best, self.best_accuracy = state["best"], state["best_accuracy"]
        self.charged_seconds = state["charged_seconds"]
        self.generator.set_state(state["generator"])
        self._counts = Counts(**state["counts"])
