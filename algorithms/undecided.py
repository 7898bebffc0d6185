"""How far weights are from a choice: 1 where nothing is decided, 0 where everything is."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import torch
from torch import Tensor


def among_choices(weights: Mapping[str, Tensor], allowed: Mapping[str, Tensor]) -> float:
    """Mean entropy over edges of weights (…, operations) that sum to 1, over its maximum, ln of how many are allowed.

    ``allowed``, shaped as ``weights``, is False where an edge cannot have an operation; an edge that can have but one
    is left out. So are weights of edges (E,), which some searches learn as well: they choose no operation.
    """
    rows = []
    for name, w in _of_operations(weights):
        most = allowed[name].sum(-1).log().to(w)
        rows.append((torch.special.entr(w).sum(-1) / most)[most > 0])
    return float(torch.cat(rows).mean())


def of_gates(gates: Mapping[str, Tensor], allowed: Mapping[str, Tensor]) -> float:
    """Mean entropy of independent gates in [0, 1], (…, operations), over its maximum, ln 2: each is open or closed.

    ``allowed``, shaped as ``gates``, is False where an edge cannot have an operation: there is no gate.
    """
    entropies = [
        (torch.special.entr(g) + torch.special.entr(1 - g))[allowed[name].to(g.device)]
        for name, g in _of_operations(gates)
    ]
    return float(torch.cat(entropies).mean()) / math.log(2)


def _of_operations(weights: Mapping[str, Tensor]) -> Iterable[tuple[str, Tensor]]:
    return ((name, w) for name, w in weights.items() if w.dim() > 1)
