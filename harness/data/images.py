"""Decoded images in memory: what every reader returns, and their exact resizing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from results.errors import BadInput

MEMORY_LIMIT = 4 * 2**30
"""Bytes of pixels a data set may hold: it stays resident for the whole search, on the device."""

CHUNK = 4096
"""Images resized at a time, so that their float copies stay small beside the uint8 originals."""


class Images(NamedTuple):
    """A data set as read: uint8 images (N, C, H, W), int64 labels (N,), and in words where they came from.

    ``digest`` tells it from any other, whatever folder it lies in; ``sample``: it is a part of a larger, known set.
    """

    train_x: Tensor
    train_y: Tensor
    test_x: Tensor
    test_y: Tensor
    classes: int
    source: str
    digest: str
    sample: bool = False


def digest(parts: Iterable[bytes | memoryview]) -> str:
    """Twelve hexadecimal digits of the SHA-256 of the parts, one after another."""
    made = hashlib.sha256()
    for part in parts:
        made.update(part)
    return made.hexdigest()[:12]


def digest_of(*tensors: Tensor) -> str:
    """The digest of the tensors' bytes."""
    return digest(tensor.contiguous().numpy().data for tensor in tensors)


def check_memory(count: int, channels: int, size: int) -> None:
    """Raise BadInput if ``count`` square uint8 images of side ``size`` pass the memory limit, or if ``size`` < 1."""
    if size < 1:
        raise BadInput(f"image_size is {size}; it must be at least 1")
    needed = count * channels * size * size
    if needed > MEMORY_LIMIT:
        raise BadInput(
            f"{count:,} images of {size} x {size} need {needed / 2**30:.1f} GiB of memory, more than the "
            f"{MEMORY_LIMIT / 2**30:.0f} GiB a resident data set may take; lower image_size or use fewer images"
        )


def resize(images: Tensor, size: int) -> Tensor:
    """Square uint8 images (N, C, H, H) at side ``size``, as uint8.

    A side that divides H averages exact k × k areas; any other is bilinear, antialiased where it shrinks. Both are
    computed in float32 and rounded to the nearest integer (halves to even). Raises BadInput as ``check_memory`` does.
    """
    count, channels, side, _ = images.shape
    check_memory(count, channels, size)
    if side == size:
        return images
    resized = torch.empty(count, channels, size, size, dtype=torch.uint8)
    for start in range(0, count, CHUNK):
        pixels = images[start : start + CHUNK].float()
        if side % size == 0:
            pixels = F.avg_pool2d(pixels, side // size)
        else:
            pixels = F.interpolate(pixels, (size, size), mode="bilinear", antialias=True)
        resized[start : start + CHUNK] = pixels.round_().clamp_(0, 255)
    return resized


def channel_statistics(images: Tensor) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel of uint8 images (N, C, H, W), in units where 255 is 1.

    Computed from a histogram of the 256 values, so exactly (float64) and without a float copy of the images.
    """
    values = torch.arange(256, dtype=torch.float64) / 255
    means, deviations = [], []
    for channel in range(images.shape[1]):
        share = torch.bincount(images[:, channel].flatten(), minlength=256).double()
        share /= share.sum()
        mean = (share * values).sum()
        means.append(float(mean))
        deviations.append(float((share * (values - mean) ** 2).sum().sqrt()))
    return tuple(means), tuple(deviations)
