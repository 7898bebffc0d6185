"""What a search over candidate widths shares besides its step: α's shape, what α stands for, and what is cut.

A gated layer's α holds a logit for each number of its first channels that the layer may have.
"""

from __future__ import annotations

from functools import cached_property

import torch
from pydantic import Field

from algorithms.sampling import Concrete, ConcreteHyper, Named
from spaces.base import Mix
from spaces.contracts import WidthSpace


class WidthHyper(ConcreteHyper):
    """The candidates, and the temperature's ends."""

    candidates: int = Field(10, ge=2, description="candidate widths: a layer's channels in so many equal steps")
    tau: float = Field(10.0, gt=0, description="τ at the start")
    tau_min: float = Field(0.1, gt=0, description="τ at the end of its linear fall")


class WidthSearch(Concrete):
    """A search on the gated spaces whose α choose how many channels a layer keeps, not which."""

    requires = (WidthSpace,)
    space: WidthSpace
    hyper: WidthHyper

    @cached_property
    def widths(self) -> Named:
        """Each layer's candidate widths (candidates,), ascending and distinct, in channels."""
        n, layers = self.hyper.candidates, self.space.layers.items()
        steps = {name: sorted({max(1, round(k * channels / n)) for k in range(1, n + 1)}) for name, channels in layers}
        return {name: torch.tensor(widths, device=self.device) for name, widths in steps.items()}

    def alphas(self) -> Named:
        """Nearly uniform: 0.01 · standard normal."""
        generator = self.seeded("alpha")
        return {name: 0.01 * torch.randn(len(widths), generator=generator) for name, widths in self.widths.items()}

    def prox(self) -> None:
        """Nothing: ℓ1 is for gates, and these α are logits."""

    def most_probable(self, alpha: Named) -> Named:
        """Each layer's most probable width, a scalar."""
        return {name: self.widths[name][a.argmax()] for name, a in alpha.items()}

    def relax(self, alpha: Named) -> Mix:
        """The most probable network, for diagnostics."""
        channels = {name: width[None] for name, width in self.most_probable(alpha).items()}
        return self.space.at_widths(channels, {name: torch.ones_like(a[:1]) for name, a in alpha.items()})

    def genotype(self) -> str:
        """The space's rule on P(width > i) as channel i's score; without a PRC, on whether the most probable has it."""
        scores = {}
        for name, a in self.alpha.views().items():
            p, widths = a.detach().cpu().double().softmax(-1), self.widths[name].cpu()
            if self.space.options.prc is None:
                p = torch.nn.functional.one_hot(p.argmax(), len(p))
            at_least = p.flip(0).cumsum(0).flip(0)
            scores[name] = at_least.repeat_interleave(widths.diff(prepend=widths.new_zeros(1)))
        return self.space.discretise(scores)

    def gates(self) -> Named:
        """One for every channel: α says how many, not how much."""
        return {name: torch.ones(n, device=self.device) for name, n in self.space.layers.items()}
