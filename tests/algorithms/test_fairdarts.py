"""FairDARTS: independent gates, and a loss that is largest where they are undecided."""

from __future__ import annotations

import pytest
import torch
from searches import make_batch, make_search

from algorithms.fairdarts import FairDarts
from spaces.base import Alpha, Genotype
from spaces.nats import Nats, NatsOptions

SMALL = NatsOptions(channels=2, cells=1, image_size=8)


def fairdarts(space: Nats | None = None, **hyper: object) -> FairDarts:
    search = make_search("fairdarts", space or Nats(SMALL), **hyper)
    assert isinstance(search, FairDarts)
    return search


def zero_one(alpha: torch.Tensor) -> torch.Tensor:
    """Eq. 8, written out."""
    return -((torch.sigmoid(alpha) - 0.5) ** 2).mean()


def test_zero_one_term_is_largest_at_a_half_and_pushes_every_gate_away_from_it(double: None) -> None:
    search = fairdarts()
    alpha = torch.linspace(-6, 6, 30)
    with torch.no_grad():
        search.alpha.flat.copy_(alpha)
    leaf = alpha.clone().requires_grad_()
    (expected,) = torch.autograd.grad(zero_one(leaf), leaf)
    assert torch.allclose(search.grad_zero_one(), expected, atol=1e-15)
    assert zero_one(torch.zeros(30)) == 0 > zero_one(alpha)
    # Descent moves α the way it already leans.
    assert torch.equal(torch.sign(-search.grad_zero_one()), torch.sign(alpha))
    with torch.no_grad():
        search.alpha.flat.zero_()
    assert not search.grad_zero_one().any()


def test_alphas_gradient_is_that_of_the_whole_loss(double: None) -> None:
    search, val = fairdarts(w01=3.0), make_batch("val")
    with torch.no_grad():
        search.alpha.flat.copy_(torch.randn(30, generator=torch.Generator().manual_seed(7)))
    leaf = search.alpha.flat.detach().requires_grad_()
    loss = search.passes.loss(search.w.flat.detach(), leaf, val)[0] + 3.0 * zero_one(leaf)
    (expected,) = torch.autograd.grad(loss, leaf)
    assert torch.allclose(search.outer_gradient(make_batch("train"), val), expected, atol=1e-12)


def test_operations_do_not_compete() -> None:
    search = fairdarts()
    gates = search.relax({"cell": torch.full((6, 5), 4.0)}).weights["cell"]
    assert torch.allclose(gates, torch.full((6, 5), 0.982), atol=1e-3)


def test_zero_one_loss_decides_the_gates() -> None:
    undecided = {}
    for w01 in (0.0, 10.0):
        search = fairdarts(w01=w01, arch_lr=0.1, arch_weight_decay=0.0)
        for _ in range(30):
            search.step(make_batch("train"), make_batch("val"))
        undecided[w01] = float((torch.sigmoid(search.alpha.flat.detach()) - 0.5).abs().mean())
    assert undecided[10.0] > undecided[0.0]


def test_genotype_asks_the_space_for_the_gates_above_the_threshold() -> None:
    class Free(Nats):
        """NATS with FairDARTS's freedom: an edge without a gate above the bound is none."""

        def threshold(self, gates: Alpha, bound: float) -> Genotype:
            kept = gates["cell"].clone()
            kept[:, 0] = bound
            return self.discretise({"cell": kept})

    alpha = torch.full((6, 5), -3.0)
    alpha[0, 3], alpha[1, 1], alpha[2, 2] = 2.0, 1.7, 1.75  # σ: 0.881, 0.846, 0.852
    search = fairdarts(Free(SMALL))
    with torch.no_grad():
        search.alpha.flat.copy_(alpha.flatten())
    assert search.genotype() == "|nor_conv_3x3~0|+|none~0|nor_conv_1x1~1|+|none~0|none~1|none~2|"
    plain = fairdarts()
    plain.load_state_dict(search.state_dict())
    assert plain.genotype().startswith("|nor_conv_3x3~0|+|skip_connect~0|nor_conv_1x1~1|")


@pytest.mark.parametrize("order", ["alpha_first", "weights_first"])
def test_a_step_costs_what_darts1s_costs(order: str) -> None:
    ours, darts = fairdarts(update_order=order), make_search("darts1", Nats(SMALL), update_order=order)
    for search in (ours, darts):
        search.step(make_batch("train"), make_batch("val"))
    assert ours.counts == darts.counts
