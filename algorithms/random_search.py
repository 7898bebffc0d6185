"""Random search: k architectures drawn uniformly, the best by validation accuracy kept.

The control that every differentiable search must beat (Li and Talwalkar, UAI 2019; Yu et al., ICLR 2020).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from algorithms.base import Algorithm, Setting
from algorithms.counts import Counts


class RandomHyper(BaseModel):
    """How many architectures are drawn."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
    k: int = Field(10, ge=1, description="architectures drawn and evaluated, one an epoch")


class RandomSearch(Algorithm):
    """Draws one architecture an epoch and asks the harness's evaluator for its validation accuracy."""

    name = "random"
    title = "Random search"
    Hyper = RandomHyper

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.generator = setting.seeded("sample")
        self.best, self.best_accuracy = "", float("-inf")
        self._counts = Counts()

    @property
    def counts(self) -> Counts:
        """The multiply-adds of the evaluations."""
        return self._counts

    def epochs(self, budget: int) -> int:
        """One for each architecture, whatever the gradient searches are given."""
        return int(self.hyper.k)

    def epoch(self, pairs: Iterable[tuple[Any, Any]]) -> dict[str, float]:
        """Draw one, evaluate it, keep the better; the batches are not used."""
        genotype = self.space.sample(self.generator)
        evaluated = self.evaluate(genotype)
        self._counts.macs += evaluated.macs
        self.charged_seconds += evaluated.seconds
        if evaluated.val_accuracy > self.best_accuracy:
            self.best, self.best_accuracy = genotype, evaluated.val_accuracy
        return {"val_accuracy": evaluated.val_accuracy}

    def genotype(self) -> str:
        """The best so far; before the first, one drawn from a stream of its own."""
        return self.best or str(self.space.sample(self.seeded("first")))

    def state_dict(self) -> dict[str, Any]:
        """The incumbent, the generator and the costs."""
        return {
            "best": self.best,
            "best_accuracy": self.best_accuracy,
            "charged_seconds": self.charged_seconds,
            "generator": self.generator.get_state(),
            "counts": self._counts.as_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue exactly where ``state_dict`` was taken."""
        self.best, self.best_accuracy = state["best"], state["best_accuracy"]
        self.charged_seconds = state["charged_seconds"]
        self.generator.set_state(state["generator"])
        self._counts = Counts(**state["counts"])
