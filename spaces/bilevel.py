"""The solvable model of the RARTS paper (III-D, Fig. 1): two quadratics whose bilevel optimum is (α, w) = (1, 1).

L_v(w, α) = wα − 2α + 1 and L_t(w, α) = w² − 2wα + α². It is a Space, so that the very code that searches networks can
be checked against closed forms.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from results.errors import BadInput
from spaces import SPACES
from spaces.base import Alpha, Batch, Edge, Genotype, Mix, Space, SpaceOptions


class BilevelOptions(SpaceOptions):
    """Where α, w and y start."""

    alpha0: float = 2.0
    w0: float = -2.0
    y0: float = 0.0


class Scalar(nn.Module):
    """A network of one weight, which is its output."""

    def __init__(self, start: float) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.tensor([start], dtype=torch.get_default_dtype()))

    def forward(self, x: Tensor, mix: Mix) -> Tensor:
        """The weight, (1,); neither the input nor the mix is read."""
        return self.w


@SPACES.register
class Bilevel(Space):
    """One α, one w, and for RARTS one y."""

    name = "bilevel"
    Options = BilevelOptions
    options: BilevelOptions

    def alphas(self, generator: torch.Generator) -> Alpha:
        """{"alpha": (1,)} at its start; nothing is drawn."""
        return {"alpha": torch.tensor([self.options.alpha0], dtype=torch.get_default_dtype())}

    def supernet(self, role: str = "w") -> nn.Module:
        """w at w₀, y at y₀."""
        return Scalar(self.options.y0 if role == "y" else self.options.w0)

    def relax(self, alpha: Alpha) -> Mix:
        """α itself."""
        return Mix(alpha)

    def loss(self, network: Callable[[Tensor, Mix], Tensor], mix: Mix, batch: Batch) -> tuple[Tensor, Tensor]:
        """L_t or L_v, by the half that ``batch`` names; nothing is classified, so no hits."""
        w, alpha = network(batch.x, mix).sum(), mix.weights["alpha"].sum()
        loss = w * alpha - 2 * alpha + 1 if batch.half == "val" else w**2 - 2 * w * alpha + alpha**2
        return loss, torch.zeros_like(loss)

    def discretise(self, alpha: Alpha) -> Genotype:
        """α's value."""
        return f"{alpha['alpha'].item():.6f}"

    def build(self, genotype: Genotype, trained: nn.Module | None = None) -> nn.Module:
        """There is no stand-alone network. Raises BadInput."""
        raise BadInput("the solvable model has no stand-alone network; `reproduce fig1` shows where its searches end")

    def edges(self, genotype: Genotype) -> list[Edge]:
        """None."""
        return []

    def sample(self, generator: torch.Generator) -> Genotype:
        """An α uniform in [0, 2]."""
        return f"{2 * torch.rand(1, generator=generator).item():.6f}"

    def mutate(self, genotype: Genotype, generator: torch.Generator) -> Genotype:
        """α moved by a normal step of 0.1."""
        return f"{float(genotype) + 0.1 * torch.randn(1, generator=generator).item():.6f}"
