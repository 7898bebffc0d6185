"""DrNAS: its draws have the moments of a Dirichlet, and its gradient is that of their mean."""

from __future__ import annotations

import torch
from searches import make_batch, make_search

from algorithms.drnas import DrNas, concentration
from spaces.nats import Nats, NatsOptions

SMALL = NatsOptions(channels=2, cells=1, image_size=8)


def drnas() -> DrNas:
    search = make_search("drnas", Nats(SMALL))
    assert isinstance(search, DrNas)
    with torch.no_grad():
        search.alpha.flat.copy_(torch.randn(30, generator=torch.Generator().manual_seed(4)))
    return search


def test_draws_have_the_dirichlets_mean_and_variance(double: None) -> None:
    search = drnas()
    alpha = search.alpha.views(search.alpha.flat.detach())
    draws = torch.stack([search.sampled(alpha).weights["cell"] for _ in range(6000)])
    c = torch.where(alpha["cell"] > 0, alpha["cell"] + 1, alpha["cell"].exp())
    mean, total = c / c.sum(-1, keepdim=True), c.sum(-1, keepdim=True)
    variance = mean * (1 - mean) / (total + 1)
    assert ((draws.mean(0) - mean).abs() < 5 * (variance / 6000).sqrt()).all()
    assert torch.allclose(draws.var(0), variance, rtol=0.15)
    assert torch.allclose(search.relax(alpha).weights["cell"], mean)


def test_the_pathwise_gradient_of_a_linear_loss_is_in_expectation_that_of_the_mean(double: None) -> None:
    search = drnas()
    cost = torch.randn(6, 5, generator=torch.Generator().manual_seed(2))
    alpha = search.alpha.flat.detach().requires_grad_()
    slopes = []
    for _ in range(6000):
        drawn = search.sampled(search.alpha.views(alpha)).weights["cell"]
        slopes.append(torch.autograd.grad((drawn * cost).sum(), alpha)[0])
    of_mean = (search.relax(search.alpha.views(alpha)).weights["cell"] * cost).sum()
    (expected,) = torch.autograd.grad(of_mean, alpha)
    found = torch.stack(slopes)
    assert expected.abs().max() > 0.05
    assert ((found.mean(0) - expected).abs() < 5 * (found.var(0) / 6000).sqrt()).all()


def test_both_steps_draw_anew_and_run_every_operation() -> None:
    search = drnas()
    alpha = search.alpha.views(search.alpha.flat.detach())
    first, second = search.sampled(alpha), search.sampled(alpha)
    assert not torch.equal(first.weights["cell"], second.weights["cell"])
    assert first.active is None and (first.weights["cell"] > 0).all()
    assert torch.equal(search.grad_alpha(search.w, make_batch("val")), search.grad_alpha(search.w, make_batch("val")))


def test_a_closed_operation_has_no_share_and_the_rest_stays_a_dirichlet(double: None) -> None:
    search = drnas()
    with torch.no_grad():
        search.alpha.views()["cell"][:, 0] = -1000.0
    alpha = search.alpha.views(search.alpha.flat.detach())
    draws = torch.stack([search.sampled(alpha).weights["cell"] for _ in range(3000)])
    assert not draws[..., 0].any() and torch.isfinite(draws).all()
    c = concentration(alpha["cell"])[:, 1:]
    mean = c / c.sum(-1, keepdim=True)
    variance = mean * (1 - mean) / (c.sum(-1, keepdim=True) + 1)
    assert ((draws[..., 1:].mean(0) - mean).abs() < 5 * (variance / 3000).sqrt()).all()
