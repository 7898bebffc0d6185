"""The slow oracle of gated networks: a pre-activation ResNet written out as functions, gates as plain products."""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Tensors = Mapping[str, Tensor]


def logits(state: Tensors, blocks: int, x: Tensor, gates: Tensors | None = None) -> Tensor:
    """He et al.'s pre-activation bottleneck network on Network Slimming's names; each gated map is multiplied.

    Batch norm uses the running statistics that ``state`` holds, those of the batch where it holds none.
    """

    def active(name: str, z: Tensor) -> Tensor:
        mean, var = state.get(f"{name}.running_mean"), state.get(f"{name}.running_var")
        z = F.batch_norm(z, mean, var, state[f"{name}.weight"], state[f"{name}.bias"], training=mean is None)
        return F.relu(z if gates is None else gates[name].view(1, -1, 1, 1) * z)

    x = F.conv2d(x, state["conv1.weight"], padding=1)
    for stage in (1, 2, 3):
        for block in range(blocks):
            name = f"layer{stage}.{block}"
            stride = 2 if stage > 1 and block == 0 else 1
            y = F.conv2d(active(f"{name}.bn1", x), state[f"{name}.conv1.weight"])
            y = F.conv2d(active(f"{name}.bn2", y), state[f"{name}.conv2.weight"], stride=stride, padding=1)
            y = F.conv2d(active(f"{name}.bn3", y), state[f"{name}.conv3.weight"])
            shortcut = state.get(f"{name}.downsample.weight")
            x = y + (x if shortcut is None else F.conv2d(x, shortcut, stride=stride))
    return F.linear(active("bn", x).mean((2, 3)), state["fc.weight"], state["fc.bias"])


def scramble(network: nn.Module, seed: int = 0) -> None:
    """Random scales, shifts and statistics for every batch norm, so that no two channels are alike."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.weight.normal_(generator=generator)
                module.bias.normal_(generator=generator)
                if module.running_mean is not None and module.running_var is not None:
                    module.running_mean.normal_(generator=generator)
                    module.running_var.uniform_(0.5, 2, generator=generator)
