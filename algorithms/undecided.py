"""How far weights are from a choice: 1 where nothing is decided, 0 where everything is."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import torch
from torch import Tensor


def among_choices(weights: Mapping[str, Tensor]) -> float:
    """Mean entropy over edges of weights (…, operations) that sum to 1, over its maximum, ln of their number.

    Weights of edges (E,), which some searches learn as well, choose no operation and are left out.
    """
    rows = [torch.xlogy(w, w).sum(-1).flatten() / -math.log(w.shape[-1]) for w in _of_operations(weights)]
    return float(torch.cat(rows).mean())


def of_gates(gates: Mapping[str, Tensor]) -> float:
    """Mean entropy of independent gates in [0, 1], (…, operations), over its maximum, ln 2: each is open or closed."""
    entropies = [torch.special.entr(g) + torch.special.entr(1 - g) for g in _of_operations(gates)]
    return float(torch.cat([entropy.flatten() for entropy in entropies]).mean()) / math.log(2)


def _of_operations(weights: Mapping[str, Tensor]) -> Iterable[Tensor]:
    return (w for w in weights.values() if w.dim() > 1)
