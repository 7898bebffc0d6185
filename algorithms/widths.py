"""What a search over candidate widths shares besides its step: α's shape, what α stands for, and what is cut.

A gated layer's α holds a logit for each number of its first channels that the layer may have.
"""

from __future__ import annotations

from functools import cached_property

import torch
from pydantic import Field

from algorithms.sampling import Concrete, ConcreteHyper, Named, on_host
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
        return {name: widths.to(self.device) for name, widths in self.widths_here.items()}

    @cached_property
    def widths_here(self) -> Named:
        """``widths`` on the CPU."""
        n, layers = self.hyper.candidates, self.space.layers.items()
        steps = {name: sorted({max(1, round(k * channels / n)) for k in range(1, n + 1)}) for name, channels in layers}
        return {name: torch.tensor(widths) for name, widths in steps.items()}

    def alphas(self) -> Named:
        """Nearly uniform: 0.01 · standard normal."""
        generator = self.seeded("alpha")
        return {name: 0.01 * torch.randn(len(widths), generator=generator) for name, widths in self.widths.items()}

    def prox(self) -> None:
        """Nothing: ℓ1 is for gates, and these α are logits."""

    def most_probable(self, alpha: Named) -> Named:
        """Each layer's most probable width, a scalar where α is."""
        best = {name: a.argmax().view(1) for name, a in alpha.items()}
        # Not [index]: of one number that asks the host for it.
        return {name: self.widths[name].to(i.device).index_select(0, i).squeeze(0) for name, i in best.items()}

    def relax(self, alpha: Named) -> Mix:
        """The most probable network, for diagnostics."""
        channels = {name: self.widths_here[name][a.argmax()][None] for name, a in on_host(alpha).items()}
        return self.space.at_widths(channels, {name: torch.ones_like(a[:1]) for name, a in alpha.items()})

    def genotype(self) -> str:
        """The space's rule on P(width > i) as channel i's score; without a PRC, on whether the most probable has it."""
        scores = {}
        for name, a in on_host(self.alpha.views()).items():
            p, widths = a.double().softmax(-1), self.widths_here[name]
            if self.space.options.prc is None:
                p = torch.nn.functional.one_hot(p.argmax(), len(p))
            at_least = p.flip(0).cumsum(0).flip(0)
            scores[name] = at_least.repeat_interleave(widths.diff(prepend=widths.new_zeros(1)))
        return self.space.discretise(scores)

    def gates(self) -> Named:
        """One for every channel: α says how many, not how much."""
        return {name: torch.ones(n, device=self.device) for name, n in self.space.layers.items()}
