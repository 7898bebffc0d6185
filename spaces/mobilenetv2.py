"""Channel pruning of MobileNetV2 (Sandler et al., CVPR 2018), torchvision's network.

One gate a hidden channel, after the depthwise convolution's batch norm and before its ReLU6. A gate at zero gives
ReLU6(0) = 0, so that the channel's filter in the expansion, its depthwise filter and its column in the projection go
without changing the output. (A gate before the depthwise convolution would leave that batch norm's shift alive.)
The first block has no expansion: there the stem's own channel goes, or, where a shortcut also reads it, a selection
by index stands before the depthwise convolution.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import accumulate
from typing import Any, Literal, cast

import torch
from pydantic import Field
from torch import Tensor, nn
from torchvision.models.mobilenetv2 import InvertedResidual, MobileNetV2

from spaces import SPACES
from spaces.base import Genotype, Mix
from spaces.contracts import GateOptions
from spaces.gated_layers import GatedBatchNorm, Widths, gate, initialise, narrow_conv, narrow_norm, selection
from spaces.gated_space import GatedSpace, Term
from spaces.gates import Kept, mean_layer_ratio

STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
"""Expansion, width, blocks, first stride (MobileNetV2, Table 2)."""


class MobileNetV2Options(GateOptions):
    """The network's size."""

    width: float = Field(1.0, gt=0, description="width multiplier; widths are rounded to multiples of 8")
    stem: Literal["imagenet", "cifar"] = Field(
        "imagenet", description="cifar: stride 1, not 2, in the stem and the second stage, for images of 32 pixels"
    )


class GatedMobileNetV2(nn.Module):
    """torchvision's network under its own names, with gates in its blocks; supernet, whole and slim network.

    Without torchvision's dropout, whose random stream no checkpoint of a search holds.
    """

    def __init__(self, width: float, classes: int, in_channels: int, stem: str, *, tracked: bool) -> None:
        super().__init__()
        settings = [list(stage) for stage in STAGES]
        if stem == "cifar":
            settings[1][3] = 1
        norm = partial(nn.BatchNorm2d, track_running_stats=tracked)
        made = MobileNetV2(classes, width, settings, norm_layer=norm, dropout=0.0)
        self.features: nn.Sequential = made.features
        self.classifier: nn.Sequential = made.classifier
        stem_width, stride = self.features[0].out_channels, 1 if stem == "cifar" else 2
        self.features[0][0] = nn.Conv2d(in_channels, stem_width, 3, stride, padding=1, bias=False)
        for block in self.blocks().values():
            depthwise = block.conv[-3]
            depthwise[1] = GatedBatchNorm(depthwise[1].num_features, track_running_stats=tracked)
        self.reset()

    def reset(self) -> None:
        """Draw every weight anew as torchvision does: the classifier's normal with deviation 0.01, its bias 0."""
        initialise(self)
        linear = cast(nn.Linear, self.classifier[-1])
        nn.init.normal_(linear.weight, 0, 0.01)
        nn.init.zeros_(linear.bias)

    def blocks(self) -> dict[str, Any]:
        """Every inverted residual by the name of its gated batch norm, in order."""
        blocks = {i: feature for i, feature in enumerate(self.features) if isinstance(feature, InvertedResidual)}
        return {f"features.{i}.conv.{len(block.conv) - 3}.1": block for i, block in blocks.items()}

    def forward(self, x: Tensor, mix: Mix | None = None) -> Tensor:
        """Logits (B, classes) of images (B, in_channels, H, W); ``mix`` holds a gate a hidden channel."""
        first, *_, last = self.features
        x = first(x)
        for name, block in self.blocks().items():
            x = block(x) if mix is None else _gated(block, x, gate(mix, name))
        logits: Tensor = self.classifier(last(x).mean((2, 3)))
        return logits


@SPACES.register
class MobileNetV2Width(GatedSpace):
    """Channel pruning of MobileNetV2: a gate a hidden channel, PRC the mean of the layers' ratios."""

    name = "mobilenetv2"
    Options = MobileNetV2Options
    options: MobileNetV2Options

    def network(self, *, tracked: bool) -> GatedMobileNetV2:
        """The whole network at the options' width."""
        o = self.options
        return GatedMobileNetV2(o.width, o.classes, o.in_channels, o.stem, tracked=tracked)

    def narrow(self, network: nn.Module, kept: Kept) -> None:
        """Each block's hidden channels."""
        network = cast(GatedMobileNetV2, network)
        for name, block in network.blocks().items():
            _narrow(block, kept[name], cast(nn.Sequential, network.features[0]))

    def initialise(self, network: nn.Module) -> None:
        """As torchvision."""
        cast(GatedMobileNetV2, network).reset()

    def terms(self) -> Iterator[Term]:
        """Stem, each block's expansion, depthwise convolution and projection, the last convolution, the classifier."""
        with torch.device("meta"):
            network = self.network(tracked=False)
        first, last = (
            cast(nn.Conv2d, network.get_submodule(f"features.{i}.0")) for i in (0, len(network.features) - 1)
        )
        size = -(-self.options.image_size // first.stride[0])
        for name, block in network.blocks().items():
            *expansion, depthwise, projection, _ = block.conv
            after = -(-size // depthwise[0].stride[0])
            if expansion:
                yield size**2 * expansion[0][0].in_channels, (name,)
            elif block.use_res_connect:
                yield size**2 * first.weight.numel(), ()
            else:
                yield size**2 * first.weight[0].numel(), (name,)
            yield after**2 * (9 + projection.out_channels), (name,)
            size = after
        yield size**2 * last.weight.numel(), ()
        yield sum(p.numel() for p in network.classifier.parameters()), ()

    def stage(self, layer: str) -> str:
        """stage1 to stage7, the rows of the MobileNetV2 paper's Table 2 that hold blocks."""
        block, ends = int(layer.split(".")[1]), accumulate(blocks for _, _, blocks, _ in STAGES)
        return f"stage{1 + sum(block > end for end in ends)}"

    def prc(self, genotype: Genotype) -> float:
        """The pruned-channel ratio that ``genotype`` reaches, from 0 to 1: the mean of the layers' own ratios."""
        return mean_layer_ratio(self.parse(genotype), self.layers)


def _gated(block: Any, x: Tensor, gates: Tensor | Widths) -> Tensor:
    """One inverted residual of torchvision's with its hidden channels gated."""
    *expansion, (convolution, norm, activation), projection, last_norm = block.conv
    hidden = x
    for layer in expansion:
        hidden = layer(hidden)
    hidden = activation(norm(convolution(hidden), gates))
    y: Tensor = last_norm(projection(hidden))
    return x + y if block.use_res_connect else y


def _narrow(block: Any, kept: tuple[int, ...], stem: nn.Sequential) -> None:
    """Cut one inverted residual to the hidden channels ``kept``; ``stem`` feeds the block without expansion."""
    *expansion, depthwise, projection, last_norm = block.conv
    depthwise[0] = narrow_conv(depthwise[0], outputs=kept)
    if expansion:
        before = expansion[0]
    elif not block.use_res_connect:
        before = stem
    else:
        before, expansion = None, [selection(kept, depthwise[1])]
    if before is not None:
        before[0] = narrow_conv(before[0], outputs=kept)
        before[1] = narrow_norm(before[1], kept)
    depthwise[1] = narrow_norm(depthwise[1], kept)
    block.conv = nn.Sequential(*expansion, depthwise, narrow_conv(projection, inputs=kept), last_norm)
