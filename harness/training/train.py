"""Training a stand-alone network from scratch: SGD, a schedule by epochs, one checkpoint an epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from algorithms.base import State
from harness.config.sections import Evaluation
from harness.data import Stream
from harness.execution.checkpoint import Checkpoint
from harness.training.distillation import Teacher
from harness.training.distributed import draw_apart, summed, together
from spaces.base import Batch

Tick = Callable[[int, int], None]


class Stateful(Protocol):
    """A part of a training that a checkpoint holds."""

    def state_dict(self) -> Mapping[str, object]:
        """Where it is."""

    def load_state_dict(self, state: State, /) -> object:
        """Continue where ``state`` was taken."""


class Diverged(RuntimeError):
    """The training's loss is no number any more."""


def train(
    network: nn.Module,
    stream: Stream,
    fields: Evaluation,
    epochs: int,
    *,
    teacher: Teacher | None = None,
    checkpoint: Checkpoint | None = None,
    say: Callable[[str], None] = print,
    tick: Tick = lambda epoch, epochs: None,
) -> None:
    """Train ``network`` in place for ``epochs``; resumes from ``checkpoint`` bit for bit. ``tick`` hears each epoch.

    A ``teacher`` has its share of the loss.

    Where the stream is one process's share, all processes of its group call this together: gradients are averaged, the
    first one's batch norm statistics hold, and it alone writes the checkpoint, in the format of a single process.
    Raises Diverged at the end of an epoch whose loss was not finite.
    """
    optimiser = _optimiser(network, fields)
    schedule = _schedule(optimiser, fields, epochs)
    parts: dict[str, Stateful] = {"network": network, "optimiser": optimiser, "schedule": schedule, "stream": stream}
    start = 0 if checkpoint is None else _resumed(checkpoint, parts, stream.device, say)
    shard = stream.shard
    step = together(Objective(network, fields, teacher), shard)
    for epoch in range(start, epochs):
        draw_apart(shard, stream.device)
        tick(epoch, epochs)
        network.train()
        if fields.drop_path:
            network.drop_path = fields.drop_path * epoch / epochs  # type: ignore[assignment]  # nn.Module's stub
        total = torch.zeros((), device=stream.device)
        for _ in range(stream.steps_per_epoch):
            loss = step(next(stream))
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            if fields.clip:
                nn.utils.clip_grad_norm_(network.parameters(), fields.clip)
            optimiser.step()
            total += loss.detach()
        schedule.step()
        if not summed(total, shard).isfinite():
            raise Diverged(f"the training loss is not finite in epoch {epoch + 1}")
        if checkpoint is not None and shard.rank == 0:
            state = {name: part.state_dict() for name, part in parts.items()}
            checkpoint.save(state | {"epoch": epoch + 1, "generators": _generators(stream.device)})


def _resumed(
    checkpoint: Checkpoint, parts: Mapping[str, Stateful], device: torch.device, say: Callable[[str], None]
) -> int:
    """Set the parts to where the checkpoint left them; returns the epochs done, 0 where there is no checkpoint."""
    if (state := checkpoint.load(say)) is None:
        return 0
    with checkpoint.taken():
        _set_generators(state["generators"], device)
        for name, part in parts.items():
            part.load_state_dict(state[name])
        return int(state["epoch"])


def _generators(device: torch.device) -> dict[str, Tensor]:
    """The states of torch's own generators, from which paths are dropped."""
    cuda = {"cuda": torch.cuda.get_rng_state(device)} if device.type == "cuda" else {}
    return {"cpu": torch.get_rng_state()} | cuda


def _set_generators(states: dict[str, Tensor], device: torch.device) -> None:
    """Continue with ``states``; a training that was begun on another kind of device has none for this one."""
    torch.set_rng_state(states["cpu"])
    if "cuda" in states and device.type == "cuda":
        torch.cuda.set_rng_state(states["cuda"], device)


class Objective(nn.Module):
    """A network as the module whose output is its loss on a batch: what DistributedDataParallel can wrap."""

    def __init__(self, network: nn.Module, fields: Evaluation, teacher: Teacher | None) -> None:
        super().__init__()
        self.network, self.fields, self.teacher = network, fields, teacher

    def forward(self, batch: Batch) -> Tensor:
        """The loss, a scalar."""
        return objective(self.network, batch, self.fields, self.teacher)


def objective(network: nn.Module, batch: Batch, fields: Evaluation, teacher: Teacher | None = None) -> Tensor:
    """Cross-entropy, shared with a teacher, and the auxiliary head's on top by its weight; ``amp``: in bfloat16."""
    x = batch.x.contiguous(memory_format=torch.channels_last) if fields.channels_last else batch.x
    with torch.autocast(x.device.type, torch.bfloat16, enabled=fields.amp):
        auxiliary: Tensor | None = None
        if fields.auxiliary:
            logits, auxiliary = network.forward_with_auxiliary(x)  # type: ignore[operator]  # nn.Module types it as a tensor
        else:
            logits = network(x)
        loss = F.cross_entropy(logits, batch.y, label_smoothing=fields.label_smoothing)
        if teacher is not None:
            loss = teacher.shared(loss, logits, x)
        if auxiliary is not None:
            loss = loss + fields.auxiliary * F.cross_entropy(auxiliary, batch.y, label_smoothing=fields.label_smoothing)
        return loss


def _optimiser(network: nn.Module, fields: Evaluation) -> torch.optim.Optimizer:
    return torch.optim.SGD(
        network.parameters(),
        lr=fields.lr,
        momentum=fields.momentum,
        nesterov=fields.nesterov,
        weight_decay=fields.weight_decay,
    )


def _schedule(
    optimiser: torch.optim.Optimizer, fields: Evaluation, epochs: int
) -> torch.optim.lr_scheduler.LRScheduler:
    if fields.schedule == "exponential":
        return torch.optim.lr_scheduler.ExponentialLR(optimiser, fields.gamma)
    return torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs)


@torch.no_grad()
def accuracies(network: nn.Module, batches: Iterable[Batch], tops: Sequence[int] = (1,)) -> list[float]:
    """Percent of images whose class is among the highest logits, for each number ``tops`` of them; evaluation mode."""
    network.eval()
    images, hits = 0, [0] * len(tops)
    for batch in batches:
        logits = network(batch.x)
        for i, top in enumerate(tops):
            best = logits.topk(min(top, logits.shape[1]), dim=1).indices
            hits[i] += int((best == batch.y.unsqueeze(1)).sum())
        images += len(batch.y)
    return [100 * hit / images for hit in hits]
