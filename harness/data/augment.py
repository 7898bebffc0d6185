"""Augmentation of a whole batch at once: random crop, horizontal flip, cutout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from results.errors import BadInput


class Draws(NamedTuple):
    """Random numbers for N images: crop corners (N, 2), flips (N,) bool, cutout centres (N, 2); rows, then columns."""

    corners: Tensor
    flips: Tensor
    centres: Tensor

    def select(self, images: slice | Tensor) -> Draws:
        """The numbers of some of the images."""
        return Draws(*(numbers[images] for numbers in self))

    def to(self, device: torch.device) -> Draws:
        """The numbers on ``device``."""
        return Draws(*(numbers.to(device) for numbers in self))


@dataclass(frozen=True)
class Augment:
    """What is done to training images; by default nothing.

    ``crop``: black pixels padded on every side before a random crop of the image's own size. ``flip``: mirror half of
    the images, left to right. ``cutout``: side in pixels of the square blanked after normalisation (DeVries and Taylor,
    2017), clipped at the border; 0 is none. Crop, flip, normalise, cut out: the order of DARTS's code.
    """

    crop: int = 0
    flip: bool = False
    cutout: int = 0

    def __post_init__(self) -> None:
        if self.crop < 0 or self.cutout < 0:
            raise BadInput(f"augmentation crop is {self.crop} and cutout {self.cutout}; both must be 0 or more")

    def draw(self, count: int, size: int, generator: torch.Generator) -> Draws:
        """Random numbers for ``count`` images of side ``size``, on the CPU so that every device sees the same."""
        corners = torch.randint(0, 2 * self.crop + 1, (count, 2), generator=generator)
        flips = torch.rand(count, generator=generator) < (0.5 if self.flip else 0.0)
        centres = torch.randint(0, size, (count, 2), generator=generator)
        return Draws(corners, flips, centres)

    def move(self, images: Tensor, draws: Draws) -> Tensor:
        """Square images (B, C, H, H), cropped and flipped as ``draws`` says; one gather does both."""
        if not (self.crop or self.flip):
            return images
        count, channels, size, _ = images.shape
        padded = F.pad(images, (self.crop,) * 4)
        line = torch.arange(size, device=images.device)
        rows = draws.corners[:, :1] + line
        columns = draws.corners[:, 1:] + torch.where(draws.flips[:, None], size - 1 - line, line)
        source = (rows[:, :, None] * padded.shape[-1] + columns[:, None, :]).view(count, 1, -1)
        moved = padded.flatten(2).gather(2, source.expand(-1, channels, -1))
        return moved.view(count, channels, size, size)

    def cut(self, images: Tensor, draws: Draws) -> Tensor:
        """Normalised images (B, C, H, H) with the cutout square of each set to 0."""
        if not self.cutout:
            return images
        line = torch.arange(images.shape[-1], device=images.device)
        # DARTS's bounds: centre ± length // 2, the upper one open; an odd length cuts one pixel less.
        offset = line - draws.centres[:, :, None]
        inside = (offset >= -(self.cutout // 2)) & (offset < self.cutout // 2)
        return images.masked_fill((inside[:, 0, :, None] & inside[:, 1, None, :])[:, None], 0.0)
