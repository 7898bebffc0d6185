"""Batches of a resident data set: the endless stream a search trains on, and the ordered one for evaluation.

Every random number is drawn on the CPU, an epoch at a time, so that a CPU and a GPU see the same batches and no step
waits for the device.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from harness.data.augment import Augment
from results.errors import BadInput
from spaces.base import Batch


def generator(seed: int, name: str) -> torch.Generator:
    """A generator on the CPU for one purpose, its own function of (``seed``, ``name``).

    Two algorithms with one seed thus see the same batches, however many numbers either draws for another purpose.
    """
    digest = hashlib.sha256(f"{seed}:{name}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)


class _Normalise:
    """Maps uint8 images (B, C, H, W) to contiguous float32 (x / 255 - mean) / std on their device."""

    def __init__(self, mean: Sequence[float], std: Sequence[float], device: torch.device) -> None:
        self.mean = torch.tensor(mean, device=device).view(1, -1, 1, 1)
        # A channel that never varies is 0 once centred; it must not become 0 / 0.
        self.std = torch.tensor([s or 1.0 for s in std], device=device).view(1, -1, 1, 1)

    def __call__(self, images: Tensor) -> Tensor:
        return images.float().div_(255).sub_(self.mean).div_(self.std)


class Batches(Iterator[Batch]):
    """An endless iterator of augmented training batches; each epoch is a fresh permutation.

    ``x`` uint8 (N, C, H, H) and ``y`` int64 (N,) are one half of the data set, kept on ``device``. Batches hold ``x``
    float32 (batch_size, C, H, H), normalised by ``mean`` and ``std`` and contiguous, and ``y``; an epoch has
    ``steps_per_epoch`` = N // batch_size of them and drops the images left over. The two generators belong to the
    stream from here on. Raises BadInput where the half holds no whole batch.
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
    ) -> None:
        if not 1 <= batch_size <= len(y):
            raise BadInput(
                f"batch_size {batch_size} gives no whole batch of {len(y):,} {half} images; choose 1 to {len(y)}"
            )
        self.device = torch.device(device)
        self.x, self.y = x.to(self.device), y.to(self.device)
        self.batch_size, self.half, self.augment = batch_size, half, augment
        self.steps_per_epoch = len(y) // batch_size
        self._generators = {"order": generator_order, "augment": generator_augment}
        self._normalise = _Normalise(mean, std, self.device)
        self._draw_epoch()

    def _draw_epoch(self) -> None:
        """Draw the permutation and augmentation of one epoch, keeping the generators' states from before it."""
        self._states = {name: g.get_state() for name, g in self._generators.items()}
        count, size = len(self.y), self.x.shape[-1]
        self._order = torch.randperm(count, generator=self._generators["order"]).to(self.device)
        self._draws = self.augment.draw(count, size, self._generators["augment"]).to(self.device)
        self._position = 0

    def __next__(self) -> Batch:
        """The next batch; after an epoch's last comes the next epoch's first."""
        if self._position == self.steps_per_epoch:
            self._draw_epoch()
        places = slice(self._position * self.batch_size, (self._position + 1) * self.batch_size)
        self._position += 1
        chosen, draws = self._order[places], self._draws.select(places)
        images = self._normalise(self.augment.move(self.x[chosen], draws))
        return Batch(self.augment.cut(images, draws), self.y[chosen], self.half)

    def state_dict(self) -> dict[str, Any]:
        """The states of both generators before the current epoch, and the batches taken from it."""
        return {**{name: state.clone() for name, state in self._states.items()}, "position": self._position}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue where ``state`` was taken: the epoch is drawn again, so the stream goes on bit for bit."""
        for name, own in self._generators.items():
            own.set_state(state[name])
        self._draw_epoch()
        self._position = state["position"]


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
    normalise = _Normalise(mean, std, torch.device(device))
    for start in range(0, len(y), batch_size):
        places = slice(start, start + batch_size)
        yield Batch(normalise(x[places].to(device)), y[places].to(device), half)
