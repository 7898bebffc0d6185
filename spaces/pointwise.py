"""1 × 1 convolutions of small batches on one CPU thread, where torch would take its slowest kernel.

Torch hands a 1 × 1 convolution to oneDNN only from 16 images or two threads on; below, it convolves group by group
through buffers. Such a convolution sees no neighbours, so bands of an image may as well be images of their own.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

ENOUGH = 16
"""From so many images on torch chooses oneDNN (use_mkldnn in its Convolution.cpp)."""
LARGE = 512
"""Pixels of an image below which the slow kernel is no slower."""


def pointwise(x: Tensor, weight: Tensor, groups: int = 1) -> Tensor:
    """The 1 × 1 convolution, (B, D, H, W), of x (B, C, H, W) with ``weight`` (D, C / ``groups``, 1, 1).

    Channels_last where images are cut in bands.
    """
    batch, channels, height, width = x.shape
    slow = x.device.type == "cpu" and torch.get_num_threads() == 1 and batch < ENOUGH
    if not slow or height * width < LARGE:
        return F.conv2d(x, weight, groups=groups)
    bands = next((n for n in range(2, height) if height % n == 0 and batch * n >= ENOUGH), height)
    pixels = x.permute(0, 2, 3, 1).reshape(batch * bands, height // bands, width, channels)
    out = F.conv2d(pixels.permute(0, 3, 1, 2), weight, groups=groups).permute(0, 2, 3, 1)
    return out.reshape(batch, height, width, -1).permute(0, 3, 1, 2)
