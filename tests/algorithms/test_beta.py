"""β-DARTS: what its decay does to an edge's weights, in closed form, and where L2 decay does nothing."""

from __future__ import annotations

import pytest
import torch
from searches import make_search

from algorithms.beta import Beta
from spaces.darts import Darts, DartsOptions
from spaces.nats import Nats, NatsOptions

SMALL = NatsOptions(channels=2, cells=1, image_size=8)


def decaying(**hyper: object) -> Beta:
    search = make_search("darts1+beta", Nats(SMALL), arch_optimiser="sgd", arch_weight_decay=0.0, **hyper)
    assert isinstance(search, Beta)
    with torch.no_grad():
        search.alpha.flat.copy_(torch.randn(30, generator=torch.Generator().manual_seed(3)))
    return search


def test_one_decay_multiplies_each_weight_by_the_papers_factor(double: None) -> None:
    search = decaying(arch_lr=0.7, beta_decay=3.0)
    search.on_epoch(0, 0.5)
    before = torch.softmax(search.alpha.views()["cell"].detach(), -1)
    search.alpha.descend(torch.zeros(30))
    after = torch.softmax(search.alpha.views()["cell"].detach(), -1)
    # θ_k = Σ_j exp α_j / Σ_j exp(α_j + η λ (F(α_k) − F(α_j))), F the softmax (their Eq. 8); six edges share the mean.
    pull = 0.7 * 1.5 / 6 * (before[:, :, None] - before[:, None, :])
    theta = 1 / (before[:, None, :] * pull.exp()).sum(-1)
    assert torch.allclose(after, theta * before, atol=1e-12)
    largest, smallest = before.argmax(-1, keepdim=True), before.argmin(-1, keepdim=True)
    assert (theta.gather(1, largest) < 1).all() and (theta.gather(1, smallest) > 1).all()


def test_the_spread_of_an_edges_weights_falls_with_every_decay_and_a_uniform_edge_stays(double: None) -> None:
    search = decaying(arch_lr=0.5, beta_decay=1.0)
    search.on_epoch(0, 1.0)
    with torch.no_grad():
        search.alpha.views()["cell"][5] = 0.25
    spread = torch.softmax(search.alpha.views()["cell"].detach(), -1).var(-1)
    for _ in range(200):
        search.alpha.descend(torch.zeros(30))
        weights = torch.softmax(search.alpha.views()["cell"].detach(), -1)
        now = weights.var(-1)
        assert (now[:5] < spread[:5]).all()
        spread = now
    assert torch.allclose(weights[5], torch.full((5,), 0.2), atol=1e-12)


def test_decay_starts_at_0_and_rises_linearly_to_the_authors_50(double: None) -> None:
    search = decaying()
    sizes = []
    for share in (0.0, 0.25, 0.5, 1.0):
        search.progress = share
        sizes.append(float(torch.as_tensor(search.grad_penalty()).sum()))
    # The softmaxes of six edges sum to 6: their mean to 1.
    assert sizes == pytest.approx([0.0, 12.5, 25.0, 50.0])


def test_both_cells_edges_share_one_mean_and_edge_weights_do_not_decay(double: None) -> None:
    darts = make_search("pcdarts+beta", Darts(DartsOptions(channels=4, cells=3, nodes=2)), parts=2)
    assert isinstance(darts, Beta)
    decay = darts.alpha.views(darts.grad_decay())
    alphas = darts.alpha.views(darts.alpha.flat.detach())
    for kind in ("normal", "reduce"):
        assert torch.allclose(decay[kind], torch.softmax(alphas[kind], -1) / 10)
        assert not decay[f"{kind}.edges"].any()
