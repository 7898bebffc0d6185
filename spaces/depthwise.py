"""Depthwise convolutions of images hardly larger than the kernel, whose slope to the weights oneDNN finds slowly.

On one CPU thread that slope takes up to twenty times the forward pass. An image so small is cheaper as a vector: a
channel's convolution is then a matrix of pixels by pixels that repeats its few weights, and forward pass and slopes are
batched matrix products.
"""

from __future__ import annotations

from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def depthwise(x: Tensor, weight: Tensor, stride: int = 1, dilation: int = 1) -> Tensor:
    """The depthwise convolution of x (B, C, H, W) with ``weight`` (C, 1, k, k), k odd: (B, C, ⌈H/stride⌉, ⌈W/stride⌉).

    Padded with dilation · (k − 1) / 2 zeros on each side; in the memory format of ``x``.
    """
    size = weight.shape[-1]
    padding = dilation * (size // 2)
    if not _as_product(x, weight, dilation * (size - 1)):
        return F.conv2d(x, weight, None, stride, padding, dilation, groups=weight.shape[0])
    batch, channels, height, width = x.shape
    pattern = _pattern(height, width, size, stride, dilation, x.dtype)
    matrices = torch.unflatten(weight.flatten(1) @ pattern.flatten(1), 1, pattern.shape[1:])
    pixels = x.contiguous().flatten(2).transpose(0, 1)
    y = torch.bmm(pixels, matrices).transpose(0, 1).reshape(batch, channels, -(-height // stride), -(-width // stride))
    return y.contiguous(memory_format=torch.contiguous_format if x.is_contiguous() else torch.channels_last)


class Depthwise(nn.Conv2d):
    """The same as a module with weights of its own."""

    def __init__(self, channels: int, size: int, stride: int = 1, dilation: int = 1) -> None:
        padding = dilation * (size // 2)
        super().__init__(channels, channels, size, stride, padding, dilation, groups=channels, bias=False)

    def forward(self, input: Tensor) -> Tensor:
        """See ``depthwise``."""
        return depthwise(input, self.weight, self.stride[0], self.dilation[0])


def _as_product(x: Tensor, weight: Tensor, span: int) -> bool:
    """Whether products are sooner: where a slope to the weights will be asked for, and the image is small for them.

    The limits are measured, on batches of 8 to 256. Under channels_last pixels are copied first, and oneDNN is faster.
    """
    trained = weight.requires_grad and torch.is_grad_enabled()
    if x.device.type != "cpu" or not trained or torch.compiler.is_compiling():
        return False
    return max(x.shape[2:]) <= (2 * span if x.is_contiguous() else span)


@cache
def _pattern(height: int, width: int, size: int, stride: int, dilation: int, dtype: torch.dtype) -> Tensor:
    """(k², H · W, pixels of the output): 1 where this weight leads from this pixel to that one, else 0."""
    pixels = height * width
    each = torch.eye(pixels, dtype=dtype).view(pixels, 1, height, width)
    return F.unfold(each, size, dilation, dilation * (size // 2), stride).transpose(0, 1).contiguous()
