"""The slow oracles of the partial supernets: PC-DARTS's own mixed operation, one edge at a time."""

from __future__ import annotations

from typing import cast

import plain_darts_supernet as darts
import plain_supernet as nats
import torch
from torch import Tensor, nn

from spaces import darts_partial, nats_partial
from spaces.base import Mix
from spaces.darts_graph import OPERATIONS
from spaces.nats_cell import EDGES, NODES
from spaces.nats_cell import OPERATIONS as NATS_OPERATIONS


def shuffled(x: Tensor, groups: int) -> Tensor:
    """The authors' channel_shuffle (model_search.py), channel by channel."""
    size = x.shape[1] // groups
    return torch.stack([x[:, group * size + i] for i in range(size) for group in range(groups)], 1)


class PlainDartsCell(darts.PlainCell):
    """Their Cell: a node is Σ softmax β · MixedOp."""

    def __init__(self, merged: darts_partial.PartialCell, nodes: int, pieces: darts.Pieces) -> None:
        super().__init__(merged, nodes, pieces)
        self.channels, self.parts, self.stride = merged.channels, merged.parts, merged.stride

    def mixed_op(self, x: Tensor, edge: int, weights: Tensor) -> Tensor:
        """Their MixedOp of one edge, weights (8,)."""
        first, rest = x[:, : self.channels], x[:, self.channels :]
        names = [(kind, name) for kind, name in enumerate(OPERATIONS) if name != "none"]
        mixed = torch.stack([weights[kind] * self.mixed[edge][name](first) for kind, name in names]).sum(0)
        if "always" in self.mixed[edge]:
            mixed = mixed + self.mixed[edge]["always"](first)
        if mixed.shape[2] != x.shape[2] and self.parts > 1:
            rest = nn.MaxPool2d(2, 2)(rest)
        return shuffled(torch.cat([mixed, rest], 1) if self.parts > 1 else mixed, self.parts)

    def weighed(self, x0: Tensor, x1: Tensor, weights: Tensor, betas: Tensor) -> Tensor:
        states = [self.preprocess0(x0), self.preprocess1(x1)]
        for node in range(2, self.edges[-1][0] + 1):
            incoming = [(edge, source) for edge, (target, source) in enumerate(self.edges) if target == node]
            terms = [betas[edge] * self.mixed_op(states[source], edge, weights[edge]) for edge, source in incoming]
            states.append(torch.stack(terms).sum(0))
        return torch.cat(states[-self.concat :], 1)


class PlainDarts(darts.PlainSupernet):
    """A merged partial supernet on DARTS cells, cut apart."""

    def __init__(self, merged: darts_partial.PartialSupernet, nodes: int) -> None:
        super().__init__(merged, nodes)
        self.pieces = {}
        cells = [cast(darts_partial.PartialCell, cell) for cell in merged.cells]
        self.cells = nn.ModuleList(PlainDartsCell(cell, nodes, self.pieces) for cell in cells)

    def forward(self, x: Tensor, mix: Mix) -> Tensor:
        x0 = x1 = self.stem(x)
        for cell in self.cells:
            assert isinstance(cell, PlainDartsCell)
            x0, x1 = x1, cell.weighed(x0, x1, mix.weights[cell.kind], mix.weights[f"{cell.kind}.edges"])
        logits: Tensor = self.classifier(x1.mean((2, 3)))
        return logits


class PlainNatsCell(nats.PlainCell):
    """The same on NATS-Bench's cell, whose operations keep the image's size."""

    def __init__(self, merged: nats_partial.PartialCell) -> None:
        super().__init__(merged)
        self.channels, self.parts = merged.channels, merged.parts

    def weighed(self, x: Tensor, weights: Tensor, betas: Tensor) -> Tensor:
        nodes = [x]
        for node in range(1, NODES):
            total = torch.zeros_like(x)
            for edge, source in ((e, s) for e, (t, s) in enumerate(EDGES) if t == node):
                first, rest = nodes[source][:, : self.channels], nodes[source][:, self.channels :]
                terms = [weights[edge, k] * self.operation(n, edge, first) for k, n in enumerate(NATS_OPERATIONS)]
                total = total + betas[edge] * shuffled(torch.cat([torch.stack(terms).sum(0), rest], 1), self.parts)
            nodes.append(total)
        return nodes[-1]


class PlainNats(nats.PlainSupernet):
    """A merged partial supernet on NATS-Bench's cells, cut apart."""

    def __init__(self, merged: nats_partial.PartialSupernet) -> None:
        super().__init__(merged)
        self.blocks = nn.ModuleList(
            PlainNatsCell(b) if isinstance(b, nats_partial.PartialCell) else b for b in merged.blocks
        )

    def forward(self, x: Tensor, mix: Mix) -> Tensor:
        weights, betas = mix.weights["cell"], mix.weights["cell.edges"]
        x = self.stem(x)
        for block in self.blocks:
            x = block.weighed(x, weights, betas) if isinstance(block, PlainNatsCell) else block(x)
        logits: Tensor = self.classifier(torch.relu(self.norm(x)).mean((2, 3)))
        return logits

    def pieces(self, merged: nats_partial.PartialSupernet) -> darts.Pieces:
        """For each convolution of a cell the merged weight and the rows that it holds there."""
        found: darts.Pieces = {}
        for block, whole in zip(self.blocks, merged.blocks, strict=True):
            if isinstance(block, PlainNatsCell):
                for edge, (target, source) in enumerate(EDGES):
                    rows = slice((target - source - 1) * block.channels, (target - source) * block.channels)
                    for name, stored in (("nor_conv_1x1", whole.conv1), ("nor_conv_3x3", whole.conv3)):
                        weight = cast(nn.ParameterList, stored)[source]
                        found[block.convolutions[f"{name}-{edge}"]] = (weight, rows)
        return found
