"""NAS-Bench-Macro's layers and its stand-alone network (Su et al., "Prioritized Architecture Sampling", CVPR 2021).

Eight layers in stages of 2, 3 and 3; each stage's first layer halves the image and doubles the channels. A layer is an
identity or an inverted residual block (MBConv): expand, depthwise, project, batch norm after each, ReLU after the first
two, a shortcut where the shapes agree. Where they do not, the identity is a 1 × 1 convolution with batch norm.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from torch import Tensor, nn

from results.errors import BadInput
from spaces.depthwise import Depthwise

STAGES = (2, 3, 3)
"""Layers of each stage."""
LAYERS = sum(STAGES)
OPERATIONS = ("identity", "mbconv3_k3", "mbconv6_k5")
"""A layer's choices, in the order of the table's digits."""
BLOCKS = {"mbconv3_k3": (3, 3), "mbconv6_k5": (6, 5)}
"""Expansion and kernel of each block."""
FORM = f"{LAYERS} digits, of each layer 0 identity, 1 MBConv3 k3, 2 MBConv6 k5, for instance 22212220"
HEAD = 40
"""The head's channels, in stem widths: 1,280 at 32."""


class Place(NamedTuple):
    """Where a layer stands: channels that enter and leave it, and its stride."""

    inputs: int
    outputs: int
    stride: int

    @property
    def keeps_shape(self) -> bool:
        """Whether an identity there is one."""
        return self.stride == 1 and self.inputs == self.outputs


def places(channels: int) -> list[Place]:
    """The eight layers' places, ``channels`` wide after the stem."""
    found: list[Place] = []
    for depth in STAGES:
        for layer in range(depth):
            first = layer == 0
            found.append(Place(channels, 2 * channels if first else channels, 2 if first else 1))
            channels = found[-1].outputs
    return found


def parse(genotype: str) -> tuple[int, ...]:
    """The eight choices of a genotype.

    Raises
    ------
    BadInput
        For a text that is not eight digits from 0 to 2.
    """
    if len(genotype) != LAYERS or not set(genotype) <= set("012"):
        shown = repr(genotype if len(genotype) <= 60 else genotype[:57] + "...")
        raise BadInput(f"{shown} is no network of NAS-Bench-Macro: write {FORM}")
    return tuple(map(int, genotype))


def same_function(genotype: str) -> str:
    """The genotype of the same function whose identities stand last in each stage, after the stage's first layer.

    A stage's first layer is never moved, for an identity there is a convolution. Of the 6,561 genotypes 3,969 are
    left, and the table trained only these.
    """
    choices, start, moved = parse(genotype), 0, ""
    for depth in STAGES:
        first, *rest = choices[start : start + depth]
        kept = [choice for choice in rest if choice]
        moved += "".join(map(str, [first, *kept, *[0] * (len(rest) - len(kept))]))
        start += depth
    return moved


def norm(channels: int, *, searched: bool) -> nn.BatchNorm2d:
    """Batch norm; of a mixed layer (``searched``) on batch statistics without scale and shift, which would be α's."""
    return nn.BatchNorm2d(channels, affine=not searched, track_running_stats=not searched)


class MBConv(nn.Module):
    """An inverted residual block: (B, inputs, H, W) to (B, outputs, H / stride, W / stride)."""

    def __init__(self, place: Place, expansion: int, kernel: int, *, searched: bool = False) -> None:
        super().__init__()
        inner, self.shortcut = expansion * place.inputs, place.keeps_shape
        self.body = nn.Sequential(
            nn.Conv2d(place.inputs, inner, 1, bias=False),
            norm(inner, searched=searched),
            nn.ReLU(inplace=True),
            Depthwise(inner, kernel, place.stride),
            norm(inner, searched=searched),
            nn.ReLU(inplace=True),
            nn.Conv2d(inner, place.outputs, 1, bias=False),
            norm(place.outputs, searched=searched),
        )

    def forward(self, x: Tensor) -> Tensor:
        """The block, and its input where the shapes agree."""
        y: Tensor = self.body(x)
        return x + y if self.shortcut else y


def operation(choice: int, place: Place, *, searched: bool = False) -> nn.Module:
    """The module of one choice at one place."""
    name = OPERATIONS[choice]
    if name in BLOCKS:
        return MBConv(place, *BLOCKS[name], searched=searched)
    if place.keeps_shape:
        return nn.Identity()
    return nn.Sequential(
        nn.Conv2d(place.inputs, place.outputs, 1, place.stride, bias=False), norm(place.outputs, searched=searched)
    )


class Skeleton(nn.Module):
    """Stem, given layers, head, classifier: what supernet and stand-alone network share."""

    def __init__(
        self, layers: Sequence[nn.Module], channels: int, classes: int, in_channels: int, *, tracked: bool
    ) -> None:
        super().__init__()
        last, head = places(channels)[-1].outputs, HEAD * channels
        self.stem = _convolution(in_channels, channels, 3, tracked=tracked)
        self.layers = nn.ModuleList(layers)
        self.head = _convolution(last, head, 1, tracked=tracked)
        self.classifier = nn.Linear(head, classes)

    def classify(self, x: Tensor) -> Tensor:
        """Logits (B, classes) of the last layer's output."""
        logits: Tensor = self.classifier(self.head(x).mean((2, 3)))
        return logits


class MacroNetwork(Skeleton):
    """The stand-alone network of eight choices: ``forward`` maps images (B, in_channels, H, W) to (B, classes)."""

    def __init__(self, choices: Sequence[int], channels: int = 32, classes: int = 10, in_channels: int = 3) -> None:
        layers = [operation(choice, place) for choice, place in zip(choices, places(channels), strict=True)]
        super().__init__(layers, channels, classes, in_channels, tracked=True)

    def forward(self, x: Tensor) -> Tensor:
        """Logits of images."""
        x = self.stem(x)
        for layer in self.layers:
            x = layer(x)
        return self.classify(x)


def _convolution(inputs: int, outputs: int, kernel: int, *, tracked: bool) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(outputs, track_running_stats=tracked),
        nn.ReLU(),
    )
