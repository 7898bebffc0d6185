"""GDAS: what its gradient is, what it runs, and what its counted multiply-adds are worth."""

from __future__ import annotations

import pytest
import torch
from plain_supernet import PlainCell, PlainSupernet
from searches import make_batch, make_search

from algorithms.executed import Executed
from algorithms.gdas import Gdas
from spaces.base import Mix
from spaces.nats import Nats, NatsOptions
from spaces.nats_cell import EDGES, NODES, OPERATIONS

SMALL = NatsOptions(channels=2, cells=2, image_size=8)


def gdas(**hyper: float | str) -> Gdas:
    search = make_search("gdas", Nats(SMALL), **hyper)
    assert isinstance(search, Gdas)
    search.on_epoch(0, 0.3)
    with torch.no_grad():
        search.alpha.flat.copy_(torch.randn(30, generator=torch.Generator().manual_seed(7)))
    return search


def test_alphas_gradient_is_the_sampled_operations_share_in_the_loss_times_its_relaxed_weights(double: None) -> None:
    search, batch = gdas(), make_batch("val")
    state = search.generator.get_state()
    ours = search.grad_alpha(search.w, batch, search.sampled).view(6, 5)
    search.generator.set_state(state)
    # Written out: p̃ from the same noise; the gate's gradient ⟨∂L/∂out, o_s(x)⟩ from the supernet of all operations.
    noise = -torch.empty(6, 5).exponential_(generator=search.generator).log()
    alpha = search.alpha.flat.detach().view(6, 5).requires_grad_()
    soft = torch.softmax((torch.log_softmax(alpha, -1) + noise) / search.tau, -1)
    drawn = soft.argmax(-1)
    gates = torch.nn.functional.one_hot(drawn, 5).to(soft).requires_grad_()
    loss, _ = search.passes.loss(search.w.flat.detach(), search.alpha.flat, batch, lambda a: Mix({"cell": gates}))
    (share,) = torch.autograd.grad(loss, gates)
    rows = torch.arange(6)
    expected = torch.autograd.grad((share[rows, drawn] * soft[rows, drawn]).sum(), alpha)[0]
    assert expected.abs().max() > 1e-4
    assert torch.allclose(ours, expected, atol=1e-12)


class AddingUndrawn(PlainCell):
    """NAS-Bench-201's search code: an edge is w_s o_s(x), plus the bare weights of the operations not drawn."""

    def forward(self, x: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        nodes, drawn = [x], weights.detach().round().argmax(-1)
        for node in range(1, NODES):
            total = torch.zeros_like(x)
            for edge, (target, source) in enumerate(EDGES):
                if target == node:
                    s = int(drawn[edge])
                    total = total + weights[edge, s] * self.operation(OPERATIONS[s], edge, nodes[source])
                    total = total + sum(weights[edge, o] for o in range(5) if o != s)
            nodes.append(total)
        return nodes[-1]


def test_undrawn_operations_have_the_gradient_of_the_authors_code_where_asked_for(double: None) -> None:
    batch, found = make_batch("val"), {}
    for undrawn in ("no_gradient", "added"):
        search = gdas(undrawn=undrawn)
        network = search.space.supernet()
        torch.nn.utils.vector_to_parameters(search.w.flat.detach(), network.parameters())
        state = search.generator.get_state()
        found[undrawn] = search.grad_alpha(search.w, batch, search.sampled)
        search.generator.set_state(state)
    plain = PlainSupernet(network)
    for block in plain.blocks:
        if isinstance(block, PlainCell):
            block.__class__ = AddingUndrawn
    alpha = search.alpha.flat.detach().view(6, 5).requires_grad_()
    soft = search.concrete({"cell": alpha}).weights["cell"]
    hard = torch.nn.functional.one_hot(soft.argmax(-1), 5).to(soft)
    loss = torch.nn.functional.cross_entropy(plain(batch.x, Mix({"cell": hard + soft - soft.detach()})), batch.y)
    (expected,) = torch.autograd.grad(loss, alpha)
    assert torch.allclose(found["added"], expected.flatten(), atol=1e-10)
    assert not torch.allclose(found["added"], found["no_gradient"], atol=1e-4)


def test_one_operation_an_edge_runs_and_weights_of_the_others_get_no_gradient() -> None:
    search = gdas()
    seen: list[Mix] = []

    def watched(alpha: dict[str, torch.Tensor]) -> Mix:
        seen.append(search.sampled(alpha))
        return seen[-1]

    gradient = search.w.views(search.grad_w(search.w, make_batch("train"), watched))
    drawn = [kinds[0] for kinds in seen[0].active["cell"]]  # type: ignore[index]
    assert seen[0].weights["cell"].argmax(-1).tolist() == drawn
    assert torch.equal(seen[0].weights["cell"].sum(-1), torch.ones(6))
    trained = sum(bool(part.any()) for name, g in gradient.items() for part in _edges(name, g))
    assert 0 < trained <= 6 * sum(OPERATIONS[kind].startswith("nor_conv") for kind in drawn)


def _edges(name: str, gradient: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """A cell's merged convolution split into its edges; nothing for the reduction blocks."""
    return gradient.split(gradient.shape[1]) if "conv1." in name or "conv3." in name else ()


def test_temperature_falls_linearly_from_10_to_a_tenth() -> None:
    search = gdas()
    taus = []
    for epoch in range(11):
        search.on_epoch(epoch, epoch / 10)
        taus.append(search.tau)
    assert taus == pytest.approx([10 - 0.99 * epoch for epoch in range(11)])
    search.on_epoch(9, 0.9)
    search.progress = 0.99  # within the last epoch
    assert search.tau == pytest.approx(10 - 9.9 * 0.99)


@pytest.mark.parametrize("of", ["w", "alpha"])
def test_counted_multiply_adds_are_the_flop_counters(of: str) -> None:
    search, batch = gdas(), make_batch("train", count=4)
    for _ in range(12):
        mixes: list[Mix] = []

        def kept(alpha: dict[str, torch.Tensor], mixes: list[Mix] = mixes) -> Mix:
            mixes.append(search.sampled(alpha))
            return mixes[-1]

        before = search.counts.macs
        search.passes.gradient(search.w.flat, search.alpha.flat, batch, of, kept)
        weights = search.w.flat.detach().requires_grad_(of == "w")
        assert search.counts.macs - before == search.passes._on_meta(of, weights, mixes[0], batch)


def test_sample_that_reaches_nothing_gives_alpha_no_gradient() -> None:
    search = gdas()
    with torch.no_grad():
        search.alpha.flat.view(6, 5)[:, 0] = 1000.0  # none on every edge
    assert not search.grad_alpha(search.w, make_batch("val"), search.sampled).any()
    assert search.grad_w(search.w, make_batch("train"), search.sampled).any()


def test_counter_counts_no_backward_that_never_comes() -> None:
    x, weight = torch.randn(2, 3, 4, 4), torch.randn(5, 3, 1, 1, requires_grad=True)
    with Executed() as executed:
        torch.nn.functional.conv2d(x, weight)
        kept = torch.nn.functional.conv2d(x, weight)
    assert executed.macs == 2 * (2 * 5 * 16 * 3)
    kept.sum().backward()
    assert executed.macs == 3 * (2 * 5 * 16 * 3)
