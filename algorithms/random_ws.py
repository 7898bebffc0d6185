"""Random search with weight sharing (Li, Talwalkar, UAI 2019): one supernet judges architectures drawn at random.

Each step trains the weights of one architecture drawn uniformly. When the budget is used up, k more are drawn and run
with the shared weights on the same validation batches; the most accurate is the genotype.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import islice

from pydantic import Field

from algorithms import ALGORITHMS
from algorithms.base import Pair, State
from algorithms.counts import Cost
from algorithms.hyper import Hyper
from algorithms.sampling import Sampling, through
from spaces.base import Batch
from spaces.contracts import CellSpace


class RandomWsHyper(Hyper):
    """How many architectures are judged, and on how much. What concerns α has no effect."""

    k: int = Field(1000, ge=1, description="architectures scored with the shared weights")
    batches: int = Field(10, ge=1, description="validation batches that score each of them")


@ALGORITHMS.register
class RandomWs(Sampling):
    """Weights of uniform samples: F + B a step, through one architecture; then k times ``batches`` F."""

    name = "random_ws"
    title = "Random, shared weights"
    requires = (CellSpace,)
    space: CellSpace
    cost = Cost(1, 1)
    source = "Li, Talwalkar, UAI 2019, Section 3.2"
    departures = (
        "the best of k by the same validation batches, with no second round of ten finalists on all of D_v; D_v is not "
        "trained on"
    )
    Hyper = RandomWsHyper
    hyper: RandomWsHyper
    best: str = ""

    def step(self, train: Batch, val: Batch) -> None:
        """w of one architecture on D_t."""
        drawn = self.space.sample(self.generator)
        self.w.descend(self.grad_w(self.w, train, partial(through, self.space, drawn)))

    def select(self, pairs: Iterator[Pair]) -> dict[str, float]:
        """Score k architectures with the shared weights and keep the best."""
        held_out = [val for _, val in islice(pairs, self.hyper.batches)]
        images, most = sum(len(batch.y) for batch in held_out), -1.0
        for _ in range(self.hyper.k):
            drawn = self.space.sample(self.generator)
            relax = partial(through, self.space, drawn)
            scores = [self.passes.score(self.w.flat, self.alpha.flat, batch, relax) for batch in held_out]
            hits = float(sum(hit for _, hit in scores))
            if hits > most:
                self.best, most = drawn, hits
        return {"val_accuracy": 100 * most / images}

    def genotype(self) -> str:
        """The best of the k; before they are scored, one drawn from a stream of its own."""
        return self.best or self.space.sample(self.seeded("first"))

    def state_dict(self) -> State:
        """A sampling search's, and the best."""
        return super().state_dict() | {"best": self.best}

    def load_state_dict(self, state: State) -> None:
        """Continue exactly where ``state_dict`` was taken."""
        super().load_state_dict(state)
        self.best = state["best"]
