"""How good a found architecture is: a table's answer, or training from scratch under the protocol."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import torch
from torch import nn

from algorithms.base import Evaluated
from harness.config.sections import Environment
from harness.config.trial import Job, TrialConfig
from harness.data import ALONE, DATASETS, Shard, StreamedDataset, evaluation_batches, split, streamed_evaluation
from harness.execution.checkpoint import Checkpoint
from harness.measuring.device import prepare
from harness.measuring.latency import latency_columns
from harness.measuring.record import device_columns
from harness.training.distributed import Group, train_on_several
from harness.training.stand_alone import (
    AnyDataset,
    evaluation_data,
    fresh_network,
    own_generators,
    save_network,
    stand_alone_space,
    training_stream,
    with_auxiliary,
)
from harness.training.task import Task
from harness.training.train import Diverged, Tick, accuracies, train
from results.errors import BadInput
from spaces.base import Score, Space
from spaces.contracts import Tabular, need
from spaces.counting import multiply_adds, parameters

SHORT = 12
"""Epochs behind a table's cheap validation accuracy, the only figure a search without gradients may read."""


def table_columns(space: Space, genotype: str, dataset: str) -> dict[str, object]:
    """Record columns from the space's table. Raises BadInput where there is none."""
    score = _score(space, genotype, dataset)
    return {
        "test_error": 100 - score.test_accuracy,
        "val_error": 100 - score.val_accuracy,
        "rank": score.rank,
        "percentile_in_space": score.percentile,
        "regret": score.regret,
        "regret_noise": score.noise,
        "params": score.params,
        "flops": score.flops,
        "latency_ms": score.latency_ms,
        "latency_source": "" if math.isnan(score.latency_ms) else score.source,
    }


def table_error(space: Space, genotype: str, dataset: str) -> float:
    """The table's test error (percent). Raises BadInput where there is none."""
    return 100 - _score(space, genotype, dataset).test_accuracy


def _score(space: Space, genotype: str, dataset: str) -> Score:
    score = need(space, Tabular, "--evaluate table").score(genotype, dataset)
    if score is None:
        raise _no_table(space)
    return score


def from_training(
    task: Task,
    genotype: str,
    dataset: str,
    folder: Path,
    say: Callable[[str], None],
    tick: Tick,
    keep: Path | None = None,
) -> dict[str, object]:
    """Record columns after training ``genotype`` on all training images of ``dataset``; test accuracy at the end only.

    Resumable: its checkpoints lie in the trial's ``folder`` until the record is written. The trained network goes to
    ``keep``, where given. Raises harness.training.train.Diverged.
    """
    fields = task.config.settings.evaluation
    data = evaluation_data(task, dataset)
    space = stand_alone_space(task, data)
    checkpoint = Checkpoint(folder, f"evaluation-{dataset}")
    if fields.processes == 1:
        network = _trained(task, genotype, data, ALONE, checkpoint, say, tick)
    else:
        network = _network(task, genotype, data)
        work = (task.config, task.environment, genotype, dataset, checkpoint)
        meeting = folder / f"evaluation-{dataset}.meeting"
        train_on_several(Group(_train_share, work, fields.processes, task.device, meeting, Diverged), say, tick)
        network.load_state_dict((checkpoint.load(say) or {})["network"])
    if keep is not None:
        save_network(network, genotype, space, keep)
    return test_columns(task, network, data) | costs(task, space, genotype, network)


def _network(task: Task, genotype: str, data: AnyDataset) -> nn.Module:
    fields = task.config.settings.evaluation
    space = with_auxiliary(stand_alone_space(task, data), fields.auxiliary)
    network = fresh_network(space, genotype, fields.seed, task.device)
    return network.to(memory_format=torch.channels_last) if fields.channels_last else network


def _trained(
    task: Task,
    genotype: str,
    data: AnyDataset,
    shard: Shard,
    checkpoint: Checkpoint,
    say: Callable[[str], None],
    tick: Tick,
) -> nn.Module:
    fields = task.config.settings.evaluation
    with own_generators(fields.seed, task.device):
        network = _network(task, genotype, data)
        stream = training_stream(task, data, fields.seed, shard)
        train(network, stream, fields, fields.epochs, checkpoint=checkpoint, say=say, tick=tick)
    return network


