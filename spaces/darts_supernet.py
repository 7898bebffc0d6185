"""The supernet of DARTS's search on images (Liu, Simonyan, Yang, ICLR 2019; the authors' model_search.py)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import cast

import torch
from torch import Tensor, nn

from spaces.base import Mix
from spaces.darts_mixed import MixedCell, leaving
from spaces.per_cell import by_cell

STEM = 3
"""The stem's width in units of C."""


class Supernet(nn.Module):
    """Stem, ``cells`` mixed cells, classifier. Owns no architecture parameter and keeps no batch statistics.

    The cells at one third and at two thirds of the depth halve the image and double the channels. Images' sides must
    be multiples of 4. ``cell`` makes the mixed cells; of each the last ``concat`` nodes, by default all, make its
    output, and with ``skipping`` each edge adds a skip that is no choice.
    """

    def __init__(
        self,
        channels: int,
        cells: int,
        nodes: int = 4,
        classes: int = 10,
        in_channels: int = 3,
        cell: Callable[..., MixedCell] = MixedCell,
        concat: int | None = None,
        skipping: bool = False,
    ) -> None:
        super().__init__()
        width, concat = STEM * channels, concat or nodes
        self.stem = nn.Sequential(
            nn.Conv2d(in_channels, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width, track_running_stats=False),
        )
        inputs, reduced = (width, width), False
        blocks = []
        for i in range(cells):
            reduction = i in (cells // 3, 2 * cells // 3)
            channels = 2 * channels if reduction else channels
            blocks.append(cell(inputs, channels, nodes, reduction, reduced, concat=concat, skipping=skipping))
            inputs, reduced = (inputs[1], concat * channels), reduction
        self.cells = nn.ModuleList(blocks)
        self.classifier = nn.Linear(inputs[1], classes)
        self.leaving = leaving(nodes)

    def forward(self, x: Tensor, mix: Mix) -> Tensor:
        """Logits (B, classes) of images (B, in_channels, H, W).

        ``mix.weights`` {"normal", "reduce"}, those that there are: (E, 8) each, or (cells of the kind, E, 8): each
        cell's own.
        """
        cells = {kind: by_cell(weights, self.with_outgoing) for kind, weights in mix.weights.items()}
        if x.device.type == "cpu":  # there depthwise convolutions and pools are several times faster so
            x = x.contiguous(memory_format=torch.channels_last)
        x0 = x1 = self.stem(x)
        for cell in cast(Iterable[MixedCell], self.cells):
            weights, outgoing = next(cells[cell.kind])
            if mix.active is None:
                x0, x1 = x1, cell(x0, x1, outgoing)
            else:
                x0, x1 = x1, cell.active_only(x0, x1, weights, mix.active[cell.kind], mix.after_skip)
        logits: Tensor = self.classifier(x1.mean((2, 3)))
        return logits

    def with_outgoing(self, weights: Tensor) -> tuple[Tensor, list[Tensor]]:
        """A cell's weights (E, 8), and those of the edges that leave each source (m, 8)."""
        return weights, [torch.stack([weights[edge] for edge in edges]) for edges in self.leaving]
