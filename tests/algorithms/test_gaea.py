"""GAEA: its step in logits is the exponentiated gradient on the simplex."""

from __future__ import annotations

import torch
from searches import make_batch, make_search

from algorithms.gaea import SMALLEST, Gaea
from spaces.base import Mix
from spaces.darts import Darts, DartsOptions
from spaces.nats import Nats, NatsOptions

SMALL = NatsOptions(channels=2, cells=1, image_size=8)


def gaea(name: str = "darts1+gaea", **hyper: object) -> Gaea:
    search = make_search(name, Nats(SMALL), **hyper)
    assert isinstance(search, Gaea)
    return search


def weights(search: Gaea) -> torch.Tensor:
    return torch.softmax(search.alpha.views()["cell"].detach(), -1)


def test_a_step_is_the_authors_on_the_simplex(double: None) -> None:
    search, batch = gaea(gaea_lr=0.3), make_batch("val")
    with torch.no_grad():
        search.alpha.flat.copy_(torch.randn(30, generator=torch.Generator().manual_seed(5)))
    theta = weights(search).requires_grad_()
    loss, _ = search.passes.loss(search.w.flat.detach(), search.alpha.flat, batch, lambda alpha: Mix({"cell": theta}))
    (slope,) = torch.autograd.grad(loss, theta)
    moved = theta.detach() * torch.exp(-0.3 * slope)
    search.alpha.descend(search.grad_alpha(search.w, batch))
    assert slope.abs().max() > 1e-3
    assert torch.allclose(weights(search), moved / moved.sum(-1, keepdim=True), atol=1e-12)


def test_of_a_linear_loss_t_steps_give_the_closed_form(double: None) -> None:
    search = gaea()
    cost = torch.randn(6, 5, generator=torch.Generator().manual_seed(1))
    start = weights(search)
    for _ in range(10):
        theta = weights(search)
        # ∇_α ⟨softmax α, C⟩
        search.alpha.descend((theta * (cost - (theta * cost).sum(-1, keepdim=True))).flatten())
    # Hedge: θ_T ∝ θ_0 exp(−η T C)
    assert torch.allclose(weights(search), torch.softmax(start.log() - 10 * 0.1 * cost, -1), atol=1e-10)


def test_no_operation_falls_below_the_smallest_weight_so_that_it_can_come_back(double: None) -> None:
    search = gaea(gaea_lr=50.0)
    cost = torch.zeros(6, 5)
    cost[:, 0] = 1.0
    for sign in (1, -1):
        for _ in range(3):
            theta = weights(search)
            search.alpha.descend((sign * theta * (cost - (theta * cost).sum(-1, keepdim=True))).flatten())
            assert (weights(search) >= SMALLEST / (1 + 5 * SMALLEST)).all()
        assert (weights(search)[:, 0] < 1e-4).all() == (sign == 1)


def test_what_a_space_closes_stays_closed(double: None) -> None:
    search = make_search(
        "darts1+gaea", Darts(DartsOptions(channels=2, cells=3, nodes=2, image_size=8, operations="s2"))
    )
    assert isinstance(search, Gaea)
    before = {name: theta > 0 for name, theta in search.theta().items()}
    search.alpha.descend(torch.randn_like(search.alpha.flat) * torch.cat([b.flatten() for b in before.values()]))
    assert all(torch.equal(theta > 0, before[name]) for name, theta in search.theta().items())


def test_alphas_own_optimiser_does_not_count() -> None:
    found = []
    for rate in (0.1, 3e-4):
        search = gaea(arch_lr=rate, arch_optimiser="adam", arch_weight_decay=0.5)
        search.on_epoch(0, 0.0)
        search.step(make_batch("train"), make_batch("val"))
        found.append(search.alpha.flat.detach().clone())
    assert torch.equal(*found)


def test_edges_of_a_node_are_a_simplex_of_their_own_under_pc_darts(double: None) -> None:
    search = gaea("pcdarts+gaea", parts=2)
    before = search.theta()["cell.edges"]
    gradient = torch.zeros_like(search.alpha.flat)
    slope = torch.tensor([0.5, -1.0, 2.0, 0.3, -0.2, 0.9])
    for rows in ([0], [1, 2], [3, 4, 5]):
        p = before[rows]
        search.alpha.views(gradient)["cell.edges"][rows] = p * (slope[rows] - (p * slope[rows]).sum())
    search.alpha.descend(gradient)
    for rows in ([0], [1, 2], [3, 4, 5]):
        moved = before[rows] * torch.exp(-0.1 * slope[rows])
        assert torch.allclose(search.theta()["cell.edges"][rows], moved / moved.sum(), atol=1e-12)
