"""Zero-cost scores: what an untrained network says of its architecture, each as its paper's equation. Higher is better.

A score reads a fresh network and one batch of images, and works on a copy, so that none changes what another reads.
Batch norm takes the batch's own statistics, for a fresh network's running ones say nothing; synflow alone, which reads
no image, takes them as they are: then batch norm divides by √(1 + 1e-5), and is as good as left out.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from copy import deepcopy
from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from algorithms.counts import Cost
from algorithms.naswot import naswot
from spaces.base import Batch
from spaces.counting import multiply_adds, parameters

ScoreName = Literal["params", "flops", "synflow", "naswot", "jacob_cov", "grad_norm", "snip"]

JACOB_COV_K = 1e-5
"""k, which keeps eigenvalues of zero out of logarithm and quotient."""


def synflow(network: nn.Module, batch: Batch) -> float:
    """Σ |∂R/∂θ ⊙ θ|, R the sum of the logits of |θ| on an image of ones; of a linear chain R = 1ᵀ ∏ |θ| 1.

    Over the weights of convolutions and linear layers, in float64, for R grows with each layer; on the CPU, where
    float64 always is. ReLU changes nothing, for nothing is negative.
    """
    flow = network.to("cpu", torch.float64).eval()
    with torch.no_grad():
        for parameter in flow.parameters():
            parameter.abs_()
    ones = torch.ones((1, *batch.x.shape[1:]), dtype=torch.float64)
    return _saliency(flow(ones).sum(), _weights(flow))


def jacob_cov(network: nn.Module, batch: Batch) -> float:
    """−Σ (log(λᵢ + k) + 1 / (λᵢ + k)), λ the eigenvalues of the correlations of the images' Jacobians.

    An image's Jacobian is the gradient of the sum of all logits to it. −∞ where an image reaches no logit.
    """
    network.requires_grad_(False)
    images = batch.x.detach().clone().requires_grad_()
    total = network(images).sum()
    if not total.requires_grad:
        return -math.inf
    jacobians = torch.autograd.grad(total, images)[0].flatten(1).double()
    if not bool((jacobians.var(1) > 0).all()):
        return -math.inf
    eigenvalues = torch.linalg.eigvalsh(torch.corrcoef(jacobians)) + JACOB_COV_K
    return -float((eigenvalues.log() + 1 / eigenvalues).sum())


def grad_norm(network: nn.Module, batch: Batch) -> float:
    """Σ over the layers of ‖∂L/∂θ‖₂, L the cross-entropy."""
    loss = F.cross_entropy(network(batch.x), batch.y)
    slopes = torch.autograd.grad(loss, _weights(network), materialize_grads=True)
    return float(torch.stack([slope.double().norm() for slope in slopes]).sum())


def snip(network: nn.Module, batch: Batch) -> float:
    """Σ |∂L/∂θ ⊙ θ|: what the cross-entropy feels when a weight is taken away."""
    return _saliency(F.cross_entropy(network(batch.x), batch.y), _weights(network))


def _saliency(scalar: Tensor, weights: list[Tensor]) -> float:
    """Σ |∂scalar/∂θ ⊙ θ| over all weights."""
    slopes = torch.autograd.grad(scalar, weights, materialize_grads=True)
    parts = [(slope * weight.detach()).abs().double().sum() for slope, weight in zip(slopes, weights, strict=True)]
    return float(torch.stack(parts).sum())


def _weights(network: nn.Module) -> list[Tensor]:
    """What convolutions and linear layers multiply by: neither biases nor batch norm's scales and shifts."""
    return [parameter for parameter in network.parameters() if parameter.dim() > 1]


def _params(network: nn.Module, batch: Batch) -> float:
    return float(parameters(network))


def _flops(network: nn.Module, batch: Batch) -> float:
    return float(multiply_adds(network, batch.x.shape[1:]))


class ZeroCost(NamedTuple):
    """A score: how it is computed, the passes that it takes, and its source."""

    compute: Callable[[nn.Module, Batch], float]
    passes: Cost
    source: str

    def of(self, network: nn.Module, batch: Batch) -> float:
        """The score of a fresh network, which stays as it is."""
        return self.compute(deepcopy(network).train(), batch)


SCORES: dict[ScoreName, ZeroCost] = {
    "params": ZeroCost(_params, Cost(0, 0), "number of parameters"),
    "flops": ZeroCost(_flops, Cost(0, 0), "multiply-adds of an image"),
    "synflow": ZeroCost(synflow, Cost(1, 1), "Tanaka et al., NeurIPS 2020, Section 6, as in Abdelfattah et al., 2021"),
    "naswot": ZeroCost(naswot, Cost(1, 0), "Mellor et al., ICML 2021, Section 3"),
    # The gradient to the images costs what α's does: a forward pass.
    "jacob_cov": ZeroCost(jacob_cov, Cost(1, 0, 1), "Abdelfattah et al., ICLR 2021, Section 3; Mellor et al., 2020"),
    "grad_norm": ZeroCost(grad_norm, Cost(1, 1), "Abdelfattah et al., ICLR 2021, Section 3"),
    "snip": ZeroCost(snip, Cost(1, 1), "Lee et al., ICLR 2019, Section 4, as in Abdelfattah et al., 2021"),
}
"""The scores by name."""
