"""What gates add to an iteration: forward and backward to weights and gates, against the plain network's."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from benchmarks.interleaved import ratios
from searches import make_batch
from torch import Tensor, nn

from spaces.base import Batch
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


@pytest.mark.parametrize("name", ["resnet164", "mobilenetv2"])
def test_a_gated_iteration_against_the_plain_networks(benchmark: Any, name: str) -> None:
    """Batches of 32 images of 32 × 32, or of two 8 × 8 at a small depth where benchmarks are disabled."""
    images, size, depth = (32, 32, 164) if benchmark.enabled else (2, 8, 11)
    space: GatedSpace = (
        ResNet164(ResNet164Options(depth=depth))
        if name == "resnet164"
        else MobileNetV2Width(MobileNetV2Options(stem="cifar"))
    )
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
    ratios(benchmark, contestants, "plain", {"gated": "at most 1.15"}, rounds=7 if name == "resnet164" else 10)
