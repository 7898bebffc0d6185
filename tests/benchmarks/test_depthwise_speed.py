"""What a depthwise convolution of a small image gains as a product: a pass with its slopes to image and weights."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import torch
from benchmarks.interleaved import ratios
from torch import Tensor

from spaces.depthwise import depthwise


@pytest.mark.parametrize(("channels", "side", "size"), [(48, 8, 5), (96, 4, 5), (192, 2, 5), (48, 4, 3), (96, 2, 3)])
def test_products_against_torchs_convolution(benchmark: Any, channels: int, side: int, size: int) -> None:
    """Blocks of NAS-Bench-Macro's supernet under ``mini``: 64 images."""
    images = 64 if benchmark.enabled else 2
    x = torch.randn(images, channels, side, side, requires_grad=True)
    weight = torch.randn(channels, 1, size, size, requires_grad=True)

    def run(convolve: Any) -> tuple[Tensor, ...]:
        out = convolve(x, weight)
        return torch.autograd.grad(out, (x, weight), torch.ones_like(out))

    torchs = partial(torch.nn.functional.conv2d, padding=size // 2, groups=channels)
    contestants = {"products": partial(run, depthwise), "torch": partial(run, torchs)}
    ratios(benchmark, contestants, "products", {"torch": "above 1"}, rounds=9, inner=4)
