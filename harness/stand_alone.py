"""Networks that stand alone: how a found architecture is built, seeded, fed and kept for its training from scratch."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor, nn

from harness.data import Batches, Dataset, generator
from harness.task import Task
from results.atomic import replacing
from results.errors import BadInput
from spaces import SPACES
from spaces.base import Space


def stand_alone_space(task: Task, data: Dataset) -> Space:
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


def fresh_network(space: Space, genotype: str, seed: int, device: torch.device) -> nn.Module:
    """The stand-alone network, initialised by its own generator."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(generator(seed, "eval.init").initial_seed())
        return space.build(genotype).to(device)


def evaluation_data(task: Task, dataset: str) -> Dataset:
    """``dataset`` at the evaluation's image size: the very data that were searched where nothing differs."""
    settings = task.config.settings
    size = settings.evaluation.image_size or settings.image_size
    same = dataset == settings.dataset and size == settings.image_size
    return task.data if same else task.load(dataset, size)


def training_stream(task: Task, data: Dataset, x: Tensor, y: Tensor, seed: int) -> Batches:
    """The evaluation's endless batches, with its own augmentation where it has one."""
    settings = task.config.settings
    fields, searched = settings.evaluation, settings.augmentation
    augmentation = searched.model_copy(
        update={name: v for name in ("crop", "cutout") if (v := getattr(fields, name)) is not None}
    )
    return task.batches(
        x, y, data, fields.batch_size, lambda name: generator(seed, f"eval.{name}"), "all", augmentation
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
    with replacing(path) as temporary:
        torch.save(plain | {"state_dict": weights}, temporary)


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
    except (OSError, RuntimeError, EOFError, KeyError, TypeError, ValueError, pickle.UnpicklingError) as error:
        reason = (str(error).splitlines() or ["unreadable"])[0][:100]
        raise BadInput(
            f"{path} holds no trained network ({reason}); give a RUN/trials/TRIAL/network.pt that `evaluate` left"
        ) from None
    o = space.options
    return network.eval(), (o.in_channels, o.image_size, o.image_size), str(kept["genotype"])
