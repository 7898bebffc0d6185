"""The topology cell of NATS-Bench and its stand-alone network.

Source: Dong, Liu, Musial, Gabrys, "NATS-Bench", TPAMI 2021 (the space of NAS-Bench-201), as its authors build it.
A cell has four nodes and six edges, each edge one of five operations; node 0 is the input, node 3 the output.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from functools import reduce

import torch
from torch import Tensor, nn

from results.errors import BadInput

OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
"""The five operations. Code bases order them differently: compare names, never indices of another source."""

EDGES: tuple[tuple[int, int], ...] = ((1, 0), (2, 0), (2, 1), (3, 0), (3, 1), (3, 2))
"""The six edges as (target, source), in the order of the benchmark's text form."""

NODES = 4
STAGES = 3
FORM = "|op~0|+|op~0|op~1|+|op~0|op~1|op~2|"


def parse(text: str) -> tuple[str, ...]:
    """The six operation names, in the order of EDGES, of a cell in the benchmark's text form.

    Raises BadInput where ``text`` is not exactly of that form or names an unknown operation.
    """
    nodes = text.split("+")
    if len(nodes) != NODES - 1:
        raise _malformed(text, f"it describes {len(nodes)} node(s), not {NODES - 1}")
    operations: list[str] = []
    for target, node in enumerate(nodes, start=1):
        inputs = node[1:-1].split("|")
        if len(node) < 2 or node[0] != "|" or node[-1] != "|":
            raise _malformed(text, f"node {target} must begin and end with '|'")
        if len(inputs) != target:
            raise _malformed(text, f"node {target} has {len(inputs)} input(s), not {target}")
        for source, item in enumerate(inputs):
            name, _, number = item.rpartition("~")
            if number != str(source):
                raise _malformed(text, f"input {source} of node {target} must end with '~{source}'")
            if name not in OPERATIONS:
                nearest = difflib.get_close_matches(name[:40], OPERATIONS, n=1, cutoff=0.0)[0]
                raise _malformed(text, f"unknown operation {_quoted(name)}, the nearest is {nearest}")
            operations.append(name)
    return tuple(operations)


def text(operations: Sequence[str]) -> str:
    """The benchmark's text form of six operation names in the order of EDGES; the inverse of ``parse``."""
    nodes = [
        "|" + "".join(f"{name}~{source}|" for (to, source), name in zip(EDGES, operations, strict=True) if to == node)
        for node in range(1, NODES)
    ]
    return "+".join(nodes)


def _malformed(text: str, fault: str) -> BadInput:
    return BadInput(
        f"{_quoted(text)} is no NATS-Bench cell: {fault}; write {FORM} with op one of {', '.join(OPERATIONS)}"
    )


def _quoted(text: str) -> str:
    """``text`` on one line, cut where it is long."""
    return repr(text if len(text) <= 160 else text[:157] + "...")


class ReLUConvBN(nn.Sequential):
    """ReLU, a convolution without bias that keeps the size at stride 1, batch norm. Maps (B, in, H, W) to (B, out, …).

    ``tracked``: whether batch norm keeps running statistics, which a supernet must not.
    """

    def __init__(
        self, channels_in: int, channels_out: int, kernel: int, stride: int = 1, *, tracked: bool = True
    ) -> None:
        super().__init__(
            # Not in place: the same node also feeds skips and other operations.
            nn.ReLU(inplace=False),
            nn.Conv2d(channels_in, channels_out, kernel, stride, padding=kernel // 2, bias=False),
            nn.BatchNorm2d(channels_out, track_running_stats=tracked),
        )


class Reduction(nn.Module):
    """The residual block between two stages: (B, in, H, W) to (B, out, ⌈H/2⌉, ⌈W/2⌉)."""

    def __init__(self, channels_in: int, channels_out: int, *, tracked: bool = True) -> None:
        super().__init__()
        self.conv_a = ReLUConvBN(channels_in, channels_out, 3, stride=2, tracked=tracked)
        self.conv_b = ReLUConvBN(channels_out, channels_out, 3, tracked=tracked)
        self.downsample = nn.Sequential(
            # ceil_mode changes nothing at even sizes; at odd ones it gives the size of the strided convolution.
            nn.AvgPool2d(2, stride=2, ceil_mode=True),
            nn.Conv2d(channels_in, channels_out, 1, bias=False),
        )

    def forward(self, x: Tensor) -> Tensor:
        """The shortcut plus the two convolutions."""
        y: Tensor = self.downsample(x) + self.conv_b(self.conv_a(x))
        return y


def operation(name: str, channels: int) -> nn.Module:
    """The module of one operation other than "none", which has no module; keeps (B, channels, H, W)."""
    match name:
        case "skip_connect":
            return nn.Identity()
        case "nor_conv_1x1":
            return ReLUConvBN(channels, channels, 1)
        case "nor_conv_3x3":
            return ReLUConvBN(channels, channels, 3)
        case "avg_pool_3x3":
            return nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)
    raise ValueError(f"no module for operation {name!r}")


class Cell(nn.Module):
    """One cell: every node is the sum of its edges' outputs. Maps (B, channels, H, W) to the same shape.

    An edge of "none" has no module and adds nothing: multiplying by zero would let a NaN through. A node without any
    other edge is zero; what leaves such a node still runs, for batch norm turns zeros into its bias.
    """

    def __init__(self, operations: Sequence[str], channels: int) -> None:
        super().__init__()
        self.edges = nn.ModuleDict(
            {
                f"{target}<-{source}": operation(name, channels)
                for (target, source), name in zip(EDGES, operations, strict=True)
                if name != "none"
            }
        )

    def forward(self, x: Tensor) -> Tensor:
        """Node 3, given node 0."""
        nodes = [x]
        for node in range(1, NODES):
            terms = [
                self.edges[key](nodes[source]) for source in range(node) if (key := f"{node}<-{source}") in self.edges
            ]
            nodes.append(reduce(torch.add, terms) if terms else torch.zeros_like(x))
        return nodes[-1]


class TinyNetwork(nn.Module):
    """The benchmark's network of one cell: a stem, three stages of ``cells`` cells, a reduction block between stages.

    ``operations`` are six names in the order of EDGES (see ``parse``). Widths are ``channels``, 2× and 4× that.
    The benchmark itself has channels = 16 and cells = 5.
    """

    def __init__(
        self, operations: Sequence[str], channels: int = 16, cells: int = 5, classes: int = 10, in_channels: int = 3
    ) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(in_channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels))
        blocks: list[nn.Module] = []
        for stage in range(STAGES):
            width = channels * 2**stage
            if stage:
                blocks.append(Reduction(width // 2, width))
            blocks.extend(Cell(operations, width) for _ in range(cells))
        self.blocks = nn.Sequential(*blocks)
        self.lastact = nn.Sequential(nn.BatchNorm2d(4 * channels), nn.ReLU())
        self.classifier = nn.Linear(4 * channels, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (B, classes) of images (B, in_channels, H, W)."""
        features: Tensor = self.lastact(self.blocks(self.stem(x)))
        logits: Tensor = self.classifier(features.mean((2, 3)))
        return logits