def _train_share(
    shard: Shard,
    say: Callable[[str], None],
    tick: Tick,
    config: Job,
    environment: Environment,
    genotype: str,
    dataset: str,
    checkpoint: Checkpoint,
) -> None:
    """One process's part of a training: the same network and the same batches, of which it takes its slices."""
    own: dict[str, object] = {"threads": max(1, environment.threads // shard.world)}
    if environment.device == "cuda":
        own["device"] = f"cuda:{shard.rank}"
    task = Task(config, environment.model_copy(update=own))
    torch.set_num_threads(task.environment.threads)
    prepare(task.device)
    _trained(task, genotype, evaluation_data(task, dataset), shard, checkpoint, say, tick)


def test_columns(task: Task, network: nn.Module, data: AnyDataset | None = None) -> dict[str, object]:
    """Test error of a trained network on ``data``, by default what was searched on: the part that no search saw."""
    data, settings = data if data is not None else task.data, task.config.settings
    reported, size = torch.arange(len(data.test_y)), settings.evaluation.batch_size
    if data.name == settings.dataset:
        reported = split(data, settings.split, settings.split_seed).report_part
    if isinstance(data, StreamedDataset):
        batches = streamed_evaluation(data, reported, size, task.device, task.environment.threads)
    else:
        x, y = data.test_x[reported], data.test_y[reported]
        batches = evaluation_batches(x, y, size, data.mean, data.std, task.device)
    tops = {"test_error": 1} | ({"test_top5_error": 5} if DATASETS.named(data.name).top5 else {})
    found = accuracies(network, batches, list(tops.values()))
    return {name: 100 - percent for name, percent in zip(tops, found, strict=True)}


def as_found(task: Task, genotype: str, dataset: str) -> dict[str, object]:
    """Record columns without training: size and latency, which its weights do not change, on the searched data set.

    No other data set need be here.
    """
    if dataset != task.config.settings.dataset:
        return {}
    space = stand_alone_space(task, evaluation_data(task, dataset))
    network = fresh_network(space, genotype, task.config.settings.evaluation.seed, task.device)
    return costs(task, space, genotype, network)


def costs(task: Task, space: Space, genotype: str, network: nn.Module) -> dict[str, object]:
    """Parameters, multiply-adds and latency of ``genotype``'s stand-alone ``network``."""
    latency = latency_columns(network, space, genotype, task.environment)
    return {**counts(space, genotype), **latency}


def counts(space: Space, genotype: str) -> dict[str, int]:
    """Parameters and multiply-adds of the stand-alone network."""
    o = space.options
    network = space.build(genotype)
    shape = (o.in_channels, o.image_size, o.image_size)
    return {"params": parameters(network), "flops": multiply_adds(network, shape)}


def measured(task: Task, genotype: str) -> dict[str, float | None]:
    """What was measured of a cell on each device that the job names, by the record's column."""
    latencies, devices = task.latencies, task.config.devices
    return {} if latencies is None else device_columns(latencies, devices, genotype)


def evaluator(task: Task, evaluation: str) -> Callable[[str], Evaluated]:
    """What a search without gradients asks for a genotype's validation accuracy: the table's, else a short training.

    A table without validation accuracies is not asked: what it has is what the search is judged by.
    """
    if evaluation == "table" and need(task.space, Tabular, "--evaluate table").validates:
        return _table_evaluator(task)
    return _training_evaluator(task)


def _table_evaluator(task: Task) -> Callable[[str], Evaluated]:
    dataset = task.config.settings.dataset
    space = need(task.space, Tabular, "--evaluate table")
    timed = isinstance(task.config, TrialConfig) and task.config.budget.kind == "seconds"

    def evaluate(genotype: str) -> Evaluated:
        if dataset not in space.table_datasets:
            # Another data set's accuracies would steer the search, and its record would name this one.
            raise BadInput(f"the table has no accuracies on {dataset}, which is searched: use --evaluate train")
        score = space.score(genotype, dataset, SHORT)
        if score is None:
            raise _no_table(space)
        if timed and score.cost_seconds is None:
            raise BadInput("the table does not know what a training costs, so no budget of seconds ends: use macs=N")
        seconds = math.nan if score.cost_seconds is None else score.cost_seconds
        costs = {"params": score.params, "flops": score.flops} | measured(task, genotype)
        return Evaluated(score.val_accuracy, space.training_macs(genotype, dataset, SHORT), seconds, costs)

    return evaluate


def _training_evaluator(task: Task) -> Callable[[str], Evaluated]:
    fields = task.config.settings.evaluation

    def evaluate(genotype: str) -> Evaluated:
        space = stand_alone_space(task, task.data)
        network = fresh_network(with_auxiliary(space, fields.auxiliary), genotype, fields.seed, task.device)
        x, y = task.half("train")
        stream = task.batches(x, y, task.data, fields.batch_size, task.seeded, f"short.{genotype}")
        # One that diverges is as bad as its network then is; the search goes on.
        with own_generators(fields.seed, task.device), suppress(Diverged):
            train(network, stream, fields, fields.short_epochs)
        val_x, val_y = task.half("val")
        held_out = evaluation_batches(
            val_x, val_y, fields.batch_size, task.data.mean, task.data.std, task.device, half="val"
        )
        images = fields.short_epochs * stream.steps_per_epoch * fields.batch_size
        costs = counts(space, genotype)
        # A forward and a full backward are three forwards' multiply-adds; then one forward over D_v.
        macs = costs["flops"] * (3 * images + len(val_y))
        return Evaluated(accuracies(network, held_out)[0], macs, 0.0, costs | measured(task, genotype))

    return evaluate


def _no_table(space: Space) -> BadInput:
    return BadInput(f"the space {space.name} has no table here: use --evaluate train")
