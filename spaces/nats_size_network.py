"""NATS-Bench's size networks: one fixed cell, five widths (Dong, Liu, Musial, Gabrys, "NATS-Bench", TPAMI 2021).

Stem, cell, residual block, cell, residual block, cell: the stem and the first cell have the first width, each later
block one of its own, and both residual blocks halve the image. The cell is the best on CIFAR-100 of the topology space.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import torch
from torch import Tensor, nn

from results.errors import BadInput
from spaces.nats_cell import EDGES, NODES, Reduction, ReLUConvBN, parse

WIDTHS = (8, 16, 24, 32, 40, 48, 56, 64)
"""What each width may be, in channels."""
LAYERS = 5
FORM = "five widths from 8, 16, …, 64 with colons between them, for instance 64:32:16:8:64"
CELL = parse(
    "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|",
)
"""The operations of every cell, in the order of EDGES."""
REDUCING = (1, 3)
"""Which of the five blocks are residual ones of stride 2."""


def parse_widths(genotype: str) -> tuple[int, ...]:
    """The five widths of a genotype, in channels.

    Raises
    ------
    BadInput
        For a text that is not five of ``WIDTHS``.
    """
    known = {str(width): width for width in WIDTHS}
    parts = genotype.split(":")
    if len(parts) != LAYERS or not known.keys() >= {*parts}:
        shown = repr(genotype if len(genotype) <= 60 else genotype[:57] + "...")
        raise BadInput(f"{shown} is no network of the size space: write {FORM}")
    return tuple(known[part] for part in parts)


def text_of(widths: Sequence[int]) -> str:
    """The benchmark's text form of five widths; the inverse of ``parse_widths``."""
    return ":".join(map(str, widths))


def skip(inputs: int, outputs: int) -> nn.Module:
    """The cell's skip: an identity, or a 1 × 1 convolution with batch norm where the width changes."""
    if inputs == outputs:
        return nn.Identity()
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs))


class SizedCell(nn.Module):
    """The fixed cell from ``inputs`` to ``outputs`` channels; the edges that leave node 0 change the width."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.edges = nn.ModuleDict()
        for (target, source), name in zip(EDGES, CELL, strict=True):
            enters = inputs if source == 0 else outputs
            module = skip(enters, outputs) if name == "skip_connect" else ReLUConvBN(enters, outputs, 3)
            self.edges[f"{target}<-{source}"] = module

    def forward(self, x: Tensor) -> Tensor:
        """Node 3 from node 0: (B, inputs, H, W) to (B, outputs, H, W)."""
        nodes = [x]
        for node in range(1, NODES):
            nodes.append(reduce(torch.add, (self.edges[f"{node}<-{source}"](nodes[source]) for source in range(node))))
        return nodes[-1]


class SizedNetwork(nn.Module):
    """The stand-alone network of five widths: images (B, in_channels, H, W) to logits (B, classes)."""

    def __init__(self, widths: Sequence[int], classes: int = 10, in_channels: int = 3) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(in_channels, widths[0], 3, padding=1, bias=False), nn.BatchNorm2d(widths[0])
        )
        blocks: list[nn.Module] = []
        for index, (inputs, outputs) in enumerate(zip((widths[0], *widths), widths, strict=False)):
            block = Reduction(inputs, outputs) if index in REDUCING else SizedCell(inputs, outputs)
            blocks.append(block)
        self.blocks = nn.Sequential(*blocks)
        self.lastact = nn.Sequential(nn.BatchNorm2d(widths[-1]), nn.ReLU())
        self.classifier = nn.Linear(widths[-1], classes)

    def forward(self, x: Tensor) -> Tensor:
        """Logits of images."""
        features: Tensor = self.lastact(self.blocks(self.stem(x)))
        logits: Tensor = self.classifier(features.mean((2, 3)))
        return logits
