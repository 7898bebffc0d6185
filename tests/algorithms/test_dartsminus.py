"""DARTS−: the auxiliary skip written out, and that nothing of it is left at the end."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from plain_supernet import PlainCell, PlainSupernet
from searches import make_batch, make_search

from algorithms.dartsminus import DartsMinus
from spaces.darts import Darts, DartsOptions
from spaces.nats import Nats, NatsOptions
from spaces.nats_cell import EDGES, NODES, OPERATIONS

SMALL = NatsOptions(channels=2, cells=2, image_size=8)
BETA = 0.6


class WithAuxiliarySkips(PlainCell):
    """An operation a module, an edge at a time; and beside each edge's mixture β x."""

    def forward(self, x: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        nodes = [x]
        for node in range(1, NODES):
            total = torch.zeros_like(x)
            for edge, (target, source) in enumerate(EDGES):
                if target == node:
                    total = total + BETA * nodes[source]
                    for kind, name in enumerate(OPERATIONS):
                        total = total + weights[edge, kind] * self.operation(name, edge, nodes[source])
            nodes.append(total)
        return nodes[-1]


def minus(**hyper: object) -> DartsMinus:
    search = make_search("darts1+minus", Nats(SMALL), **hyper)
    assert isinstance(search, DartsMinus)
    return search


def test_every_edge_carries_beta_times_its_input_and_alpha_has_that_networks_gradient(double: None) -> None:
    torch.manual_seed(0)
    search, network, batch = minus(), Nats(SMALL).supernet(), make_batch("val", 16)
    search.progress = 1 - BETA
    with torch.no_grad():
        search.w.flat.copy_(torch.cat([p.flatten() for p in network.parameters()]))
        search.alpha.flat.copy_(torch.randn(30))
    plain = PlainSupernet(network)
    for block in plain.blocks:
        if isinstance(block, PlainCell):
            block.__class__ = WithAuxiliarySkips
    alpha = search.alpha.flat.detach().view(6, 5).requires_grad_()
    loss = F.cross_entropy(plain(batch.x, search.space.relax({"cell": alpha})), batch.y)
    (slope,) = torch.autograd.grad(loss, alpha)
    assert search.passes.loss(search.w.flat, search.alpha.flat, batch)[0].item() == pytest.approx(
        loss.item(), abs=1e-10
    )
    assert torch.allclose(search.grad_alpha(search.w, batch).view(6, 5), slope, atol=1e-10)
    assert torch.allclose(
        search.grad_w(search.w, batch)[-10:],
        torch.autograd.grad(
            F.cross_entropy(plain(batch.x, search.space.relax({"cell": alpha})), batch.y), plain.classifier.bias
        )[0],
        atol=1e-10,
    )


def test_beta_falls_linearly_from_1_to_0_or_by_a_cosine() -> None:
    for decay, expected in (("linear", [1.0, 0.75, 0.5, 0.0]), ("cosine", [1.0, 0.853553, 0.5, 0.0])):
        search, found = minus(minus_decay=decay), []
        for share in (0.0, 0.25, 0.5, 1.0):
            search.progress = share
            found.append(search.beta)
        assert found == pytest.approx(expected, abs=1e-6)


def test_at_the_end_of_the_budget_the_supernet_is_that_of_darts() -> None:
    batch, losses = make_batch("val"), []
    for name in ("darts1+minus", "darts1"):
        search = make_search(name, Nats(SMALL))
        search.progress = 1.0
        losses.append(search.passes.loss(search.w.flat, search.alpha.flat, batch)[0])
    assert torch.equal(*losses)


def test_on_darts_the_skip_alone_is_heavier_in_both_cells(double: None) -> None:
    space = Darts(DartsOptions(channels=2, cells=3, nodes=2, image_size=8))
    search = make_search("darts1+minus", space)
    search.progress = 1 - BETA
    alpha = search.alpha.views(search.alpha.flat.detach())
    for kind, weights in search.relax(alpha).weights.items():
        apart = weights - torch.softmax(alpha[kind], -1)
        assert torch.allclose(apart, torch.eye(8)[3].mul(BETA).expand(5, 8), atol=1e-12)
