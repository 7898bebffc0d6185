"""A 1 × 1 convolution of a few images cut in bands is that of the whole images, with its slopes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
import torch.nn.functional as F

from spaces.pointwise import LARGE, pointwise


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Only on one thread are images cut."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(("batch", "groups", "height", "width"), [(8, 3, 32, 32), (1, 1, 24, 24), (3, 2, 23, 23)])
@pytest.mark.parametrize("sliced", [False, True])
def test_bands_equal_whole_images(double: None, batch: int, groups: int, height: int, width: int, sliced: bool) -> None:
    assert height * width >= LARGE
    torch.manual_seed(0)
    x = torch.randn(batch, 4 * groups, height, width).contiguous(memory_format=torch.channels_last)
    if sliced:
        x = torch.randn(batch, 4 * groups, 2 * height, 2 * width)[..., 1::2, ::2]
    weight = torch.randn(2 * groups, 4, 1, 1)
    outs = [f(x.requires_grad_(), weight.requires_grad_(), groups=groups) for f in (pointwise, F.conv2d)]
    slope = torch.randn_like(outs[1])
    ours, torchs = (torch.autograd.grad(out, (x, weight), slope) for out in outs)
    assert (outs[0] - outs[1]).abs().max() < 1e-12
    assert all((a - b).abs().max() < 1e-10 for a, b in zip(ours, torchs, strict=True))
