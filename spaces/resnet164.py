"""Channel pruning of the pre-activation bottleneck ResNet (He et al., ECCV 2016), as Network Slimming counts it.

Gates stand after bn1, bn2 and bn3 of every block and after the last batch norm, before ReLU: at depth 164 they are
12,112, of which 8,080 on the residual stream (every bn1, and the last) and 4,032 inside blocks. A cut of the residual
stream leaves the stream whole, for other blocks read it: the slim block selects its channels by index. Unlike in
Network Slimming's code the selection stands before bn1, not after, so that bn1 is slim too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import cast

import torch
import torch.nn.functional as F
from pydantic import Field, field_validator
from torch import Tensor, nn

from spaces import SPACES
from spaces.base import Mix
from spaces.contracts import GateOptions
from spaces.gated_layers import (
    GatedBatchNorm,
    Widths,
    gate,
    initialise,
    narrow_conv,
    narrow_linear,
    narrow_norm,
    selection,
)
from spaces.gated_space import GatedSpace, Term
from spaces.gates import Kept

EXPANSION = 4
STAGES = ("layer1", "layer2", "layer3")


class ResNet164Options(GateOptions):
    """The network's size; 164 layers of base widths 16, 32, 64 are the paper's."""

    depth: int = Field(164, ge=11, description="layers, 9n + 2: three stages of n blocks of three convolutions")
    width: int = Field(16, ge=1, description="the first stage's base width; the next ones' are 2 and 4 times that")

    @field_validator("depth")
    @classmethod
    def whole_blocks(cls, depth: int) -> int:
        """Only 9n + 2."""
        if (depth - 2) % 9:
            below = (depth - 2) // 9 * 9 + 2
            raise ValueError(f"depth {depth} is not 9n + 2: take {below} or {below + 9}")
        return depth


class Bottleneck(nn.Module):
    """BN-ReLU-convolution three times (1 × 1, 3 × 3, 1 × 1), plus the shortcut from the block's raw input."""

    def __init__(self, inputs: int, planes: int, stride: int, norm: Callable[[int], GatedBatchNorm]) -> None:
        super().__init__()
        outputs = EXPANSION * planes
        self.select: nn.Module = nn.Identity()
        self.bn1: nn.BatchNorm2d = norm(inputs)
        self.conv1 = nn.Conv2d(inputs, planes, 1, bias=False)
        self.bn2: nn.BatchNorm2d = norm(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, stride, padding=1, bias=False)
        self.bn3: nn.BatchNorm2d = norm(planes)
        self.conv3 = nn.Conv2d(planes, outputs, 1, bias=False)
        whole = stride == 1 and inputs == outputs
        self.downsample = nn.Identity() if whole else nn.Conv2d(inputs, outputs, 1, stride, bias=False)

    def forward(self, x: Tensor, *gates: Tensor | Widths) -> Tensor:
        """(B, outputs, H / stride, W / stride) of (B, inputs, H, W); ``gates``: those of bn1, bn2, bn3, or none."""
        one, two, three = ((g,) for g in gates) if gates else ((), (), ())
        y = self.conv1(F.relu(self.bn1(self.select(x), *one), inplace=True))
        y = self.conv2(F.relu(self.bn2(y, *two), inplace=True))
        y = self.conv3(F.relu(self.bn3(y, *three), inplace=True))
        z: Tensor = y + self.downsample(x)
        return z

    def narrow(self, bn1: tuple[int, ...], bn2: tuple[int, ...], bn3: tuple[int, ...]) -> None:
        """Keep these channels of each batch norm's output."""
        self.select = selection(bn1, self.bn1)
        self.bn1, self.bn2, self.bn3 = (
            narrow_norm(norm, kept) for norm, kept in ((self.bn1, bn1), (self.bn2, bn2), (self.bn3, bn3))
        )
        self.conv1 = narrow_conv(self.conv1, inputs=bn1, outputs=bn2)
        self.conv2 = narrow_conv(self.conv2, inputs=bn2, outputs=bn3)
        self.conv3 = narrow_conv(self.conv3, inputs=bn3)


