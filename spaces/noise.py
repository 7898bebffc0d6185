"""The operation of RobustDARTS's space S4: noise in place of what a node holds (Zela et al., ICLR 2020, Section 3)."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Noise(nn.Module):
    """(B, C, H, W) to standard normal noise (B, C, H/stride, W/stride), which passes no gradient on."""

    def __init__(self, stride: int) -> None:
        super().__init__()
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        return noise_like(x[..., :: self.stride, :: self.stride])


def noise_like(x: Tensor, edge: int = 0) -> Tensor:
    """Standard normal noise shaped as ``x``, from a generator that the bits of ``x`` and ``edge`` seed.

    So a loss stays a function of its weights and its batch: a step that is taken again after a resume is the same, and
    a finite difference sees one loss. Batches and weights change at every step, and the noise with them.
    """
    if x.device.type == "meta":  # where passes are counted there are no values
        return torch.empty_like(x)
    bits = int(x.detach().double().sum().view(torch.int64))
    generator = torch.Generator(x.device).manual_seed((bits + edge) % 2**63)
    return torch.empty_like(x.detach()).normal_(generator=generator)
