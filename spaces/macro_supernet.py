"""The supernet of NAS-Bench-Macro: in each of eight layers all three choices, weighed."""

from __future__ import annotations

from torch import Tensor, nn

from spaces.base import AfterSkip, Mix
from spaces.macro_network import LAYERS, OPERATIONS, Place, Skeleton, operation, places

ALPHA = "layers"
"""α's name; a row a layer."""


class MixedLayer(nn.Module):
    """All choices of one layer, on batch statistics, without scale and shift."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.choices = nn.ModuleList(operation(k, place, searched=True) for k in range(len(OPERATIONS)))

    def forward(self, x: Tensor, weights: Tensor, active: list[int], after_skip: AfterSkip | None) -> Tensor:
        """The sum over ``active`` choices, each times its entry in ``weights`` (3,)."""
        total: Tensor | None = None
        for k in active:
            y = self.choices[k](x)
            if after_skip is not None and isinstance(self.choices[k], nn.Identity):
                y = after_skip(y)
            total = weights[k] * y if total is None else total + weights[k] * y
        assert total is not None, "a layer runs one choice at least: without any it has no output's shape"
        return total


class MacroSupernet(Skeleton):
    """Stem, eight mixed layers, head, classifier. Owns no architecture parameter."""

    def __init__(self, channels: int, classes: int, in_channels: int) -> None:
        super().__init__(list(map(MixedLayer, places(channels))), channels, classes, in_channels, tracked=False)

    def forward(self, x: Tensor, mix: Mix) -> Tensor:
        """Logits (B, classes) of images (B, in_channels, H, W) under ``mix``: {"layers": (8, 3)}."""
        every = [list(range(len(OPERATIONS)))] * LAYERS
        active = every if mix.active is None else mix.active[ALPHA]
        x = self.stem(x)
        for index, layer in enumerate(self.layers):
            x = layer(x, mix.weights[ALPHA][index], active[index], mix.after_skip)
            if mix.added is not None:
                x = x + mix.added[ALPHA][index]
        return self.classify(x)
