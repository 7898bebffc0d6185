"""Λ-DARTS: the layer alignment, its exact gradient, and that following it aligns the cells."""

from __future__ import annotations

import pytest
import torch
from searches import make_batch, make_search

from algorithms.alignment import LayerAlignment, alignment, alignment_slope
from results.errors import BadInput
from spaces.base import Mix
from spaces.darts import Darts, DartsOptions
from spaces.nats import Nats, NatsOptions
from spaces.resnet164 import ResNet164, ResNet164Options

SMALL = NatsOptions(channels=2, cells=1, image_size=8)


def aligning(**hyper: object) -> LayerAlignment:
    search = make_search("darts1+lambda", Nats(SMALL), **hyper)
    assert isinstance(search, LayerAlignment)
    search.progress = 1.0
    return search


def exact(search: LayerAlignment, w: torch.Tensor, batch: object) -> tuple[torch.Tensor, torch.Tensor]:
    """Λ and ∇_w Λ by differentiating the cells' gradients once more."""
    p = torch.softmax(search.alpha.views()["cell"].detach(), -1)
    own, flat = p.repeat(3, 1, 1).requires_grad_(), w.detach().requires_grad_()
    loss, _ = search.passes.loss(flat, search.alpha.flat, batch, lambda alpha: Mix({"cell": own}))
    (of_cells,) = torch.autograd.grad(loss, own, create_graph=True)
    agreed = alignment(of_cells)
    return agreed.detach(), torch.autograd.grad(agreed, flat)[0]


def test_alignment_is_the_mean_cosine_over_pairs_and_its_slope_the_authors_projection(double: None) -> None:
    g = torch.randn(4, 6, 5, generator=torch.Generator().manual_seed(0))
    flat = g.flatten(1)
    pairs = [torch.cosine_similarity(flat[i], flat[j], dim=0) for i in range(4) for j in range(i)]
    assert torch.allclose(alignment(g), torch.stack(pairs).mean(), atol=1e-12)
    u = [row / row.norm() for row in flat]
    for i, row in enumerate(flat):
        projected = (torch.eye(30) - torch.outer(u[i], u[i])) @ sum(u) / row.norm() / 6
        assert torch.allclose(alignment_slope(g)[i].flatten(), projected, atol=1e-12)


def test_the_weight_gradient_is_that_of_the_loss_less_lambda_times_the_alignments(double: None) -> None:
    # So small a step that no ReLU turns on its way, which the second derivative does not see.
    search, plain = aligning(lambda_epsilon=1e-8), make_search("darts1", Nats(SMALL))
    batch = make_batch("train", 16)
    found = search.grad_w(search.w, batch)
    _, slope = exact(search, search.w.flat, batch)
    expected = plain.grad_w(plain.w, batch) - 0.125 * slope
    assert slope.norm() > 1e-2
    assert (found - expected).norm() < 1e-5 * slope.norm()
    search.progress = 0.0
    assert torch.allclose(search.grad_w(search.w, batch), plain.grad_w(plain.w, batch), atol=1e-12)


def test_descending_along_it_aligns_the_cells(double: None) -> None:
    search, batch = (
        aligning(lambda_weight=1e4, momentum=0.0, weight_decay=0.0, clip=0.05, lr=0.5),
        make_batch("train", 16),
    )
    before, _ = exact(search, search.w.flat, batch)
    for _ in range(15):
        search.w.descend(search.grad_w(search.w, batch))
    after, _ = exact(search, search.w.flat, batch)
    assert after > before + 0.1


def test_cells_with_weights_of_their_own_that_agree_compute_what_shared_ones_do(double: None) -> None:
    for space, rows in ((Nats(SMALL), 3), (Darts(DartsOptions(channels=2, cells=4, nodes=2, image_size=8)), 2)):
        name, search, batch = space.skip[0], make_search("darts1", space), make_batch("val")
        assert space.layers(name) == rows
        mix = search.relax(search.alpha.views(search.alpha.flat.detach()))
        own = Mix({**mix.weights, name: mix.weights[name].repeat(rows, 1, 1)})
        losses = [search.passes.loss(search.w.flat, search.alpha.flat, batch, lambda a, m=m: m)[0] for m in (mix, own)]
        assert torch.equal(*losses)


def test_channel_gates_have_no_cells_to_align() -> None:
    with pytest.raises(BadInput, match="stacks cells"):
        make_search("darts1+lambda", ResNet164(ResNet164Options(depth=11, width=2, image_size=8)))


def test_a_single_normal_cell_has_none_to_agree_with() -> None:
    """The mean over no pair is 0/0: such a search once ended in epoch 1, its loss no number."""
    with pytest.raises(BadInput, match=r"space\.cells"):
        make_search("darts1+lambda", Darts(DartsOptions(channels=2, cells=3, nodes=2, image_size=8)))
    batch = make_batch("train", 16)
    search = make_search("darts1+lambda", Darts(DartsOptions(channels=2, cells=4, nodes=2, image_size=8)))
    assert torch.isfinite(search.grad_w(search.w, batch)).all()
