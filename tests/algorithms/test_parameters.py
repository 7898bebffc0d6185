"""A set of parameters looks ahead to where its optimiser would go."""

from __future__ import annotations

import torch

from algorithms.hyper import Hyper
from algorithms.optimisers import weight_optimiser
from algorithms.parameters import Parameters


def made(nesterov: bool) -> Parameters:
    return Parameters({"w": torch.ones(7)}, weight_optimiser(Hyper(lr=0.1, nesterov=nesterov, weight_decay=0.01)))


def test_ahead_is_the_next_step_of_plain_momentum_unclipped(double: None) -> None:
    """Under Nesterov too, where the real step goes elsewhere: DARTS's and NATS-Bench's code do not look ahead by it."""
    plain, nesterov = made(False), made(True)
    for step in range(3):
        gradient = torch.randn(7)
        with torch.no_grad():
            plain.flat.copy_(nesterov.flat)  # their buffers are equal anyway
        aheads = [moved.ahead(gradient, moved.lr) for moved in (plain, nesterov)]
        for moved in (plain, nesterov):
            moved.descend(gradient)
        assert all(torch.allclose(ahead, plain.flat, atol=1e-12) for ahead in aheads)
        assert step == 0 or not torch.allclose(nesterov.flat, plain.flat, atol=1e-3)
