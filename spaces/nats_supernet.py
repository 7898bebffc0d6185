"""The NATS-Bench topology supernet, with the edges that leave one node merged into one convolution a kind.

Exact, and fast for three reasons, each proved against the plain per-operation form in tests/: a node's outgoing
convolutions of one kind are one convolution whose weights are stored merged; the mixing weight is the affine scale of
batch norm (mix · BN(z)), so that its gradient is α's; and what a node passes on to all its targets is summed at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from spaces import nats_compiled
from spaces.base import AfterSkip, Mix
from spaces.nats_by_hand import MixedCellFunction, kernel, serves
from spaces.nats_cell import EDGES, NODES, OPERATIONS, STAGES, Reduction
from spaces.nats_kernel import by_source
from spaces.per_cell import by_cell
from spaces.pooling import avg_pool_3x3

NONE, SKIP, CONV1, CONV3, POOL = (
    OPERATIONS.index(name) for name in ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
)
LEAVING = tuple(tuple(EDGES.index((t, s)) for t in range(s + 1, NODES)) for s in range(NODES - 1))
"""For each source node the indices of its edges, by target."""


class MixedCell(nn.Module):
    """One cell in which every edge is the mixture of all five operations. Batch norm: batch statistics, no affine.

    ``compiled``: by the loops of nats_compiled.py, which are for the CPU alone.
    """

    def __init__(self, channels: int, compiled: bool = False) -> None:
        super().__init__()
        self.channels = channels
        self.compiled = compiled
        if compiled:
            nats_compiled.loops()  # now, outside of what a step's clock measures
        conv1 = [nn.Conv2d(channels, len(edges) * channels, 1, bias=False) for edges in LEAVING]
        conv3 = [nn.Conv2d(channels, len(edges) * channels, 3, bias=False) for edges in LEAVING]
        self.conv1 = nn.ParameterList([conv.weight for conv in conv1])
        self.conv3 = nn.ParameterList([conv.weight for conv in conv3])

    def forward(self, x: Tensor, weights: Tensor) -> Tensor:
        """Node 3 from node 0, both (B, C, H, W); ``weights`` (6, 5) in the order of LEAVING."""
        if serves(x):
            out: Tensor = MixedCellFunction.apply(kernel(self.compiled), cell, x, weights, *self.conv1, *self.conv3)
            return out
        return cell(x, weights, list(self.conv1), list(self.conv3))

    def active_only(
        self,
        x: Tensor,
        weights: Tensor,
        active: list[list[int]],
        after_skip: AfterSkip | None = None,
        added: Tensor | None = None,
    ) -> Tensor:
        """The same cell, running only the operations that ``active`` lists for each edge; ``added`` (6,) or none."""
        nodes: list[Tensor] = [x]
        for target in range(1, NODES):
            total = torch.zeros_like(x)
            for edge, source in ((e, s) for e, (t, s) in enumerate(EDGES) if t == target):
                for kind in active[edge]:
                    if kind == SKIP and after_skip is not None:
                        total = total + weights[edge, SKIP] * after_skip(nodes[source])
                    elif kind != NONE:
                        total = total + self.operation(nodes[source], edge, kind, weights[edge, kind])
                if added is not None:
                    total = total + added[edge]
            nodes.append(total)
        return nodes[-1]

    def operation(self, node: Tensor, edge: int, kind: int, weight: Tensor) -> Tensor:
        """One weighted operation of one edge."""
        if kind == SKIP:
            return weight * node
        if kind == POOL:
            return weight * avg_pool_3x3(node)
        target, source = EDGES[edge]
        rows = slice((target - source - 1) * self.channels, (target - source) * self.channels)
        kernel = (self.conv1 if kind == CONV1 else self.conv3)[source][rows]
        return _scaled_norm(F.conv2d(F.relu(node), kernel, padding=kernel.shape[-1] // 2), weight.view(1))


def cell(x: Tensor, weights: Tensor, conv1: Sequence[Tensor], conv3: Sequence[Tensor]) -> Tensor:
    """Node 3 from node 0, both (B, C, H, W); ``weights`` (6, 5) in the order of LEAVING, the kernels by source."""
    mixes = by_source(weights)
    return chain(x, lambda node, source: leaving(node, mixes[source], conv1[source], conv3[source]))


def chain(x: Tensor, leaving: Callable[[Tensor, int], Tensor]) -> Tensor:
    """Node 3 from node 0, where ``leaving`` says what a node gives each of its m targets: (B, m, C, H, W)."""
    waiting = leaving(x, 0)
    for source in range(1, NODES - 1):
        node, waiting = waiting[:, 0], waiting[:, 1:]
        waiting = waiting + leaving(node, source)
    return waiting[:, 0]


def leaving(node: Tensor, weights: Tensor, conv1: Tensor, conv3: Tensor) -> Tensor:
    """What ``node`` gives each of its m targets, (B, m, C, H, W); ``weights`` (m, 5)."""
    batch, channels, height, width = node.shape
    active = F.relu(node)
    z1 = conv1.flatten(1) @ active.flatten(2)
    z3 = F.conv2d(active, conv3, padding=1)
    convolved = _scaled_norm(z1.view_as(z3), weights[:, CONV1]) + _scaled_norm(z3, weights[:, CONV3])
    targets = convolved.view(batch, len(weights), channels, height, width)
    by_target = weights.view(-1, 1, 1, 1, len(OPERATIONS))
    targets = targets + by_target[..., SKIP] * node.unsqueeze(1)
    return targets + by_target[..., POOL] * avg_pool_3x3(node).unsqueeze(1)


class Supernet(nn.Module):
    """Stem, three stages of mixed cells with reduction blocks between, classifier. Owns no architecture parameter.

    ``cell`` makes the mixed cells.
    """

    def __init__(
        self,
        channels: int,
        cells: int,
        classes: int,
        in_channels: int,
        cell: Callable[[int], MixedCell] = MixedCell,
    ) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(in_channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels, track_running_stats=False),
        )
        blocks: list[nn.Module] = []
        for stage in range(STAGES):
            width = channels * 2**stage
            if stage:
                blocks.append(Reduction(width // 2, width, tracked=False))
            blocks.extend(cell(width) for _ in range(cells))
        self.blocks = nn.ModuleList(blocks)
        self.norm = nn.BatchNorm2d(4 * channels, track_running_stats=False)
        self.classifier = nn.Linear(4 * channels, classes)

    def forward(self, x: Tensor, mix: Mix) -> Tensor:
        """Logits (B, classes) of images (B, in_channels, H, W) under ``mix``: {"cell": (6, 5)}, or (cells, 6, 5)."""
        cells = by_cell(mix.weights["cell"], _with_outgoing)
        x = self.stem(x)
        for block in self.blocks:
            if not isinstance(block, MixedCell):
                x = block(x)
                continue
            weights, outgoing = next(cells)
            if mix.active is None:
                x = block(x, outgoing)
            else:
                added = None if mix.added is None else mix.added["cell"]
                x = block.active_only(x, weights, mix.active["cell"], mix.after_skip, added)
        logits: Tensor = self.classifier(F.relu(self.norm(x)).mean((2, 3)))
        return logits


def _with_outgoing(weights: Tensor) -> tuple[Tensor, Tensor]:
    """A cell's weights (6, 5) in the order of EDGES, and in that of LEAVING."""
    return weights, torch.stack([weights[edge] for edges in LEAVING for edge in edges])


def _scaled_norm(z: Tensor, scale: Tensor) -> Tensor:
    """scale · BN(z), a scale for each group of channels: batch norm's affine weight is the mixing weight."""
    per_channel = scale.repeat_interleave(z.shape[1] // len(scale))
    return F.batch_norm(z, None, None, weight=per_channel, training=True)
