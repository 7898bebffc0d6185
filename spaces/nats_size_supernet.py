"""A supernet of NATS-Bench's size space: one network at full width whose α say how many first channels a layer keeps.

Each layer's output meets the mixture of its widths in one of two forms. ``masked``: channel c is multiplied by the
weight of all widths above c, Σ_{k: c_k > c} p_k (FBNetV2: Wan et al., CVPR 2020). ``interpolated``: the first
c_k channels, brought to the widest one's by channel-wise interpolation, weighed by p_k (TAS: Dong, Yang, NeurIPS 2019,
Eq. 4). Where one width a layer is active only its channels are computed, and both forms are the slim network itself.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from spaces.base import Mix
from spaces.gated_layers import Widths, interpolated
from spaces.nats_cell import EDGES, NODES
from spaces.nats_size_network import CELL, LAYERS, REDUCING, WIDTHS

ALPHA = "widths"
"""α's name; a row a layer."""
Form = Literal["masked", "interpolated"]


class Layer(NamedTuple):
    """One layer's candidates: the channels of the ``active`` ones, their weights, and every candidate's weight."""

    widths: Widths
    active: list[int]
    every: Tensor

    @property
    def channels(self) -> int:
        """Channels that are computed: the widest candidate's."""
        return max(self.widths.channels)

    def mask(self) -> Tensor:
        """The weight of all candidates that have a channel, (channels,)."""
        place = torch.arange(self.channels, device=self.every.device)
        counts = self.widths.channels
        return torch.stack([w * (place < c) for c, w in zip(counts, self.widths.weights, strict=True)]).sum(0)

    def mixed(self, x: Tensor, form: Form) -> Tensor:
        """The mixture of the candidates' outputs, (B, channels, H, W)."""
        return self.masked(x) if form == "masked" else interpolated(x, self.widths)

    def masked(self, x: Tensor) -> Tensor:
        """``x`` times the mask."""
        return x * self.mask().view(-1, 1, 1)


class SlimConv(nn.Module):
    """ReLU, convolution, batch norm on batch statistics without scale and shift; as many channels as are asked for.

    ``plain``: the convolution alone.
    """

    def __init__(self, channels: int, kernel: int, stride: int = 1, *, plain: bool = False) -> None:
        super().__init__()
        self.weight = nn.Conv2d(channels, channels, kernel, bias=False).weight
        self.stride, self.padding, self.plain = stride, kernel // 2, plain

    def forward(self, x: Tensor, outputs: int) -> Tensor:
        """The first ``outputs`` channels of what the first channels, as many as ``x`` has, give."""
        weight = self.weight[:outputs, : x.shape[1]]
        y = F.conv2d(x if self.plain else F.relu(x), weight, None, self.stride, self.padding)
        return y if self.plain else F.batch_norm(y, None, None, training=True)


class SizedMixture(nn.Module):
    """The fixed cell between two layers' widths."""

    def __init__(self, channels: int, *, widens: bool) -> None:
        super().__init__()
        names = {edge: name for edge, name in zip(EDGES, CELL, strict=True) if name != "skip_connect"}
        self.convs = nn.ModuleDict({f"{t}<-{s}": SlimConv(channels, 3) for t, s in names})
        self.projection = SlimConv(channels, 1, plain=True) if widens else None

    def forward(self, x: Tensor, before: Layer, layer: Layer, form: Form) -> Tensor:
        """Node 3 from node 0: (B, channels of ``before``, H, W) to (B, channels of ``layer``, H, W)."""
        nodes = [x]
        for node in range(1, NODES):
            terms = []
            for source in range(node):
                key = f"{node}<-{source}"
                runs = key in self.convs
                terms.append(self.convs[key](nodes[source], layer.channels) if runs else self.skip(x, before, layer))
            nodes.append(layer.mixed(torch.stack(terms).sum(0), form))
        return nodes[-1]

    def skip(self, x: Tensor, before: Layer, layer: Layer) -> Tensor:
        """An identity with the probability that both widths are one, else the 1 × 1 convolution with batch norm."""
        most = layer.channels
        straight = F.pad(x, (0, 0, 0, 0, 0, most - x.shape[1])) if most > x.shape[1] else x[:, :most]
        if self.projection is None:
            return straight
        together = {*before.active} & {*layer.active}
        same = (before.every * layer.every).sum()
        found = same * straight if together else None
        if len({*before.active, *layer.active}) > 1:
            projected = F.batch_norm(self.projection(x, most), None, None, training=True)
            found = (1 - same) * projected + (0 if found is None else found)
        assert found is not None, "two equal single widths are together"
        return found


class SizedReduction(nn.Module):
    """The residual block of stride 2 between two layers' widths."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv_a, self.conv_b = SlimConv(channels, 3, 2), SlimConv(channels, 3)
        self.downsample = SlimConv(channels, 1, plain=True)

    def forward(self, x: Tensor, before: Layer, layer: Layer, form: Form) -> Tensor:
        """(B, channels of ``before``, H, W) to (B, channels of ``layer``, ⌈H/2⌉, ⌈W/2⌉)."""
        most = layer.channels
        inner = layer.mixed(self.conv_a(x, most), form)
        shortcut = self.downsample(F.avg_pool2d(x, 2, 2, ceil_mode=True), most)
        return layer.mixed(shortcut + self.conv_b(inner, most), form)


class SizeSupernet(nn.Module):
    """All widths of all five layers, the widest ``channels`` wide. Owns no architecture parameter."""

    def __init__(self, channels: int, classes: int, in_channels: int, form: Form) -> None:
        super().__init__()
        self.form: Form = form
        self.candidates = [width * channels // WIDTHS[-1] for width in WIDTHS]
        self.stem = nn.Conv2d(in_channels, channels, 3, padding=1, bias=False)
        self.stem_norm, self.norm = (nn.BatchNorm2d(channels, track_running_stats=False) for _ in range(2))
        self.blocks = nn.ModuleList(
            SizedReduction(channels) if index in REDUCING else SizedMixture(channels, widens=index > 0)
            for index in range(LAYERS)
        )
        self.classifier = nn.Linear(channels, classes)

    def forward(self, x: Tensor, mix: Mix) -> Tensor:
        """Logits (B, classes) of images (B, in_channels, H, W) under ``mix``: {"widths": (5, 8)}."""
        layers = self.layers(mix)
        x = F.conv2d(x, self.stem.weight[: layers[0].channels], None, padding=1)
        x = layers[0].mixed(_normed(x, self.stem_norm), self.form)
        for block, before, layer in zip(self.blocks, (layers[0], *layers), layers, strict=False):
            x = block(x, before, layer, self.form)
        x = F.relu(_normed(x, self.norm))
        if self.form == "masked":  # batch norm has taken the mask's scale, and shifts what it had closed
            x = layers[-1].masked(x)
        weight = self.classifier.weight[:, : x.shape[1]]
        return F.linear(x.mean((2, 3)), weight, self.classifier.bias)

    def layers(self, mix: Mix) -> list[Layer]:
        """The candidates of each layer that are run, and what they count."""
        weights = mix.weights[ALPHA]
        active = [list(range(len(WIDTHS)))] * LAYERS if mix.active is None else mix.active[ALPHA]
        return [
            Layer(Widths([self.candidates[k] for k in run], torch.stack([row[k] for k in run])), run, row)
            for row, run in zip(weights, active, strict=True)
        ]


def _normed(x: Tensor, norm: nn.BatchNorm2d) -> Tensor:
    channels = x.shape[1]
    return F.batch_norm(x, None, None, norm.weight[:channels], norm.bias[:channels], training=True, eps=norm.eps)
