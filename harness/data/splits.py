"""Which images train w, which train α, and which are left to report on: frozen indices, apart from a run's seed."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from typing import Literal, Protocol

import numpy as np
import torch
from torch import Tensor

from harness.data import DATASETS
from harness.data.batches import generator
from results.errors import BadInput
from results.lookup import lookup

Part = Literal["train", "test"]

LISTED = (50_000, 10_000)
"""Training and test images of the CIFAR sets that NATS-Bench's fixed lists index."""


class Labelled(Protocol):
    """What of a data set a split depends on: its name, and how many images each part has."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def train_y(self) -> Tensor:
        """Labels of the training images."""

    @property
    def test_y(self) -> Tensor:
        """Labels of the test images."""


@dataclass(frozen=True)
class Split:
    """Index tensors, int64 on the CPU: ``train`` (for w) into the training images, ``val`` (for α) into ``val_part``.

    ``report_part`` indexes the test images that the search never sees; only they may be reported on. An epoch is one
    pass of ``train``; ``val``'s stream is drawn again where it is the smaller, as NATS-Bench does.
    """

    train: Tensor
    val: Tensor
    report_part: Tensor
    kind: str
    description: str
    val_part: Part = "train"

    @property
    def n_train(self) -> int:
        """Images that train w."""
        return len(self.train)

    @property
    def n_val(self) -> int:
        """Images that train α."""
        return len(self.val)


def split(dataset: Labelled, kind: str, split_seed: int, limit: int | None = None) -> Split:
    """The split ``kind`` of ``dataset``, a function of ``split_seed`` alone.

    ``limit`` keeps only the first so many images of each half, after shuffling. Raises BadInput where the kind is
    unknown, or a half is empty or smaller than ``limit``.
    """
    full = lookup("split", kind, SPLITS)(dataset, generator(split_seed, "split"))
    smaller = min(full.n_train, full.n_val)
    if smaller < 1:
        raise BadInput(f"{dataset.name} has too few images for the split {kind!r}; use a larger data set")
    if limit is None:
        return full
    if not 1 <= limit <= smaller:
        raise BadInput(
            f"the split's limit is {limit}, but a half of {dataset.name} has {smaller:,}; choose 1 to {smaller}"
        )
    description = f"{full.description}; limited to {limit:,} images of each half"
    return Split(full.train[:limit], full.val[:limit], full.report_part, kind, description, full.val_part)


def _halves(dataset: Labelled, random: torch.Generator) -> Split:
    order = torch.randperm(len(dataset.train_y), generator=random)
    half = len(order) // 2
    train, val = order[:half], order[half:]
    description = f"training images in random halves: {len(train):,} for w, {len(val):,} for alpha"
    return Split(train, val, torch.arange(len(dataset.test_y)), "halves", description)


def _nats(dataset: Labelled, random: torch.Generator) -> Split:
    """NATS-Bench's protocol (Dong et al., 2021), by the data set's own rule; made-up data have the default one."""
    if dataset.name not in DATASETS:
        return random_test_halves(dataset, random)
    return DATASETS[dataset.name]().nats_split(dataset, random)


def fixed_training_halves(dataset: Labelled, which: str, random: torch.Generator) -> Split:
    """The training images of NATS-Bench's list ``which`` for w, its counterpart for α: its "valid" protocol.

    Raises BadInput where ``dataset`` is a sample of the set that the list is of.
    """
    train, val = (_shuffled(images, random) for images in _fixed(dataset, which))
    protocol = f"NATS-Bench's {dataset.name}-valid protocol, its fixed lists"
    description = f"{protocol}: {len(train):,} for w, {len(val):,} for alpha"
    return Split(train, val, torch.arange(len(dataset.test_y)), "nats", description)


def fixed_test_halves(dataset: Labelled, which: str, random: torch.Generator) -> Split:
    """All training images for w; the test images of NATS-Bench's list ``which`` for α, its counterpart to report on.

    Raises BadInput where ``dataset`` is a sample of the set that the list is of.
    """
    val, report = _fixed(dataset, which)
    train = torch.randperm(len(dataset.train_y), generator=random)
    return _test_halves(dataset, train, _shuffled(val, random), report, "NATS-Bench's protocol, its fixed lists")


def random_test_halves(dataset: Labelled, random: torch.Generator) -> Split:
    """NATS-Bench's protocol for a set of which it has no list: the test images in random halves."""
    train, test = (torch.randperm(len(y), generator=random) for y in (dataset.train_y, dataset.test_y))
    half = len(test) // 2
    return _test_halves(dataset, train, test[:half], test[half:], "NATS-Bench's protocol")


def _test_halves(dataset: Labelled, train: Tensor, val: Tensor, report: Tensor, protocol: str) -> Split:
    description = (
        f"{protocol}: all {len(train):,} training images for w, {len(val):,} of the {len(dataset.test_y):,} "
        f"test images for alpha, the other {len(report):,} to report on"
    )
    return Split(train, val, report, "nats", description, "test")


def _fixed(dataset: Labelled, which: str) -> tuple[Tensor, Tensor]:
    """The images of the list ``which`` and those of its counterpart, ascending. Raises BadInput for a sample."""
    here = len(dataset.train_y), len(dataset.test_y)
    if here != LISTED:
        raise BadInput(
            f"NATS-Bench's fixed lists are of all {LISTED[0]:,} + {LISTED[1]:,} images of {dataset.name}, and here are "
            f"{here[0]:,} + {here[1]:,}: use --split halves"
        )
    lists = json.loads(resources.files("harness.data").joinpath("nats_splits.json").read_text(encoding="utf-8"))
    listed = torch.from_numpy(np.unpackbits(np.frombuffer(base64.b64decode(lists[which]), dtype=np.uint8)))
    return listed.nonzero().flatten(), (listed == 0).nonzero().flatten()


def _shuffled(images: Tensor, random: torch.Generator) -> Tensor:
    return images[torch.randperm(len(images), generator=random)]


def _all(dataset: Labelled, random: torch.Generator) -> Split:
    everything = torch.randperm(len(dataset.train_y), generator=random)
    description = f"single level: w and alpha both train on all {len(everything):,} training images"
    return Split(everything, everything, torch.arange(len(dataset.test_y)), "all", description)


SPLITS: dict[str, Callable[[Labelled, torch.Generator], Split]] = {"halves": _halves, "nats": _nats, "all": _all}
