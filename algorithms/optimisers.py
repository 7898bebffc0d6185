"""The optimisers that hyperparameters name: SGD for weights, Adam or SGD for α."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from torch import Tensor
from torch.optim import SGD, Adam, Optimizer

from algorithms.hyper import Hyper

Make = Callable[[list[Tensor]], Optimizer]


def weight_optimiser(h: Hyper) -> Make:
    """SGD with momentum and L2 decay."""
    return partial(SGD, lr=h.lr, momentum=h.momentum, nesterov=h.nesterov, weight_decay=h.weight_decay)


def alpha_optimiser(h: Hyper) -> Make:
    """Adam or plain descent; decay inside Adam is L2, not decoupled, as in every DARTS code base."""
    if h.arch_optimiser == "sgd":
        return partial(SGD, lr=h.arch_lr, weight_decay=h.arch_weight_decay)
    return partial(Adam, lr=h.arch_lr, betas=(h.arch_beta1, h.arch_beta2), weight_decay=h.arch_weight_decay)
