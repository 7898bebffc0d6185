"""torchvision's RandomResizedCrop with the random numbers of a generator of our own."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torchvision.transforms import functional as transforms

from harness.data.imagefolder import decode

SCALE, RATIO = (0.08, 1.0), (3 / 4, 4 / 3)
"""Share of an image's area and aspect of a crop: torchvision's defaults, as in the DARTS authors' ImageNet training."""

TRIES = 10
"""Crops drawn before the largest central one of an allowed aspect is taken."""


def random_crop(width: int, height: int, random: torch.Generator) -> tuple[int, int, int, int]:
    """Top, left, height and width, in pixels, of a crop inside an image: torchvision's own for the same state."""
    low, high = torch.tensor(RATIO).log().tolist()
    for _ in range(TRIES):
        area = width * height * torch.empty(1).uniform_(*SCALE, generator=random).item()
        aspect = torch.empty(1).uniform_(low, high, generator=random).exp().item()
        w, h = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
        if 0 < w <= width and 0 < h <= height:
            top = int(torch.randint(0, height - h + 1, (1,), generator=random))
            return top, int(torch.randint(0, width - w + 1, (1,), generator=random)), h, w
    w, h = min(width, round(height * RATIO[1])), min(height, round(width / RATIO[0]))
    return (height - h) // 2, (width - w) // 2, h, w


def varied(path: str, size: int, flip: bool, seed: int) -> Tensor:
    """A random resized crop (3, size, size), uint8, of a file's image, mirrored half of the time where ``flip``."""
    random, image = torch.Generator().manual_seed(seed), decode(path)
    crop = transforms.resized_crop(image, *random_crop(*image.size, random), [size, size])
    mirrored = flip and torch.rand(1, generator=random).item() < 0.5
    pixels: Tensor = transforms.pil_to_tensor(transforms.hflip(crop) if mirrored else crop)
    return pixels
