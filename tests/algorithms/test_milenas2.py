"""Second-order MiLeNAS against differentiation through the unrolled step, and against its relatives."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from searches import make_batch, make_search
from torch import Tensor
from torch.func import functional_call

from algorithms.milenas import MileNas2
from algorithms.search import Search
from spaces.base import Batch
from spaces.bilevel import Bilevel
from spaces.nats import Nats, NatsOptions

SMALL = NatsOptions(channels=2, cells=1, image_size=8)
LAM = 0.7


def moved(name: str, **hyper: object) -> Search:
    """A search at an α far from uniform and with momentum in its buffer."""
    search = make_search(name, Nats(SMALL), **hyper)
    search.step(make_batch("train"), make_batch("val"))
    with torch.no_grad():
        search.alpha.flat.copy_(torch.randn(30, generator=torch.Generator().manual_seed(7)))
    return search


def loss_at(search: Search, w: Tensor, alpha: Tensor, half: str) -> Tensor:
    """Cross-entropy written out."""
    batch, network = make_batch(half), search.space.supernet()
    pieces = torch.split(w, [p.numel() for _, p in network.named_parameters()])
    tensors = {n: piece.view(p.shape) for piece, (n, p) in zip(pieces, network.named_parameters(), strict=True)}
    return F.cross_entropy(
        functional_call(network, tensors, (batch.x, search.space.relax({"cell": alpha.view(6, 5)}))), batch.y
    )


def test_exact_gradient_equals_differentiation_through_the_unrolled_step(double: None) -> None:
    search = moved("milenas2", hvp="exact", lam=LAM)
    w, alpha = (p.flat.detach().clone().requires_grad_() for p in (search.w, search.alpha))
    buffer = search.w.optimiser.state[search.w.flat]["momentum_buffer"]
    (slope,) = torch.autograd.grad(loss_at(search, w, alpha, "train"), w, create_graph=True)
    w_ahead = w - search.w.lr * (search.hyper.momentum * buffer + slope + search.hyper.weight_decay * w)
    mixed = loss_at(search, w_ahead, alpha, "train") + LAM * loss_at(search, w_ahead, alpha, "val")
    (brute,) = torch.autograd.grad(mixed, alpha)
    assert isinstance(search, MileNas2)
    ours = search.outer_gradient(make_batch("train"), make_batch("val"))
    assert (ours - brute).abs().max() / brute.abs().max() < 1e-6


def test_without_look_ahead_it_is_first_order_milenas(double: None) -> None:
    second, first = moved("milenas2", xi=0.0, lam=LAM), moved("milenas", lam=LAM)
    for search in (second, first):
        with torch.no_grad():
            search.w.flat.copy_(0.1 * torch.randn(len(search.w.flat), generator=torch.Generator().manual_seed(3)))
        search.w.optimiser.state.clear()
        search.alpha.optimiser.state.clear()
        search.w.descend(torch.ones_like(search.w.flat))
    # ξ = 0 leaves momentum and decay out too: w' is w.
    train, val = make_batch("train"), make_batch("val")
    expected = first.grad_alpha(first.w, train) + LAM * first.grad_alpha(first.w, val)
    assert isinstance(second, MileNas2)
    assert torch.allclose(second.outer_gradient(train, val), expected, atol=1e-12)


def test_step_costs_what_its_docstring_says() -> None:
    search = make_search("milenas2", Nats(SMALL))
    search.step(make_batch("train"), make_batch("val"))
    counts = search.counts
    assert (counts.forwards, counts.weight_backwards, counts.alpha_backwards) == (6, 4, 2)


@pytest.mark.parametrize("xi", [0.1, 0.25])
def test_solvable_model_ends_at_its_own_fixed_point(double: None, xi: float) -> None:
    # L_t + L_v at w' = w − 2ξ (w − α), where w = α at rest: w' = w, and L_t's two derivatives vanish. What is left of
    # L_v is ∂_α + 2ξ ∂_w = (w − 2) + 2ξ α = 0, so that α = 2 / (1 + 2ξ), as second-order DARTS.
    plain = {
        "lr": 0.05, "lr_min": 0.05, "momentum": 0.0, "weight_decay": 0.0, "clip": 0.0,
        "arch_optimiser": "sgd", "arch_lr": 0.05, "arch_weight_decay": 0.0,
    }  # fmt: skip
    search = make_search("milenas2", Bilevel(), xi=xi, hvp="exact", **plain)
    nothing = torch.zeros(1, 1)
    for _ in range(600):
        search.step(Batch(nothing, nothing, "train"), Batch(nothing, nothing, "val"))
    assert [search.alpha.flat.item(), search.w.flat.item()] == pytest.approx([2 / (1 + 2 * xi)] * 2, abs=1e-6)
