"""The cell of a stand-alone DARTS network and its operations, as in the authors' cnn/model.py (quark0/darts)."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

import torch
from torch import Tensor, nn
from torchvision.ops import stochastic_depth

from spaces.darts_genotype import INPUTS
from spaces.darts_genotype import Cell as Genes
from spaces.depthwise import Depthwise
from spaces.nats_cell import ReLUConvBN
from spaces.noise import Noise

Make = Callable[[str, int, int], nn.Module]
"""What makes an edge's module of its operation's name, its channels and its stride."""


class FactorizedReduce(nn.Module):
    """(B, in, H, W), H and W even, to (B, out, H/2, W/2): half of the channels from the even pixels, half from the odd.

    ReLU first, batch norm last.
    """

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.relu = nn.ReLU()
        self.even = nn.Conv2d(channels_in, channels_out // 2, 1, stride=2, bias=False)
        self.odd = nn.Conv2d(channels_in, channels_out - channels_out // 2, 1, stride=2, bias=False)
        self.norm = nn.BatchNorm2d(channels_out)

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        x = self.relu(x)
        y: Tensor = self.norm(torch.cat([self.even(x), self.odd(x[:, :, 1:, 1:])], 1))
        return y


def _separable(channels: int, size: int, stride: int, dilation: int = 1) -> list[nn.Module]:
    """ReLU (not in place: a node feeds several edges), a depthwise and a 1 × 1 convolution, batch norm."""
    return [
        nn.ReLU(),
        Depthwise(channels, size, stride, dilation),
        nn.Conv2d(channels, channels, 1, bias=False),
        nn.BatchNorm2d(channels),
    ]


def operation(name: str, channels: int, stride: int) -> nn.Module:
    """The module of one operation of ``darts_genotype.OPERATIONS``: (B, C, H, W) to (B, C, H/stride, W/stride)."""
    kind, _, size = name.rpartition("_")
    match kind:
        case "" if size == "noise":
            return Noise(stride)
        case "max_pool":
            return nn.MaxPool2d(3, stride, padding=1)
        case "avg_pool":
            return nn.AvgPool2d(3, stride, padding=1, count_include_pad=False)
        case "skip":
            return nn.Identity() if stride == 1 else FactorizedReduce(channels, channels)
        case "sep_conv":
            return nn.Sequential(
                *_separable(channels, int(size[0]), stride), *_separable(channels, int(size[0]), stride=1)
            )
        case "dil_conv":
            return nn.Sequential(*_separable(channels, int(size[0]), stride, dilation=2))
        case "conv_7x1":
            return nn.Sequential(
                nn.ReLU(),
                nn.Conv2d(channels, channels, (1, 7), (1, stride), (0, 3), bias=False),
                nn.Conv2d(channels, channels, (7, 1), (stride, 1), (3, 0), bias=False),
                nn.BatchNorm2d(channels),
            )
    raise ValueError(f"no module for operation {name!r}")


class Skipping(nn.Module):
    """An operation and, added to it, a skip: what every edge is with the operations ``all_skip``."""

    def __init__(self, name: str, channels: int, stride: int) -> None:
        super().__init__()
        self.operation, self.skip = operation(name, channels, stride), operation("skip_connect", channels, stride)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C, H/stride, W/stride)."""
        y: Tensor = self.operation(x) + self.skip(x)
        return y


def maker(skipping: bool) -> Make:
    """What makes the edges of a network; with ``skipping`` each adds a skip to its operation."""
    return Skipping if skipping else operation


class Cell(nn.Module):
    """A node is the sum of its edges' outputs, the cell's output the concatenation of the nodes that ``genes`` names.

    ``inputs`` are the channels of the outputs of the cell before the last and of the last; ``halved`` says that the
    last one halved the image, so that the other must be halved too. A ``reduction`` cell halves it: its edges from the
    two inputs have stride 2. ``make`` makes an edge's module.
    """

    def __init__(
        self,
        genes: Genes,
        inputs: tuple[int, int],
        channels: int,
        *,
        reduction: bool,
        halved: bool,
        make: Make = operation,
    ) -> None:
        super().__init__()
        self.preprocess0 = FactorizedReduce(inputs[0], channels) if halved else ReLUConvBN(inputs[0], channels, 1)
        self.preprocess1 = ReLUConvBN(inputs[1], channels, 1)
        self.sources = [[source for _, source in incoming] for incoming in genes.nodes]
        self.operations = nn.ModuleList(
            nn.ModuleList(make(name, channels, 2 if reduction and source < INPUTS else 1) for name, source in incoming)
            for incoming in genes.nodes
        )
        self.concat = genes.concat
        self.channels = len(genes.concat) * channels

    def forward(self, x0: Tensor, x1: Tensor, drop_path: float = 0.0) -> Tensor:
        """The cell's output of the two before it; in training each edge but a plain skip is dropped per image."""
        states = {0: self.preprocess0(x0), 1: self.preprocess1(x1)}
        for node, (operations, sources) in enumerate(zip(self.operations, self.sources, strict=True), INPUTS):
            terms = []
            for module, source in zip(operations, sources, strict=True):  # type: ignore[call-overload]  # a ModuleList
                term = module(states[source])
                if self.training and drop_path > 0 and not isinstance(module, nn.Identity):
                    term = stochastic_depth(term, drop_path, mode="row")
                terms.append(term)
            if terms:
                states[node] = reduce(torch.add, terms)
        return torch.cat([states[node] for node in self.concat], 1)
