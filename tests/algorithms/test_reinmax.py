"""ReinMax: exact for quadratic losses, where straight-through is not; and what runs."""

from __future__ import annotations

import torch
from searches import make_batch, make_search

from algorithms.reinmax import ReinMax, reinmax
from spaces.base import Mix
from spaces.nats import Nats, NatsOptions

SMALL = NatsOptions(channels=2, cells=1, image_size=8)


def expectations(order: int, tau: float = 1.0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """∇ E f(D) of a random polynomial f, exactly; the mean of ReinMax's estimate over all D; straight-through's."""
    generator = torch.Generator().manual_seed(order)
    alpha = torch.randn(5, generator=generator).requires_grad_()
    linear, square = torch.randn(5, generator=generator), torch.randn(5, 5, generator=generator)

    def f(d: torch.Tensor) -> torch.Tensor:
        value = linear @ d
        value = value + d @ square @ d if order > 1 else value
        return value + (linear @ d) ** 3 if order > 2 else value

    corners = torch.eye(5)
    p = torch.softmax(alpha, -1)
    (exact,) = torch.autograd.grad(sum(p[i] * f(corners[i]) for i in range(5)), alpha)
    ours, plain = torch.zeros(5), torch.zeros(5)
    for i in range(5):
        share = p[i].detach()
        ours += share * torch.autograd.grad(f(reinmax(alpha, corners[i], tau)), alpha)[0]
        straight = corners[i] + torch.softmax(alpha, -1) - torch.softmax(alpha, -1).detach()
        plain += share * torch.autograd.grad(f(straight), alpha)[0]
    return exact, ours, plain


def test_its_expectation_is_exact_up_to_the_second_order_and_straight_throughs_up_to_the_first(double: None) -> None:
    for order in (1, 2):
        exact, ours, plain = expectations(order)
        assert torch.allclose(ours, exact, atol=1e-12)
        assert torch.allclose(plain, exact, atol=1e-12) == (order == 1)
    exact, ours, plain = expectations(3)
    assert not torch.allclose(ours, exact, atol=1e-3)
    assert not torch.allclose(expectations(2, tau=2.0)[1], expectations(2)[0], atol=1e-3)


def test_values_are_the_draws_and_weights_train_through_them_alone() -> None:
    search = make_search("reinmax", Nats(SMALL))
    assert isinstance(search, ReinMax)
    alpha = search.alpha.views(search.alpha.flat.detach())
    mix = search.sampled(alpha)
    assert mix.active is None
    assert torch.equal(mix.weights["cell"].sort(-1).values, torch.tensor([0.0, 0, 0, 0, 1]).expand(6, 5))
    path = search.one_path(alpha)
    assert path.active == {"cell": path.weights["cell"].argmax(-1, keepdim=True).tolist()}


def test_alphas_gradient_reads_the_loss_along_every_operation(double: None) -> None:
    search, batch = make_search("reinmax", Nats(SMALL)), make_batch("val")
    assert isinstance(search, ReinMax)
    with torch.no_grad():  # none is hardly drawn, which would cut the others off
        search.alpha.views()["cell"][:, 0] = -5.0
    state = search.generator.get_state()
    ours = search.grad_alpha(search.w, batch, search.sampled).view(6, 5)
    search.generator.set_state(state)
    alpha = search.alpha.flat.detach().view(6, 5)
    drawn = search.sampled({"cell": alpha}).weights["cell"].detach().requires_grad_()
    loss, _ = search.passes.loss(search.w.flat, search.alpha.flat, batch, lambda a: Mix({"cell": drawn}))
    (slope,) = torch.autograd.grad(loss, drawn)
    p_0 = torch.softmax(alpha, -1)
    p_1 = (drawn.detach() + p_0) / 2
    written = [p * (slope - (p * slope).sum(-1, keepdim=True)) for p in (p_1, p_0)]
    assert slope.count_nonzero() > 20
    assert torch.allclose(ours, 2 * written[0] - written[1] / 2, atol=1e-12)


def test_draws_follow_softmax_alpha() -> None:
    search = make_search("reinmax", Nats(SMALL))
    assert isinstance(search, ReinMax)
    alpha = {"cell": torch.tensor([0.0, 1.0, -1.0, 2.0, 0.5]).expand(4000, 5)}
    counts = torch.bincount(search.draw(alpha)["cell"].flatten(), minlength=5) / 4000
    assert (counts - torch.softmax(alpha["cell"][0], -1)).abs().max() < 0.03
