"""Which images train w, which train α, and which are left to report on: frozen indices, apart from a run's seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

import torch
from torch import Tensor

from harness.data.batches import generator
from results.errors import BadInput
from results.lookup import lookup

Part = Literal["train", "test"]


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

    ``report_part`` indexes the test images that the search never sees; only they may be reported on.
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
    """NATS-Bench's protocol (Dong et al., 2021): CIFAR-10 halves its training images, other sets their test images."""
    if dataset.name == "cifar10":
        halves = _halves(dataset, random)
        description = f"NATS-Bench's cifar10-valid protocol, {halves.description}"
        return Split(halves.train, halves.val, halves.report_part, "nats", description)
    train = torch.randperm(len(dataset.train_y), generator=random)
    test = torch.randperm(len(dataset.test_y), generator=random)
    half = len(test) // 2
    val, report = test[:half], test[half:]
    description = (
        f"NATS-Bench's protocol: all {len(train):,} training images for w, {len(val):,} of the {len(test):,} "
        f"test images for alpha, the other {len(report):,} to report on"
    )
    return Split(train, val, report, "nats", description, "test")


def _all(dataset: Labelled, random: torch.Generator) -> Split:
    everything = torch.randperm(len(dataset.train_y), generator=random)
    description = f"single level: w and alpha both train on all {len(everything):,} training images"
    return Split(everything, everything, torch.arange(len(dataset.test_y)), "all", description)


SPLITS: dict[str, Callable[[Labelled, torch.Generator], Split]] = {"halves": _halves, "nats": _nats, "all": _all}
