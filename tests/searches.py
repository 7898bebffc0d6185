"""Searches on small real supernets, for tests of several folders."""

from __future__ import annotations

import hashlib
from typing import Any

import torch

from algorithms import ALGORITHMS
from algorithms.base import Evaluated, Setting
from algorithms.search import Search
from results.errors import BadInput
from spaces.base import Batch, Space


def seeded(name: str) -> torch.Generator:
    """A generator by purpose."""
    return torch.Generator().manual_seed(int(hashlib.sha256(name.encode()).hexdigest()[:12], 16))


def no_evaluator(genotype: str) -> Evaluated:
    """Gradient searches ask nobody."""
    raise AssertionError(f"asked for {genotype}")


def make_search(algorithm: str, space: Space, **hyper: Any) -> Search:
    """A search of ``space`` on the CPU."""
    cls = ALGORITHMS[algorithm]
    search = cls(Setting(space, cls.Hyper(**hyper), seeded, torch.device("cpu"), no_evaluator)).search
    assert search is not None
    return search


def takes(algorithm: str, space: Space) -> bool:
    """Whether the algorithm searches ``space``."""
    cls = ALGORITHMS[algorithm]
    try:
        cls.check(space, cls.Hyper())
    except BadInput:
        return False
    return True


def make_batch(half: str, count: int = 8, size: int = 8) -> Batch:
    """Random images with random labels, its own for each half."""
    generator = seeded(half)
    x = torch.randn(count, 3, size, size, generator=generator, dtype=torch.get_default_dtype())
    return Batch(x, torch.randint(10, (count,), generator=generator), half)
