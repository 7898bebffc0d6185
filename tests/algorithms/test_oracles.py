"""The searches on real supernets against slow direct computation and against each other."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from searches import make_batch, make_search
from torch import Tensor
from torch.func import functional_call
from torch.utils.flop_counter import FlopCounterMode

from algorithms.darts import Darts2
from algorithms.rarts import Rarts
from algorithms.search import Search
from spaces.nats import Nats, NatsOptions

SMALL = NatsOptions(channels=2, cells=1, image_size=8)


def moved(search: Search, alpha_scale: float = 1.0) -> Search:
    """The search at an α far from uniform and with momentum in its buffer."""
    search.step(make_batch("train"), make_batch("val"))
    with torch.no_grad():
        search.alpha.flat.copy_(alpha_scale * torch.randn(30, generator=torch.Generator().manual_seed(7)))
    return search


def loss_at(search: Search, w: Tensor, alpha: Tensor, half: str) -> Tensor:
    """Cross-entropy written out: no mix cache, no detach, nothing of algorithms/passes.py."""
    batch = make_batch(half)
    mix = search.space.relax({"cell": alpha.view(6, 5)})
    network = search.space.supernet()
    pieces = torch.split(w, [p.numel() for _, p in network.named_parameters()])
    tensors = {n: piece.view(p.shape) for piece, (n, p) in zip(pieces, network.named_parameters(), strict=True)}
    return F.cross_entropy(functional_call(network, tensors, (batch.x, mix)), batch.y)


def test_exact_darts2_equals_differentiation_through_the_unrolled_step(double: None) -> None:
    search = moved(make_search("darts2", Nats(SMALL), hvp="exact"))
    w, alpha = (p.flat.detach().clone().requires_grad_() for p in (search.w, search.alpha))
    h, xi = search.hyper, search.w.lr
    buffer = search.w.optimiser.state[search.w.flat]["momentum_buffer"]
    (slope,) = torch.autograd.grad(loss_at(search, w, alpha, "train"), w, create_graph=True)
    w_ahead = w - xi * (h.momentum * buffer + slope + h.weight_decay * w)
    (brute,) = torch.autograd.grad(loss_at(search, w_ahead, alpha, "val"), alpha)
    assert isinstance(search, Darts2)
    ours = search.outer_gradient(make_batch("train"), make_batch("val"))
    assert (ours - brute).abs().max() / brute.abs().max() < 1e-6


def test_finite_difference_converges_quadratically_where_the_network_is_smooth(
    double: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spaces.nats_supernet.serves", lambda x: False)  # its formulas are those of ReLU
    monkeypatch.setattr(F, "relu", F.softplus)
    monkeypatch.setattr(torch.nn.ReLU, "forward", lambda self, x: F.softplus(x))
    exact, approximate = {}, {}
    for epsilon in (1e-2, 1e-3, 1e-4):
        search = moved(make_search("darts2", Nats(SMALL), epsilon=epsilon))
        assert isinstance(search, Darts2)
        v = search.grad_w(search.w, make_batch("val"))
        approximate[epsilon] = search.mixed_product(v, make_batch("train"))
        exact = search.passes.mixed_product(search.w.flat, search.alpha.flat, make_batch("train"), v)
    errors = [float((approximate[e] - exact).norm() / exact.norm()) for e in (1e-2, 1e-3, 1e-4)]
    assert 80 < errors[0] / errors[1] < 120
    assert 80 < errors[1] / errors[2] < 120


def test_the_products_guard_against_a_vanishing_vector(double: None) -> None:
    search = moved(make_search("darts2", Nats(SMALL)))
    assert isinstance(search, Darts2)
    product = search.mixed_product(torch.zeros_like(search.w.flat), make_batch("train"))
    assert torch.equal(product, torch.zeros(30))


def test_rarts_with_y_replaced_by_w_is_milenas(double: None, monkeypatch: pytest.MonkeyPatch) -> None:
    rarts, milenas = (moved(make_search(name, Nats(SMALL))) for name in ("rarts", "milenas"))
    assert isinstance(rarts, Rarts)
    for search in (rarts, milenas):  # one common state
        with torch.no_grad():
            search.w.flat.copy_(0.1 * torch.randn(len(search.w.flat), generator=torch.Generator().manual_seed(3)))
        search.w.optimiser.state.clear()
        search.alpha.optimiser.state.clear()

    def follow(_: Tensor | None = None) -> None:
        """In place of y's own step: y = w, so that λ (w − y) is zero in each of w's."""
        rarts.y.flat.detach().copy_(rarts.w.flat.detach())

    follow()
    monkeypatch.setattr(rarts.y, "descend", follow)
    for _ in range(3):
        rarts.step(make_batch("train"), make_batch("val"))
        milenas.step(make_batch("train"), make_batch("val"))
    assert torch.equal(rarts.w.flat, milenas.w.flat)
    assert torch.allclose(rarts.alpha.flat, milenas.alpha.flat, atol=1e-14)


def test_without_coupling_and_with_alpha_frozen_the_networks_are_independent(double: None) -> None:
    coupled = {"lam": 0.0, "arch_lr": 0.0}
    first, second = (make_search("rarts", Nats(SMALL), **coupled) for _ in range(2))
    with torch.no_grad():
        second.y.flat.add_(0.1)  # type: ignore[attr-defined]
    for _ in range(3):
        first.step(make_batch("train"), make_batch("val"))
        second.step(make_batch("train"), make_batch("val"))
    assert torch.equal(first.w.flat, second.w.flat)
    assert not torch.equal(first.y.flat, second.y.flat)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("algorithm", "hyper", "passes"),
    [
        ("darts1", {}, (2, 1, 1)),
        ("milenas", {}, (3, 1, 2)),
        ("rarts", {}, (4, 2, 2)),
        ("rarts", {"update_order": "jacobi"}, (2, 2, 0)),
        ("darts2", {}, (5, 3, 2)),
    ],
)
def test_passes_are_those_of_the_papers_cost_table(algorithm: str, hyper: dict[str, str], passes: tuple[int]) -> None:
    search = make_search(algorithm, Nats(SMALL), **hyper)
    search.step(make_batch("train"), make_batch("val"))
    counts = search.counts
    assert (counts.forwards, counts.weight_backwards, counts.alpha_backwards) == passes


def test_alpha_is_in_no_weight_update_and_weights_are_in_no_alpha_update() -> None:
    search = make_search("darts1", Nats(SMALL))
    tensors = [search.w.optimiser.param_groups, search.alpha.optimiser.param_groups]
    assert [[p.numel() for g in groups for p in g["params"]] for groups in tensors][1] == [30]
    assert len(search.w.flat) == sum(p.numel() for p in Nats(SMALL).supernet().parameters())


def test_alpha_passes_run_no_weight_gradient_kernel() -> None:
    search = make_search("darts1", Nats(SMALL))
    with torch.profiler.profile() as profile:
        search.grad_alpha(search.w, make_batch("val"))
    shapes = [event for event in profile.key_averages() if event.key == "aten::convolution_backward"]
    search.grad_w(search.w, make_batch("val"))
    macs_w = search.counts.macs
    search.counts.macs = 0
    search.grad_alpha(search.w, make_batch("val"))
    # A backward to α skips the weight gradient of each convolution, a third of a full pass, and the stem's input.
    assert shapes
    assert search.counts.macs < 0.75 * macs_w


def test_clipping_bounds_the_step_and_leaves_alpha_alone() -> None:
    search = make_search(
        "darts1", Nats(SMALL), momentum=0.0, weight_decay=0.0, arch_optimiser="sgd", arch_weight_decay=0
    )
    before = search.w.flat.detach().clone()
    search.w.descend(1e6 * torch.ones_like(before))
    assert float((search.w.flat.detach() - before).norm()) == pytest.approx(5 * search.w.lr, rel=1e-3)
    alpha = search.alpha.flat.detach().clone()
    search.alpha.descend(1e6 * torch.ones_like(alpha))
    assert torch.allclose(alpha - search.alpha.flat, torch.full((30,), 1e6 * search.alpha.lr))


def test_learning_rate_equals_torchs_cosine_schedule() -> None:
    search = make_search("rarts", Nats(SMALL))
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimiser = torch.optim.SGD([parameter], lr=0.025)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, 10, eta_min=0.001)
    for epoch in range(10):
        search.on_epoch(epoch, epoch / 10)
        assert search.w.lr == pytest.approx(schedule.get_last_lr()[0], rel=1e-9)
        assert [n.lr for n in search.networks().values()] == [search.w.lr] * 2
        optimiser.step()
        schedule.step()


def test_macs_are_the_counters_own_of_a_real_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    # As autograd sees the cell: the formulas by hand have products of their own, which are none of the network's.
    monkeypatch.setattr("spaces.nats_supernet.serves", lambda x: False)
    search = make_search("darts1", Nats(SMALL))
    batch = make_batch("train", count=4)
    search.grad_w(search.w, batch)
    counted = search.counts.macs
    with FlopCounterMode(display=False) as counter:
        search.grad_w(search.w, batch)
    assert search.counts.macs == 2 * counted
    pooling = counter.get_total_flops() // 2 - counted
    # On the CPU pooling is run as matrix products, which are no multiply-adds of the network and are not counted: of
    # three nodes a cell, C channels, forward and backward.
    per_cell = [2 * c * 4 * (side * side) ** 2 for c, side in ((2, 8), (4, 4), (8, 2))]
    assert pooling == sum(3 * cost for cost in per_cell)
