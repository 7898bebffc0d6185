"""The mini protocol's search on random images, for benchmarks that need no data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from searches import make_batch, make_search

from algorithms.search import Search
from harness.protocol import Protocol
from spaces.base import Batch
from spaces.nats import Nats, NatsOptions

ITERATIONS = 390
"""Whole batches of 64 in one half of CIFAR-10's 50,000 training images."""


@dataclass(frozen=True)
class Mini:
    """The mini protocol with ``cells`` cells a stage (its own: 5) and ``images`` images a batch (its own: 64)."""

    cells: int
    images: int

    @property
    def options(self) -> NatsOptions:
        """The supernet's size."""
        return NatsOptions(channels=4, cells=self.cells, image_size=16)

    def search(self, algorithm: str, space: Nats | None = None, **hyper: Any) -> Search:
        """A search with the protocol's hyperparameters."""
        own = Protocol.load("mini", "nats").trial(algorithm, 0, {}, "none").hyper.model_dump()
        return make_search(algorithm, space or Nats(self.options), **(own | hyper))

    def batches(self) -> tuple[Batch, Batch]:
        """A batch of each half, images of 3 × 16 × 16."""
        return make_batch("train", self.images, 16), make_batch("val", self.images, 16)
