"""Batches of a resident data set: the endless stream a search trains on, and the ordered one for evaluation.

Every random number is drawn on the CPU, an epoch at a time, so that a CPU and a GPU see the same batches and no step
waits for the device.
"""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from algorithms.base import State
from harness.data.augment import Augment
from results.errors import BadInput
from spaces.base import Batch


def generator(seed: int, name: str) -> torch.Generator:
    """A generator on the CPU for one purpose, its own function of (``seed``, ``name``).

    Two algorithms with one seed thus see the same batches, however many numbers either draws for another purpose.
    """
    digest = hashlib.sha256(f"{seed}:{name}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)


class Shard(NamedTuple):
    """Which of the processes that train one network together this is: each takes an equal slice of every batch."""

    rank: int = 0
    world: int = 1


ALONE = Shard()
"""The one process of an ordinary training, which takes every batch whole."""


class Normalise:
    """Maps uint8 images (B, C, H, W) to contiguous float32 (x / 255 - mean) / std on their device."""

    def __init__(self, mean: Sequence[float], std: Sequence[float], device: torch.device) -> None:
        self.mean = torch.tensor(mean, device=device).view(1, -1, 1, 1)
        # A channel that never varies is 0 once centred; it must not become 0 / 0.
        self.std = torch.tensor([s or 1.0 for s in std], device=device).view(1, -1, 1, 1)

    def __call__(self, images: Tensor) -> Tensor:
        """The images normalised."""
        return images.float().div_(255).sub_(self.mean).div_(self.std)


class Stream(Iterator[Batch]):
    """An endless iterator of training batches; each epoch is a fresh permutation of ``count`` images.

    An epoch has ``steps_per_epoch`` = count // batch_size batches and drops the images left over; of each batch only
    ``shard``'s slice is made. The two generators belong to the stream from here on. Raises BadInput where there is no
    whole batch, or where ``batch_size`` is no multiple of the processes.
    """

    def __init__(
        self,
        count: int,
        batch_size: int,
        generator_order: torch.Generator,
        generator_augment: torch.Generator,
        device: torch.device | str,
        half: str,
        shard: Shard,
    ) -> None:
        if not 1 <= batch_size <= count:
            raise BadInput(
                f"batch_size {batch_size} gives no whole batch of {count:,} {half} images; choose 1 to {count}"
            )
        if batch_size % shard.world:
            raise BadInput(f"batch_size {batch_size} is no multiple of {shard.world} processes")
        self.device, self.half, self.shard = torch.device(device), half, shard
        self.count, self.batch_size, self.steps_per_epoch = count, batch_size, count // batch_size
        self._generators = {"order": generator_order, "augment": generator_augment}
        self._begin_epoch()

    def _begin_epoch(self) -> None:
        """Draw one epoch's permutation and augmentation, keeping the generators' states from before it."""
        self._states = {name: g.get_state() for name, g in self._generators.items()}
        self._position = 0
        self._draw(torch.randperm(self.count, generator=self._generators["order"]), self._generators["augment"])

    @abstractmethod
    def _draw(self, order: Tensor, generator: torch.Generator) -> None:
        """Keep the epoch's ``order`` of the images and draw their augmentation."""

    @abstractmethod
    def _make(self, position: int) -> Batch:
        """The shard's slice of the epoch's batch number ``position``."""

    def _places(self, position: int) -> slice:
        """Where the epoch's order holds the shard's slice of batch number ``position``."""
        share = self.batch_size // self.shard.world
        start = position * self.batch_size + self.shard.rank * share
        return slice(start, start + share)

    def __next__(self) -> Batch:
        """The next batch; after an epoch's last comes the next epoch's first."""
        if self._position == self.steps_per_epoch:
            self._begin_epoch()
        self._position += 1
        return self._make(self._position - 1)

    def state_dict(self) -> State:
        """The states of both generators before the current epoch, and the batches taken from it."""
        return {**{name: state.clone() for name, state in self._states.items()}, "position": self._position}

    def load_state_dict(self, state: State) -> None:
        """Continue where ``state`` was taken: the epoch is drawn again, so the stream goes on bit for bit."""
        for name, own in self._generators.items():
            own.set_state(state[name])
        self._begin_epoch()
        self._position = state["position"]


class Batches(Stream):
    """The stream of augmented batches of resident images.

    ``x`` uint8 (N, C, H, H) and ``y`` int64 (N,) are one half of the data set, kept on ``device``. Batches hold ``x``
    float32 (batch_size, C, H, H), normalised by ``mean`` and ``std`` and contiguous, and ``y``.
    """

    def __init__(
        self,
        x: Tensor,
        y: Tensor,
        batch_size: int,
        generator_order: torch.Generator,
        generator_augment: torch.Generator,
        augment: Augment,
        mean: Sequence[float],
        std: Sequence[float],
        device: torch.device | str = "cpu",
        half: str = "train",
        shard: Shard = ALONE,
    ) -> None:
        self.x, self.y, self.augment = x.to(device), y.to(device), augment
        self._normalise = Normalise(mean, std, torch.device(device))
        super().__init__(len(y), batch_size, generator_order, generator_augment, device, half, shard)

    def _draw(self, order: Tensor, generator: torch.Generator) -> None:
        self._order = order.to(self.device)
        self._draws = self.augment.draw(self.count, self.x.shape[-1], generator).to(self.device)

    def _make(self, position: int) -> Batch:
        places = self._places(position)
        chosen, draws = self._order[places], self._draws.select(places)
        images = self._normalise(self.augment.move(self.x[chosen], draws))
        return Batch(self.augment.cut(images, draws), self.y[chosen], self.half)


def evaluation_batches(
    x: Tensor,
    y: Tensor,
    batch_size: int,
    mean: Sequence[float],
    std: Sequence[float],
    device: torch.device | str = "cpu",
    half: str = "test",
) -> Iterator[Batch]:
    """All images in order and unaugmented, normalised as in ``Batches``; the last batch may be smaller.

    Raises BadInput where ``batch_size`` < 1.
    """
    if batch_size < 1:
        raise BadInput(f"the evaluation's batch_size is {batch_size}; it must be at least 1")
    normalise = Normalise(mean, std, torch.device(device))
    for start in range(0, len(y), batch_size):
        places = slice(start, start + batch_size)
        yield Batch(normalise(x[places].to(device)), y[places].to(device), half)
