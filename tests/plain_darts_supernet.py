"""The slow oracle of the merged DARTS supernet: an operation a module, an edge at a time, weighted and summed."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from spaces.base import Mix
from spaces.darts_graph import OPERATIONS, edges
from spaces.darts_mixed import DILATED, SIZES, TWICE, FactorizedReduce, Leaving, MixedCell
from spaces.darts_supernet import Supernet

Pieces = dict[nn.Parameter, tuple[nn.Parameter, slice]]
"""For each parameter cut from a merged one: the merged one and the rows that it holds there."""


def bn(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, affine=False, track_running_stats=False)


class PlainReduce(nn.Module):
    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.conv_1 = nn.Conv2d(channels_in, channels_out // 2, 1, stride=2, bias=False)
        self.conv_2 = nn.Conv2d(channels_in, channels_out // 2, 1, stride=2, bias=False)
        self.bn = bn(channels_out)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(x)
        normed: Tensor = self.bn(torch.cat([self.conv_1(x), self.conv_2(x[:, :, 1:, 1:])], 1))
        return normed


def operation(name: str, c: int, stride: int) -> nn.Module:
    """One operation as the authors' search code builds it; every name but none."""
    size = SIZES.get(name, 0)

    def stage(step: int, dilation: int = 1) -> list[nn.Module]:
        return [
            nn.ReLU(),
            nn.Conv2d(c, c, size, step, dilation * (size // 2), dilation, groups=c, bias=False),
            nn.Conv2d(c, c, 1, bias=False),
            bn(c),
        ]

    if name == "max_pool_3x3":
        return nn.Sequential(nn.MaxPool2d(3, stride, 1), bn(c))
    if name == "avg_pool_3x3":
        return nn.Sequential(nn.AvgPool2d(3, stride, 1, count_include_pad=False), bn(c))
    if name == "skip_connect":
        return nn.Identity() if stride == 1 else PlainReduce(c, c)
    return nn.Sequential(*stage(stride), *stage(1)) if name in TWICE else nn.Sequential(*stage(stride, 2))


class PlainCell(nn.Module):
    """The cell as the authors' search code writes it, with the merged cell's weights cut apart."""

    def __init__(self, merged: MixedCell, nodes: int, pieces: Pieces) -> None:
        super().__init__()
        self.kind, self.concat = merged.kind, merged.concat
        self.edges = edges(nodes)
        self.preprocess0, self.preprocess1 = (
            self.preprocess(cast(nn.Module, part), pieces) for part in (merged.preprocess0, merged.preprocess1)
        )
        self.mixed = nn.ModuleList()
        for target, source in self.edges:
            leaving = cast(Leaving, merged.sources[source])
            position = target - max(source + 1, 2)
            self.mixed.append(self.edge(leaving, position, pieces))
            if leaving.skipping:
                skip = operation("skip_connect", leaving.channels, leaving.stride)
                if leaving.always is not None:
                    cut_reduce(cast(PlainReduce, skip), leaving.always, position, pieces)
                cast(nn.ModuleDict, self.mixed[-1])["always"] = skip

    @staticmethod
    def preprocess(merged: nn.Module, pieces: Pieces) -> nn.Module:
        if isinstance(merged, FactorizedReduce):
            plain = PlainReduce(merged.weight.shape[1], merged.channels)
            cut_reduce(plain, merged, 0, pieces)
            return plain
        weight = cast(nn.Conv2d, merged.convolution).weight
        convolution = nn.Conv2d(weight.shape[1], weight.shape[0], 1, bias=False)
        cut(convolution, weight, slice(0, len(weight)), pieces)
        return nn.Sequential(nn.ReLU(), convolution, bn(len(weight)))

    @staticmethod
    def edge(leaving: Leaving, position: int, pieces: Pieces) -> nn.ModuleDict:
        c = leaving.channels
        rows = slice(position * c, (position + 1) * c)
        plain = nn.ModuleDict({name: operation(name, c, leaving.stride) for name in OPERATIONS[1:]})
        for name in (*TWICE, *DILATED):
            convolutions = [m for m in plain[name].modules() if isinstance(m, nn.Conv2d)]
            stages = [leaving.first[name]] + ([leaving.second[name]] if name in TWICE else [])
            merged = [weight for stage in stages for weight in (stage.depthwise.weight, stage.pointwise.weight)]
            for convolution, weight in zip(convolutions, merged, strict=True):
                cut(convolution, cast(nn.Parameter, weight), rows, pieces)
        if leaving.reduce is not None:
            cut_reduce(cast(PlainReduce, plain["skip_connect"]), leaving.reduce, position, pieces)
        return plain

    def forward(self, x0: Tensor, x1: Tensor, weights: Tensor) -> Tensor:
        states = [self.preprocess0(x0), self.preprocess1(x1)]
        for node in range(2, self.edges[-1][0] + 1):
            terms = [
                m["always"](states[s])
                for m, (t, s) in zip(self.mixed, self.edges, strict=True)
                if t == node and "always" in m
            ] + [
                weights[edge, kind] * self.mixed[edge][name](states[source])
                for edge, (target, source) in enumerate(self.edges)
                if target == node
                for kind, name in enumerate(OPERATIONS)
                if name != "none"
            ]
            states.append(torch.stack(terms).sum(0))
        return torch.cat(states[-self.concat :], 1)


class PlainSupernet(nn.Module):
    """A merged supernet with its cells cut apart; stem and classifier are the merged one's own."""

    def __init__(self, merged: Supernet, nodes: int) -> None:
        super().__init__()
        self.pieces: Pieces = {}
        self.stem, self.classifier = merged.stem, merged.classifier
        self.cells = nn.ModuleList(PlainCell(cast(MixedCell, cell), nodes, self.pieces) for cell in merged.cells)

    def forward(self, x: Tensor, mix: Mix) -> Tensor:
        x0 = x1 = self.stem(x)
        for cell in self.cells:
            x0, x1 = x1, cell(x0, x1, mix.weights[cast(str, cell.kind)])
        logits: Tensor = self.classifier(x1.mean((2, 3)))
        return logits


def cut(convolution: nn.Conv2d, merged: nn.Parameter, rows: slice, pieces: Pieces) -> None:
    """Give ``convolution`` its rows of the merged weight."""
    with torch.no_grad():
        convolution.weight.copy_(merged[rows])
    pieces[convolution.weight] = (merged, rows)


def cut_reduce(plain: PlainReduce, merged: FactorizedReduce, position: int, pieces: Pieces) -> None:
    """The same for the two convolutions of a factorized reduction."""
    half = merged.channels // 2
    for i, convolution in enumerate((plain.conv_1, plain.conv_2)):
        start = position * merged.channels + i * half
        cut(convolution, merged.weight, slice(start, start + half), pieces)
