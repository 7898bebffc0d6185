"""3 × 3 average pooling, stride 1, padding not counted: the exact operation, at the speed each device allows.

PyTorch's CPU kernel is several times slower than the small matrix products that compute the same thing: with
the banded matrix A (each row the mean over its neighbours), pool(x) = A x Aᵀ. tests/benchmarks measures it.
"""

from __future__ import annotations

from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

SMALL = 8
"""Up to this side one product with A ⊗ A is faster than two with A."""


def avg_pool_3x3(x: Tensor) -> Tensor:
    """Average of each 3 × 3 neighbourhood over the pixels inside the image. (B, C, H, W) to the same shape."""
    if x.device.type != "cpu":
        return F.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)
    height, width = x.shape[-2:]
    if max(height, width) <= SMALL:
        return (x.flatten(2) @ _kronecker(height, width, x.dtype)).view_as(x)
    return _band(height, x.dtype) @ x @ _band(width, x.dtype).T


def avg_pool_3x3_backward(slope: Tensor) -> Tensor:
    """What ``avg_pool_3x3`` gives back to its input, on the CPU: Aᵀ · slope · A, of the same shape."""
    height, width = slope.shape[-2:]
    if max(height, width) <= SMALL:
        return (slope.flatten(2) @ _kronecker(height, width, slope.dtype).T).view_as(slope)
    return _band(height, slope.dtype).T @ slope @ _band(width, slope.dtype)


@cache
def _band(side: int, dtype: torch.dtype) -> Tensor:
    near = (torch.arange(side)[:, None] - torch.arange(side)).abs() <= 1
    return near.to(dtype) / near.sum(1, keepdim=True)


@cache
def _kronecker(height: int, width: int, dtype: torch.dtype) -> Tensor:
    return torch.kron(_band(height, dtype), _band(width, dtype)).T.contiguous()
