"""What the merged supernet, its pooling and the flat vectors gain over the plain forms they replace."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from benchmarks.interleaved import ratios
from benchmarks.mini import Mini
from plain_supernet import PlainSupernet
from torch import Tensor, nn

from algorithms.parameters import Parameters
from spaces.nats import Nats
from spaces.nats_supernet import Supernet
from spaces.pooling import avg_pool_3x3

LAM = 1.0


class PlainNats(Nats):
    """The space with every operation run on its own."""

    def supernet(self, role: str = "w") -> nn.Module:
        merged = super().supernet(role)
        assert isinstance(merged, Supernet)
        return PlainSupernet(merged)


def test_merged_supernet_against_plain(benchmark: Any, mini: Mini) -> None:
    train, val = mini.batches()
    spaces = {"merged": Nats(mini.options), "plain": PlainNats(mini.options)}
    steps = {name: partial(mini.search("darts1", space).step, train, val) for name, space in spaces.items()}
    ratios(benchmark, steps, "merged", {"plain": "at least 1.3"}, rounds=20)


def test_channels_last_against_default(benchmark: Any, mini: Mini) -> None:
    batch, _ = mini.batches()
    space = Nats(mini.options)
    mix = space.relax(space.alphas(torch.Generator()))

    def pass_of(memory_format: torch.memory_format) -> Callable[[], tuple[Tensor, ...]]:
        network = space.supernet().to(memory_format=memory_format)
        x = batch.x.contiguous(memory_format=memory_format)
        weights = list(network.parameters())
        return lambda: torch.autograd.grad(F.cross_entropy(network(x, mix), batch.y), weights)

    passes = {"default": pass_of(torch.contiguous_format), "channels_last": pass_of(torch.channels_last)}
    ratios(benchmark, passes, "default", {}, rounds=20)


@pytest.mark.parametrize(("channels", "side"), [(4, 16), (8, 8), (16, 4)])
def test_pooling_by_matrices_against_torchs_kernel(benchmark: Any, channels: int, side: int) -> None:
    x = torch.randn(64, channels, side, side, requires_grad=True)
    slope = torch.randn(64, channels, side, side)
    kernel = partial(F.avg_pool2d, kernel_size=3, stride=1, padding=1, count_include_pad=False)

    def there_and_back(pool: Callable[[Tensor], Tensor]) -> None:
        torch.autograd.grad(pool(x), x, slope)

    contestants = {"matrices": partial(there_and_back, avg_pool_3x3), "kernel": partial(there_and_back, kernel)}
    ratios(benchmark, contestants, "matrices", {}, rounds=20, inner=20)


def test_flat_vectors_against_a_list_of_tensors(benchmark: Any, mini: Mini) -> None:
    """RARTS's coupled, clipped step of w: gradient + λ (w − y), on one vector or on foreach lists of tensors."""
    search = mini.search("rarts")
    w, y = search.networks().values()
    gradient = torch.randn_like(w.flat)
    parts = {"w": w.views(), "y": y.views(), "gradient": w.views(gradient)}
    lists = {name: [t.detach().clone() for t in views.values()] for name, views in parts.items()}
    group = w.optimiser.param_groups[0]
    kept = {name: group[name] for name in ("lr", "momentum", "weight_decay")}
    optimiser = torch.optim.SGD([t.requires_grad_() for t in lists["w"]], foreach=True, **kept)

    def step_flat(w: Parameters, y: Parameters) -> None:
        w.descend(gradient + LAM * (w - y))

    @torch.no_grad()
    def step_lists() -> None:
        slopes = torch._foreach_add(lists["gradient"], torch._foreach_sub(lists["w"], lists["y"]), alpha=LAM)
        for tensor, slope in zip(lists["w"], slopes, strict=True):
            tensor.grad = slope
        torch.nn.utils.clip_grad_norm_(lists["w"], w.clip, foreach=True)
        optimiser.step()

    ratios(benchmark, {"flat": partial(step_flat, w, y), "lists": step_lists}, "flat", {}, rounds=20, inner=10)
