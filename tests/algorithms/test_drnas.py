"""DrNAS: its draws have the moments of a Dirichlet, and its gradient is that of their mean."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from searches import make_batch, make_search
from torch.distributions import Dirichlet, kl_divergence

from algorithms.drnas import DrNas, concentration, divergence
from spaces.base import CLOSED
from spaces.darts import Darts, DartsOptions
from spaces.nats import Nats, NatsOptions

SMALL = NatsOptions(channels=2, cells=1, image_size=8)


def drnas(**hyper: Any) -> DrNas:
    search = make_search("drnas", Nats(SMALL), **hyper)
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


@given(st.integers(0, 10**6), st.sampled_from([1e-3, 1.0, 3.0]))
def test_the_divergence_is_torchs_on_the_operations_that_an_edge_can_have(seed: int, scale: float) -> None:
    generator = torch.Generator().manual_seed(seed)
    c = concentration(scale * torch.randn(7, 8, generator=generator, dtype=torch.float64))
    allowed = torch.rand(7, 8, generator=generator) < 0.6
    allowed[:, 0] = True
    edges = [(row[kept], torch.ones_like(row[kept])) for row, kept in zip(c, allowed, strict=True) if kept.sum() > 1]
    expected = sum(float(kl_divergence(Dirichlet(row), Dirichlet(ones))) for row, ones in edges)
    assert float(divergence(c, allowed)) == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_under_kl_alpha_descends_the_loss_and_the_weighed_divergence_without_a_decay(double: None) -> None:
    hyper = {"arch_optimiser": "sgd", "arch_lr": 0.5, "arch_weight_decay": 0.2}
    search, twin = drnas(distance="kl", **hyper), drnas(distance="kl", **hyper)
    batch, before = make_batch("val"), search.alpha.flat.detach().clone()
    slope = twin.grad_alpha(twin.w, batch, twin.sampled)
    alpha = before.clone().requires_grad_()
    c = torch.nn.functional.elu(alpha.view(6, 5)) + 1
    (pull,) = torch.autograd.grad(kl_divergence(Dirichlet(c), Dirichlet(torch.ones(6, 5))).sum(), alpha)
    search.step(make_batch("train"), batch)
    assert pull.norm() > slope.norm() > 0
    assert (search.alpha.flat.detach() - (before - 0.5 * (slope + 0.2 * pull))).abs().max() < 1e-10


def test_the_divergence_alone_leads_to_the_uniform_dirichlet(double: None) -> None:
    search = drnas(distance="kl", arch_optimiser="sgd", arch_lr=0.1, arch_weight_decay=1.0)
    for _ in range(400):
        search.alpha.descend(torch.zeros(30))
    assert search.alpha.flat.abs().max() < 1e-6


def test_under_kl_what_a_space_closes_stays_closed_and_pulls_nothing(double: None) -> None:
    small = Darts(DartsOptions(channels=2, cells=3, nodes=2, image_size=8, operations="s2"))
    search = make_search("drnas", small, distance="kl")
    pull = search.grad_penalty()
    assert isinstance(pull, torch.Tensor) and pull.isfinite().all()
    shut = search.alpha.flat.detach() == CLOSED
    assert not pull[shut].any() and pull[~shut].abs().min() > 0
    search.step(make_batch("train"), make_batch("val"))
    assert (search.alpha.flat[shut] == CLOSED).all()
