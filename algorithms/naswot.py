"""NASWOT (Mellor, Turner, Storkey, Crowley, ICML 2021): how an untrained network's ReLUs tell images apart."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from results.errors import BadInput
from spaces.base import Batch


def naswot(network: nn.Module, batch: Batch) -> float:
    """log |det K_H|, of the kernel of the images' ReLU patterns: −∞ where it is singular.

    Raises
    ------
    BadInput
        For a network without ReLU modules.
    """
    codes: list[Tensor] = []

    def pattern(module: nn.Module, inputs: tuple[Tensor, ...], out: Tensor) -> None:
        codes.append((out > 0).flatten(1))

    for module in network.modules():
        if isinstance(module, (nn.ReLU, nn.ReLU6)):
            module.register_forward_hook(pattern)
    with torch.no_grad():
        network(batch.x)
    if not codes:
        raise BadInput("naswot reads the patterns of ReLU modules, and this network has none: choose another score")
    return float(torch.linalg.slogdet(hamming_kernel(codes)).logabsdet)


def hamming_kernel(codes: list[Tensor]) -> Tensor:
    """K_H (images, images): N_A − d_H(cᵢ, cⱼ), the units of all layers' ``codes`` (images, units) that agree."""
    kernel = torch.zeros((len(codes[0]), len(codes[0])), dtype=torch.float64)
    for code in codes:
        on = code.float()  # whole numbers below 2²⁴: exact
        both, active = (on @ on.T).cpu().double(), on.sum(1).cpu().double()
        # Off in both: all units but those on in one or the other.
        kernel += 2 * both + code.shape[1] - active[:, None] - active[None, :]
    return kernel
