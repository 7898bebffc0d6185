"""What the merged DARTS supernet gains over the plain form: a pass with its gradients to α and w, by width."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from benchmarks.interleaved import ratios
from plain_darts_supernet import PlainSupernet
from torch import Tensor, nn

from spaces.base import Mix
from spaces.darts_graph import CELLS
from spaces.darts_supernet import Supernet


@pytest.mark.parametrize("channels", [4, 8, 16])
def test_merged_darts_supernet_against_plain(benchmark: Any, channels: int) -> None:
    """Eight cells on 64 images of 16 × 16, one thread."""
    cells, images = (8, 64) if benchmark.enabled else (3, 4)
    merged = Supernet(channels, cells)
    alpha = {kind: torch.zeros(14, 8, requires_grad=True) for kind in CELLS}
    x, y = torch.randn(images, 3, 16, 16), torch.randint(10, (images,))

    def pass_of(network: nn.Module) -> Callable[[], tuple[Tensor, ...]]:
        weights = list(network.parameters())

        def run() -> tuple[Tensor, ...]:
            mix = Mix({kind: torch.softmax(a, -1) for kind, a in alpha.items()})
            return torch.autograd.grad(F.cross_entropy(network(x, mix), y), [*alpha.values(), *weights])

        return run

    passes = {"merged": pass_of(merged), "plain": pass_of(PlainSupernet(merged, 4))}
    ratios(benchmark, passes, "merged", {"plain": "at least 2"}, rounds=7)
