"""Networks that stand alone: how a found architecture is built, seeded, fed and kept for its training from scratch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import nn

from harness.config.sections import Evaluation, Settings
from harness.data import (
    ALONE,
    DATASETS,
    Dataset,
    Shard,
    Stream,
    StreamedBatches,
    StreamedDataset,
    generator,
)
from harness.execution.checkpoint import UNREADABLE
from harness.training.task import Task
from results.atomic import replacing
from results.errors import BadInput
from spaces import SPACES
from spaces.base import Space
from spaces.contracts import DropsPaths, offers

AnyDataset = Dataset | StreamedDataset
"""What a network is trained and tested on: resident, or read as it goes."""


def stand_alone_space(task: Task, data: AnyDataset) -> Space:
    """The space at the evaluation's size, where its networks have one, for ``data``'s classes and channels."""
    fields, options = task.config.settings.evaluation, task.config.options
    sizes = {
        "channels": fields.channels,
        "cells": fields.cells,
        "classes": data.classes,
        "in_channels": data.channels,
        "image_size": data.image_size,
    }
    sizes = {name: size for name, size in sizes.items() if name in type(options).model_fields}
    return SPACES[task.config.space](type(options).model_validate(options.model_dump() | sizes))


def with_auxiliary(space: Space, weight: float) -> Space:
    """The space whose networks have an auxiliary head, where its loss has a weight. Raises BadInput if it has none."""
    if not weight:
        return space
    if "auxiliary" not in type(space.options).model_fields:
        raise BadInput(f"the space {space.name} has no auxiliary head: set evaluation.auxiliary=0")
    return type(space)(space.options.model_copy(update={"auxiliary": True}))


def check_network(space: Space, fields: Evaluation) -> None:
    """Raise BadInput where a training asks for what the space's networks do not have."""
    with_auxiliary(space, fields.auxiliary)
    if fields.drop_path and not offers(space, DropsPaths):
        raise BadInput(f"the networks of the space {space.name} drop no paths: set evaluation.drop_path=0")


def fresh_network(space: Space, genotype: str, seed: int, device: torch.device) -> nn.Module:
    """The stand-alone network, initialised by its own generator."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(generator(seed, "eval.init").initial_seed())
        return space.build(genotype).to(device)


def evaluation_data(task: Task, dataset: str) -> AnyDataset:
    """``dataset`` at the evaluation's image size: streamed as asked, or the very data searched if nothing differs."""
    settings = task.config.settings
    size = settings.evaluation.image_size or settings.image_size
    if settings.evaluation.stream:
        return task.stream_files(dataset, size)
    same = dataset == settings.dataset and size == settings.image_size
    return task.data if same else task.load(dataset, size)


def check_stream(settings: Settings, datasets: Sequence[str]) -> None:
    """Raise BadInput for what a streamed training does not have: other data sets' files, another augmentation."""
    fields = settings.evaluation
    if not fields.stream:
        return
    if other := [name for name in datasets if not DATASETS.named(name)().streamed]:
        can = ", ".join(name for name, source in DATASETS.items() if source().streamed)
        raise BadInput(f"evaluation.stream reads {can}, not {other[0]}: set evaluation.stream=false")
    if fields.crop or (settings.augmentation.cutout if fields.cutout is None else fields.cutout):
        raise BadInput("evaluation.stream takes random resized crops alone: set evaluation.crop=0, evaluation.cutout=0")


def training_stream(task: Task, data: AnyDataset, seed: int, shard: Shard = ALONE) -> Stream:
    """The evaluation's endless batches of all training images, with its own augmentation where it has one."""
    settings = task.config.settings
    fields, searched = settings.evaluation, settings.augmentation
    if isinstance(data, StreamedDataset):
        order, augment = generator(seed, "eval.order.all"), generator(seed, "eval.augment.all")
        threads = task.environment.threads
        return StreamedBatches(data, fields.batch_size, order, augment, searched.flip, task.device, threads, shard)
    augmentation = searched.model_copy(
        update={name: v for name in ("crop", "cutout") if (v := getattr(fields, name)) is not None}
    )
    x, y = data.train_x, data.train_y
    return task.batches(
        x, y, data, fields.batch_size, lambda name: generator(seed, f"eval.{name}"), "all", augmentation, shard
    )


@contextmanager
def own_generators(seed: int, device: torch.device) -> Iterator[None]:
    """Torch's own generators seeded for one training, and put back as they were."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(generator(seed, "eval.paths").initial_seed())
        yield


def save_network(network: nn.Module, genotype: str, space: Space, path: Path) -> None:
    """The trained weights, without an auxiliary head, and what rebuilds their network; read by ``load_network``."""
    kept = space.build(genotype).state_dict().keys()
    weights = {name: tensor for name, tensor in network.state_dict().items() if name in kept}
    plain = {"space": space.name, "options": space.options.model_dump(mode="json"), "genotype": genotype}
    with replacing(path) as temporary, temporary.open("wb") as file:
        torch.save(plain | {"state_dict": weights}, file)


def load_network(path: Path) -> tuple[nn.Module, tuple[int, int, int], str]:
    """A trained network in evaluation mode on the CPU, its images' shape (channels, height, width), its genotype.

    Raises BadInput where ``path`` holds no network that was saved by a training of this harness.
    """
    try:
        kept = torch.load(path, map_location="cpu", weights_only=True)
        cls = SPACES[kept["space"]]
        space = cls(cls.Options.model_validate(kept["options"]))
        network = space.build(kept["genotype"])
        network.load_state_dict(kept["state_dict"])
    except UNREADABLE as error:
        reason = (str(error).splitlines() or ["unreadable"])[0][:100]
        raise BadInput(
            f"{path} holds no trained network ({reason}); give a RUN/trials/TRIAL/network.pt that `evaluate` left"
        ) from None
    o = space.options
    return network.eval(), (o.in_channels, o.image_size, o.image_size), str(kept["genotype"])
