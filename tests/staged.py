"""Small P-DARTS searches for tests: their spaces, a random α, and steps at given shares of the budget."""

from __future__ import annotations

from typing import Any

import torch
from searches import make_batch, make_search

from algorithms.pdarts import PDarts
from spaces.base import CLOSED, Space
from spaces.darts import Darts, DartsOptions
from spaces.nats import Nats, NatsOptions

TRAIN, VAL = make_batch("train"), make_batch("val")


def nats(cells: int = 1) -> Nats:
    return Nats(NatsOptions(channels=2, cells=cells, image_size=8))


def darts(cells: int = 3) -> Darts:
    return Darts(DartsOptions(channels=2, cells=cells, image_size=8))


def pdarts(space: Space, **hyper: Any) -> PDarts:
    search = make_search("pdarts", space, **hyper)
    assert isinstance(search, PDarts)
    return search


def give(search: PDarts, seed: int) -> None:
    """A random α for the operations that are left."""
    drawn = torch.randn(search.alpha.flat.shape, generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        search.alpha.flat.copy_(torch.where(search.alpha.flat > CLOSED, drawn, CLOSED))


def steps(search: PDarts, *progress: float) -> None:
    for share in progress:
        search.progress = share
        search.step(TRAIN, VAL)
