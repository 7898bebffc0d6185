"""Several processes for one training, by torch's DistributedDataParallel: started, joined, and heard here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.multiprocessing.spawn import spawn
from torch.nn.parallel import DistributedDataParallel

from harness.data import Shard


def together(module: nn.Module, shard: Shard) -> nn.Module:
    """The module whose gradients are the processes' mean, from the first one's weights; itself where there is one.

    Some edges of a found cell may lead nowhere; their parameters keep no gradient, as in one process.
    """
    return DistributedDataParallel(module, find_unused_parameters=True) if shard.world > 1 else module


def summed(total: Tensor, shard: Shard) -> Tensor:
    """``total`` over all processes, so that all judge alike whether it is finite."""
    if shard.world > 1:
        dist.all_reduce(total)
    return total


def draw_apart(shard: Shard, device: torch.device) -> None:
    """Give each process paths of its own to drop, by the first one's generator: its state is all to be kept."""
    if shard.world > 1:
        seed = torch.randint(2**62, (1,)).to(device)
        dist.broadcast(seed, 0)
        if shard.rank:
            torch.manual_seed(int(seed) + shard.rank)


@dataclass(frozen=True)
class Group:
    """Processes that meet in a file; each calls ``work(shard, say, tick, *arguments)``; it may raise ``expected``."""

    work: Callable[..., None]
    arguments: tuple[Any, ...]
    processes: int
    device: torch.device
    meeting: Path
    expected: type[Exception]


def train_on_several(group: Group, say: Callable[[str], None], tick: Callable[[int, int], None]) -> None:
    """Run the group to its end, gloo between its processes on the CPU, nccl on CUDA; hear what the first one says.

    Raises ``expected`` where all processes raised it alike, and torch's ProcessRaisedException, with the traceback,
    for any other failure of one, which ends the others.
    """
    group.meeting.unlink(missing_ok=True)  # of a group that was killed: nobody would be met there
    messages = get_context("spawn").SimpleQueue()
    running = spawn(_process, (group, messages), group.processes, join=False)  # type: ignore[no-untyped-call]
    heard: dict[str, Callable[..., None]] = {"say": say, "tick": tick}
    while not (running.join(timeout=0.2) and messages.empty()):
        while not messages.empty():
            kind, *content = messages.get()
            if kind == "raise":
                raise content[0]
            heard[kind](*content)
    group.meeting.unlink(missing_ok=True)  # torch's own removal is the last process's, and may not come to it


def _process(rank: int, group: Group, messages: Any) -> None:
    cuda = group.device.type == "cuda"
    if cuda:
        torch.cuda.set_device(rank)
    store = dist.FileStore(str(group.meeting), group.processes)  # type: ignore[attr-defined]
    dist.init_process_group("nccl" if cuda else "gloo", store=store, rank=rank, world_size=group.processes)

    def tell(*message: Any) -> None:
        if rank == 0:
            messages.put(message)

    try:
        group.work(Shard(rank, group.processes), partial(tell, "say"), partial(tell, "tick"), *group.arguments)
    except group.expected as error:
        tell("raise", error)
    dist.destroy_process_group()