class PreActResNet(nn.Module):
    """Three stages of ``blocks`` bottlenecks between a 3 × 3 stem and a classifier; supernet, whole and slim network.

    Module names are those of Network Slimming's code.
    """

    def __init__(self, blocks: int, width: int, classes: int, in_channels: int, *, tracked: bool) -> None:
        super().__init__()
        norm = partial(GatedBatchNorm, track_running_stats=tracked)
        self.conv1 = nn.Conv2d(in_channels, width, 3, padding=1, bias=False)
        inputs = width
        for number, stage in enumerate(STAGES):
            planes = width * 2**number
            made = nn.ModuleList()
            for block in range(blocks):
                made.append(Bottleneck(inputs, planes, 2 if number and not block else 1, norm))
                inputs = EXPANSION * planes
            self.add_module(stage, made)
        self.select: nn.Module = nn.Identity()
        self.bn: nn.BatchNorm2d = norm(inputs)
        self.fc = nn.Linear(inputs, classes)
        initialise(self)

    def blocks(self) -> dict[str, Bottleneck]:
        """Every block by its name, in order."""
        return {
            f"{stage}.{i}": cast(Bottleneck, block)
            for stage in STAGES
            for i, block in enumerate(cast(nn.ModuleList, self.get_submodule(stage)))
        }

    def forward(self, x: Tensor, mix: Mix | None = None) -> Tensor:
        """Logits (B, classes) of images (B, in_channels, H, W); ``mix`` holds a gate a channel of every batch norm."""
        x = self.conv1(x)
        for name, block in self.blocks().items():
            x = block(x) if mix is None else block(x, *(gate(mix, f"{name}.bn{i}") for i in (1, 2, 3)))
        x = self.select(x)
        x = self.bn(x) if mix is None else self.bn(x, gate(mix, "bn"))
        logits: Tensor = self.fc(F.relu(x, inplace=True).mean((2, 3)))
        return logits


@SPACES.register
class ResNet164(GatedSpace):
    """Channel pruning of a pre-activation ResNet: a gate after every batch norm, PRC over all gates."""

    name = "resnet164"
    Options = ResNet164Options
    options: ResNet164Options

    def network(self, *, tracked: bool) -> PreActResNet:
        """The whole network at the options' depth."""
        o = self.options
        return PreActResNet((o.depth - 2) // 9, o.width, o.classes, o.in_channels, tracked=tracked)

    def narrow(self, network: nn.Module, kept: Kept) -> None:
        """Each block's three cuts, then the classifier's inputs."""
        network = cast(PreActResNet, network)
        for name, block in network.blocks().items():
            block.narrow(kept[f"{name}.bn1"], kept[f"{name}.bn2"], kept[f"{name}.bn3"])
        network.select = selection(kept["bn"], network.bn)
        network.bn = narrow_norm(network.bn, kept["bn"])
        network.fc = narrow_linear(network.fc, kept["bn"])

    def initialise(self, network: nn.Module) -> None:
        """As Network Slimming's code but for batch norm's scale, 1 here; the classifier as torch draws it."""
        initialise(network)
        cast(PreActResNet, network).fc.reset_parameters()

    def terms(self) -> Iterator[Term]:
        """Each convolution between the batch norms that feed and follow it, then the classifier."""
        with torch.device("meta"):
            network = self.network(tracked=False)
        size = self.options.image_size
        yield size**2 * network.conv1.weight.numel(), ()
        for name, block in network.blocks().items():
            one, two, three = (f"{name}.bn{i}" for i in (1, 2, 3))
            after = -(-size // block.conv2.stride[0])
            yield size**2, (one, two)
            yield 9 * after**2, (two, three)
            yield block.conv3.out_channels * after**2, (three,)
            if isinstance(block.downsample, nn.Conv2d):
                yield after**2 * block.downsample.weight.numel(), ()
            size = after
        yield network.fc.out_features, ("bn",)
        yield network.fc.out_features, ()

    def stage(self, layer: str) -> str:
        """layer1 to layer3; the last batch norm is a stage of its own, bn."""
        return layer.partition(".")[0]
