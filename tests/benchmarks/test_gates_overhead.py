"""What gates add to an iteration, forward and backward to weights and gates, and what cutting channels saves."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from benchmarks.interleaved import note, ratios
from searches import make_batch
from torch import Tensor, nn

from spaces.base import Batch
from spaces.counting import multiply_adds, parameters
from spaces.gated_layers import GatedBatchNorm
from spaces.gated_space import GatedSpace
from spaces.mobilenetv2 import MobileNetV2Options, MobileNetV2Width
from spaces.resnet164 import ResNet164, ResNet164Options


class Multiplied(nn.Module):
    """The plain form: every gated map is multiplied after its batch norm."""

    def __init__(self, space: GatedSpace, alpha: dict[str, Tensor]) -> None:
        super().__init__()
        self.network = space.supernet()
        for name, module in self.network.named_modules():
            if isinstance(module, GatedBatchNorm):
                gate = alpha[name].view(1, -1, 1, 1)
                module.register_forward_hook(lambda _, __, z, gate=gate: gate * z)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.network(x)
        return logits


def backward(forward: Callable[[Tensor], Tensor], batch: Batch, wanted: list[Tensor]) -> None:
    torch.autograd.grad(F.cross_entropy(forward(batch.x), batch.y), wanted)


def space_named(name: str, enabled: bool, **fields: Any) -> GatedSpace:
    """The space at the paper's size, or small where benchmarks are disabled."""
    if name == "resnet164":
        return ResNet164(ResNet164Options(depth=164 if enabled else 11, **fields))
    return MobileNetV2Width(MobileNetV2Options(width=1.0 if enabled else 0.1, stem="cifar", **fields))


@pytest.mark.parametrize("name", ["resnet164", "mobilenetv2"])
def test_a_gated_iteration_against_the_plain_networks(benchmark: Any, name: str) -> None:
    """Batches of 32 images of 32 × 32, or of two of 8 × 8 where benchmarks are disabled."""
    images, size = (32, 32) if benchmark.enabled else (2, 8)
    space = space_named(name, benchmark.enabled)
    batch, gates = make_batch("train", images, size), space.alphas(torch.Generator())
    alpha = {layer: gate.requires_grad_() for layer, gate in gates.items()}
    plain, gated, multiplied = space.supernet(), space.supernet(), Multiplied(space, alpha)
    contestants = {
        "plain": partial(backward, plain, batch, list(plain.parameters())),
        "gated": partial(
            backward, lambda x: gated(x, space.relax(alpha)), batch, [*gated.parameters(), *alpha.values()]
        ),
        "multiplied": partial(backward, multiplied, batch, [*multiplied.parameters(), *alpha.values()]),
    }
    ratios(benchmark, contestants, "plain", {"gated": "at most 1.15"}, rounds=10)


@pytest.mark.parametrize("name", ["resnet164", "mobilenetv2"])
def test_a_slim_networks_latency_and_size_against_the_whole(benchmark: Any, name: str) -> None:
    """One image of 32 × 32 in evaluation mode; what goes is drawn at random over all layers."""
    generator = torch.Generator().manual_seed(0)
    networks: dict[str, nn.Module] = {}
    for prc in (None, 0.4, 0.6):
        space = space_named(name, benchmark.enabled, prc=prc)
        gates = {layer: 0.1 + torch.rand(n, generator=generator) for layer, n in space.layers.items()}
        networks[f"PRC {prc or 0}"] = space.build(space.discretise(gates)).eval()
    x = torch.randn(1, 3, 32, 32)

    @torch.no_grad()
    def forward(network: nn.Module) -> None:
        network(x)

    runs = {label: partial(forward, network) for label, network in networks.items()}
    ratios(benchmark, runs, "PRC 0", {}, rounds=20, inner=3)
    for label, network in networks.items():
        note(
            benchmark, f"{label}: parameters, multiply-adds", [parameters(network), multiply_adds(network, x.shape[1:])]
        )
