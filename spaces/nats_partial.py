"""PC-DARTS's partial channels in NATS-Bench's topology supernet, merged as spaces/nats_supernet.py merges edges."""

from __future__ import annotations

from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from spaces.base import Mix
from spaces.nats_by_hand import LeavingFunction, kernel, serves
from spaces.nats_kernel import by_source
from spaces.nats_supernet import MixedCell, Supernet, chain, leaving
from spaces.partial import with_passing


class PartialCell(MixedCell):
    """A mixed cell whose operations read the first 1/``parts`` of each node's channels."""

    def __init__(self, channels: int, parts: int, compiled: bool = False) -> None:
        super().__init__(channels // parts, compiled)
        self.parts = parts

    def forward(self, x: Tensor, weights: Tensor) -> Tensor:
        """As in a whole cell; the last of the six columns of ``weights`` weighs what passes by an edge's operations."""
        mixes = by_source(weights)
        return chain(x, lambda node, source: self.leaving(node, source, mixes[source]))

    def leaving(self, node: Tensor, source: int, weights: Tensor) -> Tensor:
        """What ``node`` gives each of its m targets, (B, m, C, H, W); ``weights`` (m, 6)."""
        read, mix, kernels = node[:, : self.channels], weights[:, :-1], (self.conv1[source], self.conv3[source])
        if serves(node):
            mixed = LeavingFunction.apply(kernel(self.compiled), leaving, read, mix, *kernels)
        else:
            mixed = leaving(read, mix, *kernels)
        past = weights[:, -1].view(-1, 1, 1, 1) * node[:, self.channels :].unsqueeze(1)
        joined = torch.cat([mixed, past], 2)
        return F.channel_shuffle(joined.flatten(0, 1), self.parts).view_as(joined)


class PartialSupernet(Supernet):
    """The supernet of partial cells."""

    def __init__(
        self, parts: int, channels: int, cells: int, classes: int, in_channels: int, compiled: bool = False
    ) -> None:
        cell = partial(PartialCell, parts=parts, compiled=compiled)
        super().__init__(channels, cells, classes, in_channels, cell)

    def forward(self, x: Tensor, mix: Mix) -> Tensor:
        """Logits (B, classes) of images; ``mix.weights`` holds "cell.edges" (6,) as well."""
        return super().forward(x, with_passing(mix))
