"""A set of parameters looks ahead to where its optimiser would go."""

from __future__ import annotations

import pytest
import torch

from algorithms.hyper import Hyper
from algorithms.optimisers import weight_optimiser
from algorithms.parameters import Parameters


@pytest.mark.parametrize("nesterov", [False, True])
def test_ahead_is_the_next_step_of_the_optimiser_unclipped(double: None, nesterov: bool) -> None:
    moved = Parameters({"w": torch.randn(7)}, weight_optimiser(Hyper(lr=0.1, nesterov=nesterov, weight_decay=0.01)))
    for _ in range(3):
        gradient = torch.randn(7)
        ahead = moved.ahead(gradient, moved.lr)
        moved.descend(gradient)
        assert torch.allclose(ahead, moved.flat, atol=1e-12)
