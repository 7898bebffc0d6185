"""Training a stand-alone network from scratch: SGD, cosine to zero, one checkpoint an epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from harness.checkpoint import Checkpoint
from harness.config import Evaluation
from harness.data import Batches
from spaces.base import Batch

Tick = Callable[[int, int], None]


def train(
    network: nn.Module,
    stream: Batches,
    fields: Evaluation,
    epochs: int,
    *,
    checkpoint: Checkpoint | None = None,
    say: Callable[[str], None] = print,
    tick: Tick = lambda epoch, epochs: None,
) -> None:
    """Train ``network`` in place for ``epochs``; resumes from ``checkpoint`` bit for bit. ``tick`` hears each epoch."""
    optimiser = torch.optim.SGD(
        network.parameters(),
        lr=fields.lr,
        momentum=fields.momentum,
        nesterov=fields.nesterov,
        weight_decay=fields.weight_decay,
    )
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs)
    parts: dict[str, Any] = {"network": network, "optimiser": optimiser, "schedule": schedule, "stream": stream}
    start = 0
    if checkpoint is not None and (state := checkpoint.load(say)) is not None:
        start = state.pop("epoch")
        for name, part in parts.items():
            part.load_state_dict(state[name])
    for epoch in range(start, epochs):
        tick(epoch, epochs)
        network.train()
        for _ in range(stream.steps_per_epoch):
            batch = next(stream)
            optimiser.zero_grad(set_to_none=True)
            F.cross_entropy(network(batch.x), batch.y).backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
            optimiser.step()
        schedule.step()
        if checkpoint is not None:
            checkpoint.save({name: part.state_dict() for name, part in parts.items()} | {"epoch": epoch + 1})


@torch.no_grad()
def accuracy(network: nn.Module, batches: Iterable[Batch]) -> float:
    """Percent of images classified right, in evaluation mode."""
    network.eval()
    images = hits = 0
    for batch in batches:
        hits += int((network(batch.x).argmax(1) == batch.y).sum())
        images += len(batch.y)
    return 100 * hits / images
