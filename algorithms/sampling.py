"""What searches share that draw operations: a generator of their own, and the distributions they draw from.

A mix is never built here but got from the space (``space.relax``) and changed, for only the space knows its type.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch
from pydantic import Field
from torch import Tensor

from algorithms.base import Setting, State
from algorithms.hyper import Hyper
from algorithms.search import Search
from spaces.base import Mix
from spaces.contracts import CellSpace

Named = dict[str, Tensor]


class ConcreteHyper(Hyper):
    """The temperature's ends."""

    tau: float = Field(gt=0, description="τ at the start")
    tau_min: float = Field(gt=0, description="τ at the end of its linear fall")


class Sampling(Search):
    """A search that draws from the generator of the purpose "sample", on the CPU; it travels in the checkpoint."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.generator = self.seeded("sample")

    def state_dict(self) -> State:
        """A search's, and the generator."""
        return super().state_dict() | {"generator": self.generator.get_state()}

    def load_state_dict(self, state: State) -> None:
        """Continue exactly where ``state_dict`` was taken."""
        super().load_state_dict(state)
        self.generator.set_state(state["generator"])


class Concrete(Sampling):
    """A search that draws from the concrete distribution; ``hyper`` has ``tau`` and ``tau_min``."""

    hyper: ConcreteHyper

    @property
    def tau(self) -> float:
        """The temperature: from step to step linear in the share of the budget that is used."""
        h = self.hyper
        return h.tau + (h.tau_min - h.tau) * min(self.progress, 1.0)

    def concrete(self, alpha: Named) -> Mix:
        """The space's relaxation of (α + G) / τ, G standard Gumbel: a draw from the concrete distribution.

        (Maddison, Mnih, Teh, ICLR 2017; Jang, Gu, Poole, ICLR 2017.) Its argmax is a draw from softmax α at any τ > 0.
        """
        return self.space.relax({n: (a + gumbel(a, self.generator)) / self.tau for n, a in alpha.items()})


def gumbel(like: Tensor, generator: torch.Generator) -> Tensor:
    """Standard Gumbel noise, −ln of standard exponentials, shaped like ``like``."""
    exponential = torch.empty(like.shape, dtype=like.dtype).exponential_(generator=generator)
    # An exponential of 0, which float32 can give, would be an infinite Gumbel.
    return -exponential.clamp(min=torch.finfo(like.dtype).tiny).log().to(like.device)


def only(mix: Mix, chosen: Mapping[str, Tensor]) -> Mix:
    """``mix`` with only the chosen operations (…, k indices) of each edge run; its weights stay."""
    return replace(mix, active={name: index.tolist() for name, index in chosen.items()})


def one_hot(mix: Mix, chosen: Mapping[str, Tensor]) -> Named:
    """Weights of 1 for the chosen operation (…, 1 index) of each edge and 0 for the others."""
    return {n: torch.zeros_like(w).scatter_(-1, chosen[n].to(w.device), 1.0) for n, w in mix.weights.items()}


def straight_through(hard: Named, soft: Named) -> Named:
    """Values of ``hard``, gradients of ``soft``."""
    return {name: h + (soft[name] - soft[name].detach()) for name, h in hard.items()}


def through(space: CellSpace, genotype: str, alpha: Named) -> Mix:
    """The mix that runs one genotype inside the supernet, and nothing else; α is read for its device and type only."""
    weights = {name: w.to(alpha[name]) for name, w in space.one_hot(genotype).items()}
    active = {name: [edge.nonzero().flatten().tolist() for edge in w.cpu()] for name, w in weights.items()}
    return replace(space.relax(alpha), weights=weights, active=active)
