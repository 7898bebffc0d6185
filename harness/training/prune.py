"""From a search's own network to the slim one: statistics estimated, channels cut, fine-tuned, tested."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import nn

from algorithms.search import Search
from harness.data import Dataset, evaluation_batches, generator
from harness.execution.checkpoint import Checkpoint
from harness.measuring.latency import latency_columns, network_latency, shares
from harness.training.distillation import Teacher
from harness.training.evaluate import test_columns
from harness.training.stand_alone import own_generators, training_stream
from harness.training.task import Task
from harness.training.train import Tick, train
from spaces.base import Space
from spaces.contracts import WidthSpace, need
from spaces.counting import multiply_adds, parameters
from spaces.gated_layers import estimate_statistics
from spaces.gates import kept_zeros, zero_share


def from_pruning(
    task: Task, search: Search, genotype: str, folder: Path, say: Callable[[str], None], tick: Tick
) -> dict[str, object]:
    """Record columns of ``genotype`` cut from the network that ``search`` reports, on the data that were searched.

    Everything before fine-tuning is a function of the search's state, which its checkpoint holds; the fine-tuning, on
    all training images, has checkpoints of its own in ``folder``. An algorithm that does not prune is not fine-tuned.
    Raises harness.training.train.Diverged.
    """
    fields, space, data = task.config.settings.evaluation, task.space, task.data
    full = searched_network(task, search)
    estimate_statistics(full, _statistics_batches(task, data))
    slim = space.build(genotype, full)
    columns = size_columns(task, genotype, full, slim) | gate_columns(space, search, genotype, say)
    columns |= {
        "test_error_unpruned": test_columns(task, full)["test_error"],
        "test_error_before": test_columns(task, slim)["test_error"],
    }
    if search.prunes:
        with own_generators(fields.seed, task.device):
            stream = training_stream(task, data, fields.seed)
            checkpoint = Checkpoint(folder, f"evaluation-{data.name}")
            teacher = teacher_of(task, search)
            train(slim, stream, fields, fields.epochs, teacher=teacher, checkpoint=checkpoint, say=say, tick=tick)
    return columns | test_columns(task, slim)


def gate_columns(space: Space, search: Search, genotype: str, say: Callable[[str], None]) -> dict[str, object]:
    """The PRC asked for, and the share of gates at exactly zero before the cut: None where every gate is still 1.

    Says so where the PRC leaves some of them: a channel kept at a gate of 0 has γ = β = 0 before a ReLU, so that its
    gradient is exactly 0 in the fine-tuning.
    """
    gated = need(space, WidthSpace, "pruning")
    gates, asked = search.gates(), gated.options.prc if search.prunes else None
    learnt = any(bool((gate != 1).any()) for gate in gates.values())
    zeros = zero_share(gates) if learnt else None
    if zeros and asked is not None and (stuck := kept_zeros(gates, gated.parse(genotype))):
        say(
            f"{100 * zeros:.1f} % of the gates are exactly 0 before a cut of {100 * asked:g} %: {stuck} channels stay "
            f"at a gate of 0, which fine-tuning cannot revive; lower space.l1 (now {gated.options.l1:g})"
        )
    return {"prc_asked": asked, "zero_gates": zeros}


def searched_network(task: Task, search: Search) -> nn.Module:
    """The whole network at the weights that ``search`` reports, its gates folded in, without statistics."""
    weights = {name: w.detach() for name, w in search.reported.views().items()}
    return need(task.space, WidthSpace, "pruning").full(weights, search.gates()).to(task.device)


def teacher_of(task: Task, search: Search) -> Teacher | None:
    """The whole network that ``search`` has for a teacher, if any, all gates at one and its statistics estimated."""
    lesson = search.lesson()
    if lesson is None:
        return None
    gates = {name: gate.to(task.device) for name, gate in task.space.alphas(torch.Generator()).items()}
    network = need(task.space, WidthSpace, "pruning").full(
        {name: w.detach() for name, w in lesson.teacher.views().items()}, gates
    )
    estimate_statistics(network, _statistics_batches(task, task.data))
    return Teacher(network, lesson.share, lesson.temperature)


def size_columns(task: Task, genotype: str, full: nn.Module, slim: nn.Module) -> dict[str, object]:
    """Parameters, multiply-adds and latency of the slim network and of the whole one."""
    o, environment = task.config.options, task.environment
    shape = (o.in_channels, o.image_size, o.image_size)
    whole = None if shares(environment) else network_latency(full, shape, task.device, environment.threads)[0]
    return {
        "params": parameters(slim),
        "params_full": parameters(full),
        "flops": multiply_adds(slim, shape),
        "flops_full": multiply_adds(full, shape),
        "latency_full_ms": whole,
        **latency_columns(slim, task.space, genotype, environment),
    }


def _statistics_batches(task: Task, data: Dataset) -> Iterator[torch.Tensor]:
    """All training images, unaugmented, in whole batches of the search's size.

    In an order drawn once: files sorted by class would make batches whose variance is that of one class.
    """
    size = task.config.settings.batch_size
    order = torch.randperm(len(data.train_y), generator=generator(task.config.settings.evaluation.seed, "statistics"))
    order = order[: len(order) // size * size]
    batches = evaluation_batches(data.train_x[order], data.train_y[order], size, data.mean, data.std, task.device)
    return (batch.x for batch in batches)
