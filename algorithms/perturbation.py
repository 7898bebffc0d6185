"""DARTS-PT (Wang, Cheng, Chen, Tang, Hsieh, ICLR 2021): an operation is worth what the supernet loses without it.

Their Algorithm 1. Edge after edge in random order, each operation is left out in turn; the one whose absence costs the
supernet most validation accuracy becomes the edge, and the supernet is trained on before the next one. Then, where a
node keeps some of its input edges only, node after node: those stay whose absence costs most. α's size is not read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import count, islice

from pydantic import Field

from algorithms import PARTS
from algorithms.base import Pair, Setting, State
from algorithms.hyper import Hyper
from algorithms.remaining import Remaining
from algorithms.wrapping import Part
from spaces.base import Alpha, Batch, Mix
from spaces.contracts import CellSpace


class PerturbationHyper(Hyper):
    """The authors' fields, the same for NAS-Bench-201 and for DARTS cells."""

    pt_tune_epochs: int = Field(5, ge=0, description="epochs of training between two decisions, at a tenth of lr")
    pt_batches: int | None = Field(None, ge=1, description="validation batches behind a score; default: an epoch's")


@PARTS.register
class Perturbation(Part):
    """Selection from the trained supernet of any softmax search; its passes are counted."""

    name = "pt"
    title = "PT"
    wraps = ("softmax",)
    source = "Wang et al., ICLR 2021, Algorithm 1"
    departures = (
        "scores by the batches of the search, augmented; trains on at a constant lr (on DARTS cells theirs decays); "
        "none, which their DARTS cells lack, stays in the softmax and is never selected"
    )
    Hyper = PerturbationHyper
    hyper: PerturbationHyper
    requires = (CellSpace,)
    space: CellSpace

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.steps = 0
        self.remaining = Remaining(self.alpha.views(self.alpha.flat.detach()), self.space.topology())

    def relax(self, alpha: Alpha) -> Mix:
        """The search's own weights of what is not left out; of a decided edge, 1 for its operation."""
        mix = super().relax(alpha)
        return replace(mix, weights=self.remaining.of(mix.weights))

    def expected(self, alpha: Alpha) -> Alpha:
        """The search's own, of every operation: α itself, whatever has been selected."""
        return super().relax(alpha).weights

    def epoch(self, pairs: Iterable[Pair]) -> dict[str, float]:
        """The search's own epoch, its steps counted: a whole one's, for a budget may end within the last."""
        steps = count()
        losses = super().epoch(pair for pair, _ in zip(pairs, steps, strict=False))
        self.steps = max(self.steps, next(steps))
        return losses

    def select(self, pairs: Iterator[Pair]) -> dict[str, float]:
        """Decide everything, training on between two rounds; returns the losses of that training."""
        self.set_lr(0.0)
        for network in self.networks().values():
            network.optimiser.state.clear()
            network.lr /= 10
        scored, tuned = self.hyper.pt_batches or self.steps, self.hyper.pt_tune_epochs * self.steps
        rounds = self.remaining.rounds(self.seeded("sample"))
        for done, decisions in enumerate(rounds, start=1):
            for decide in decisions:
                decide(partial(self.hits, [val for _, val in islice(pairs, scored)]))
            for train, val in islice(pairs, tuned if done < len(rounds) else 0):
                self.step(train, val)
        return self.passes.take_losses()

    def hits(self, held_out: list[Batch]) -> float:
        """How many images of ``held_out`` the supernet gets right as it is now: w, the network they do not train."""
        return float(sum(self.passes.score(self.w.flat, self.alpha.flat, batch)[1] for batch in held_out))

    def genotype(self) -> str:
        """What was selected; the search's own before."""
        if not self.remaining.complete:
            return super().genotype()
        return self.space.discretise({name: mask.cpu() for name, mask in self.remaining.mask.items()})

    def state_dict(self) -> State:
        """The search's, and what is left of each edge."""
        return super().state_dict() | {"perturbation": {"steps": self.steps, **self.remaining.state_dict()}}

    def load_state_dict(self, state: State) -> None:
        """Continue exactly where ``state_dict`` was taken."""
        super().load_state_dict(state)
        self.steps = state["perturbation"]["steps"]
        self.remaining.load_state_dict(state["perturbation"])
