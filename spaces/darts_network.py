"""The stand-alone networks of DARTS cells for CIFAR and ImageNet, as in the authors' cnn/model.py (quark0/darts)."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from spaces.darts_cell import Cell, Make, operation
from spaces.darts_genotype import Architecture

STEM = 3
"""The CIFAR stem's width in units of C."""


def reductions(cells: int) -> tuple[int, int]:
    """Where the two reduction cells stand, at one third and at two thirds of the depth, counted from 0.

    They are one and the same where there is one cell in all.
    """
    return cells // 3, 2 * cells // 3


class AuxiliaryHead(nn.Module):
    """A second classifier, on the output of the second reduction cell: (B, channels, H, W) to logits (B, classes).

    Pooling with windows of 5, a 1 × 1 convolution to 128 channels, a 2 × 2 one to 768. The CIFAR head pools at stride 3
    and takes 8 × 8 maps, the ImageNet one at stride 2 and takes 7 × 7; on larger maps what the authors' heads do there
    is averaged. ``normed``: batch norm after the last convolution, which the authors' ImageNet head lacks.
    """

    def __init__(self, channels: int, classes: int, stride: int, *, normed: bool) -> None:
        super().__init__()
        self.features = nn.Sequential(
            # Not in place: the next cell reads the same tensor.
            nn.ReLU(),
            nn.AvgPool2d(5, stride, count_include_pad=False),
            nn.Conv2d(channels, 128, 1, bias=False),
            nn.BatchNorm2d(128),
            nn.ReLU(),
            nn.Conv2d(128, 768, 2, bias=False),
            nn.BatchNorm2d(768) if normed else nn.Identity(),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
        )
        self.classifier = nn.Linear(768, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (B, classes)."""
        logits: Tensor = self.classifier(self.features(x))
        return logits


class Network(nn.Module, ABC):
    """Cells on a stem, global pooling, a linear classifier; the subclass brings the stem and the auxiliary head.

    ``drop_path`` is the probability that an edge's output is zeroed for an image in training, the others scaled up to
    the same expectation; the trainer sets it, every epoch if it likes. ``inputs`` are the channels of the stem's two
    outputs and ``halved`` says that the second is half as large as the first. ``make``: see Cell.
    """

    drop_path: float = 0.0

    def __init__(
        self,
        architecture: Architecture,
        channels: int,
        cells: int,
        classes: int,
        inputs: tuple[int, int],
        halved: bool,
        make: Make,
    ) -> None:
        super().__init__()
        self.auxiliary: AuxiliaryHead | None = None
        self.tapped = reductions(cells)[1]
        blocks = []
        for i in range(cells):
            reduction = i in reductions(cells)
            channels = 2 * channels if reduction else channels
            genes = architecture.reduce if reduction else architecture.normal
            blocks.append(Cell(genes, inputs, channels, reduction=reduction, halved=halved, make=make))
            inputs, halved = (inputs[1], blocks[-1].channels), reduction
        self.tapped_channels = blocks[self.tapped].channels
        self.cells = nn.ModuleList(blocks)
        self.pooling = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(inputs[1], classes)

    @abstractmethod
    def stem_outputs(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """What the first cell takes for the outputs of the two before it, of images (B, in_channels, H, W)."""

    def forward(self, x: Tensor) -> Tensor:
        """Logits (B, classes) of images (B, in_channels, H, W)."""
        return self._run(x)[0]

    def forward_with_auxiliary(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """The logits and the auxiliary head's, both (B, classes); None where there is no head."""
        logits, features = self._run(x)
        return logits, None if self.auxiliary is None else self.auxiliary(features)

    def _run(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The logits, and the output of the second reduction cell."""
        x0, x1 = self.stem_outputs(x)
        tapped = x1
        for i, cell in enumerate(self.cells):
            x0, x1 = x1, cell(x0, x1, self.drop_path)
            tapped = x1 if i == self.tapped else tapped
        logits: Tensor = self.classifier(torch.flatten(self.pooling(x1), 1))
        return logits, tapped


class CifarNetwork(Network):
    """For images of 32 × 32 or so: the stem, 3C wide, keeps the size; sides must be multiples of 4."""

    multiple = 4
    smallest_with_auxiliary = 32

    def __init__(
        self,
        architecture: Architecture,
        channels: int,
        cells: int,
        classes: int,
        in_channels: int,
        auxiliary: bool,
        make: Make = operation,
    ) -> None:
        width = STEM * channels
        super().__init__(architecture, channels, cells, classes, (width, width), halved=False, make=make)
        self.stem = nn.Sequential(nn.Conv2d(in_channels, width, 3, padding=1, bias=False), nn.BatchNorm2d(width))
        if auxiliary:
            self.auxiliary = AuxiliaryHead(self.tapped_channels, classes, stride=3, normed=True)

    def stem_outputs(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The stem's output, twice."""
        y: Tensor = self.stem(x)
        return y, y


class ImageNetNetwork(Network):
    """For images of 224 × 224 or so: a stem of three convolutions of stride 2; sides must be multiples of 32."""

    multiple = 32
    smallest_with_auxiliary = 224

    def __init__(
        self,
        architecture: Architecture,
        channels: int,
        cells: int,
        classes: int,
        in_channels: int,
        auxiliary: bool,
        make: Make = operation,
    ) -> None:
        super().__init__(architecture, channels, cells, classes, (channels, channels), halved=True, make=make)
        half = channels // 2
        self.stem0 = nn.Sequential(
            nn.Conv2d(in_channels, half, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(half),
            nn.ReLU(),
            nn.Conv2d(half, channels, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(channels),
        )
        self.stem1 = nn.Sequential(
            nn.ReLU(),
            nn.Conv2d(channels, channels, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(channels),
        )
        if auxiliary:
            self.auxiliary = AuxiliaryHead(self.tapped_channels, classes, stride=2, normed=False)

    def stem_outputs(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The outputs at a quarter and at an eighth of the image's side."""
        y0: Tensor = self.stem0(x)
        return y0, self.stem1(y0)
