"""The slow oracle of the merged supernet: an operation a module, an edge at a time, weighted and summed."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from spaces.base import Mix
from spaces.nats_cell import EDGES, NODES, OPERATIONS
from spaces.nats_supernet import MixedCell, Supernet


class PlainCell(nn.Module):
    """The cell as NATS-Bench's own search code writes it, with the merged cell's weights cut apart."""

    def __init__(self, merged: MixedCell) -> None:
        super().__init__()
        self.convolutions = nn.ParameterDict()
        c = merged.channels
        for edge, (target, source) in enumerate(EDGES):
            rows = slice((target - source - 1) * c, (target - source) * c)
            for name, stored in (("nor_conv_1x1", merged.conv1), ("nor_conv_3x3", merged.conv3)):
                self.convolutions[f"{name}-{edge}"] = nn.Parameter(stored[source].detach()[rows].clone())

    def operation(self, name: str, edge: int, x: Tensor) -> Tensor:
        if name == "none":
            return torch.zeros_like(x)
        if name == "skip_connect":
            return x
        if name == "avg_pool_3x3":
            return F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)
        weight = self.convolutions[f"{name}-{edge}"]
        z = F.conv2d(F.relu(x), weight, padding=weight.shape[-1] // 2)
        return F.batch_norm(z, None, None, training=True)

    def forward(self, x: Tensor, weights: Tensor) -> Tensor:
        nodes = [x]
        for node in range(1, NODES):
            total = torch.zeros_like(x)
            for edge, (target, source) in enumerate(EDGES):
                if target == node:
                    for kind, name in enumerate(OPERATIONS):
                        total = total + weights[edge, kind] * self.operation(name, edge, nodes[source])
            nodes.append(total)
        return nodes[-1]


class PlainSupernet(nn.Module):
    """A merged supernet with its cells cut apart; all else, names included, is the merged one's own."""

    def __init__(self, merged: Supernet) -> None:
        super().__init__()
        self.stem, self.norm, self.classifier = merged.stem, merged.norm, merged.classifier
        self.blocks = nn.ModuleList(PlainCell(b) if isinstance(b, MixedCell) else b for b in merged.blocks)

    def forward(self, x: Tensor, mix: Mix) -> Tensor:
        x = self.stem(x)
        for block in self.blocks:
            x = block(x, mix.weights["cell"]) if isinstance(block, PlainCell) else block(x)
        logits: Tensor = self.classifier(F.relu(self.norm(x)).mean((2, 3)))
        return logits
