"""A small training that one process or several in step can do, its network free of batch norm and dropped paths."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

from harness.config.sections import Evaluation
from harness.data import Augment, Batches, Shard, generator
from harness.execution.checkpoint import Checkpoint
from harness.training.train import train

FIELDS = Evaluation(epochs=3, batch_size=8, lr=0.05, clip=5.0, weight_decay=1e-3)


def plain_network() -> nn.Module:
    """Two convolutions and a classifier of images (3, 8, 8), and a parameter that leads nowhere."""
    torch.manual_seed(0)
    features = [nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 8, 3, stride=2), nn.ReLU(), nn.Flatten()]
    network = nn.Sequential(*features, nn.Linear(72, 4))
    network.register_parameter("idle", nn.Parameter(torch.ones(3)))
    return network


def train_plainly(
    shard: Shard, say: Callable[[str], None], tick: Callable[[int, int], None], folder: Path, lr: float
) -> None:
    """Three epochs of five batches of eight, checkpointed in ``folder``."""
    torch.set_num_threads(1)
    pixels = torch.Generator().manual_seed(1)
    x = torch.randint(256, (44, 3, 8, 8), generator=pixels, dtype=torch.uint8)
    y = torch.randint(4, (44,), generator=pixels)
    order, augment = generator(0, "order"), generator(0, "augment")
    spread = (0.5,) * 3
    stream = Batches(x, y, 8, order, augment, Augment(crop=1, flip=True, cutout=2), spread, spread, shard=shard)
    fields = FIELDS.model_copy(update={"lr": lr})
    train(plain_network(), stream, fields, fields.epochs, checkpoint=Checkpoint(folder), say=say, tick=tick)
