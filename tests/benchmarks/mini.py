"""The mini protocol's search on random images, for benchmarks that need no data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from searches import make_batch, make_search, takes

from algorithms import ALGORITHMS
from algorithms.search import Search
from harness.config.protocol import Protocol
from spaces import SPACES
from spaces.base import Batch, Space

ITERATIONS = 390
"""Whole batches of 64 in one half of CIFAR-10's 50,000 training images."""

SMALLEST = {"nats": 1, "darts": 3}
"""The fewest cells a space takes."""


@dataclass(frozen=True)
class Mini:
    """The mini protocol on ``space`` with ``cells`` cells and ``images`` images a batch (its own: 64)."""

    cells: int
    images: int
    space: str = "nats"

    @classmethod
    def of(cls, space: str, whole: bool) -> Mini:
        """The protocol's own size; only its shape, in a fraction of the time, where that is not ``whole``."""
        own = Protocol.load("mini", space).raw["options"]["cells"]
        return cls(own, 64, space) if whole else cls(SMALLEST[space], 8, space)

    @property
    def options(self) -> Any:
        """The supernet's size."""
        own = Protocol.load("mini", self.space).raw["options"]
        return SPACES[self.space].Options(**(own | {"cells": self.cells, "image_size": 16}))

    def search(self, algorithm: str, space: Space | None = None, **hyper: Any) -> Search:
        """A search with the protocol's hyperparameters."""
        image = {"classes": 10, "in_channels": 3}
        own = Protocol.load("mini", self.space).trial(algorithm, 0, image, "none").hyper.model_dump()
        return make_search(algorithm, space or SPACES[self.space](self.options), **(own | hyper))

    def algorithms(self) -> list[str]:
        """Every search by gradients that takes the space, but those whose iteration is another's (``+es``, ``+pt``)."""
        space = SPACES[self.space](self.options)
        plain = [name for name, cls in ALGORITHMS.items() if "+" not in name and issubclass(cls, Search)]
        return [name for name in plain if takes(name, space)]

    def batches(self) -> tuple[Batch, Batch]:
        """A batch of each half, images of 3 × 16 × 16."""
        return make_batch("train", self.images, 16), make_batch("val", self.images, 16)
