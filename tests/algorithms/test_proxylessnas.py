"""ProxylessNAS: how many paths run, whose probabilities move, and the gates' gradient written out."""

from __future__ import annotations

import torch
from searches import make_batch, make_search

from algorithms.proxylessnas import ProxylessNas
from algorithms.sampling import on_host
from spaces.base import Batch, Mix
from spaces.nats import Nats, NatsOptions

SMALL = NatsOptions(channels=2, cells=1, image_size=8)


class Watched(Nats):
    """NATS that keeps the mix of every pass, its own and the meta device's."""

    def __init__(self, options: NatsOptions) -> None:
        super().__init__(options)
        self.seen: list[tuple[str, Mix]] = []

    def loss(self, network: object, mix: Mix, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        self.seen.append((batch.half, mix))
        return super().loss(network, mix, batch)  # type: ignore[arg-type]


def proxyless(space: Nats | None = None, **hyper: object) -> ProxylessNas:
    search = make_search("proxylessnas", space or Nats(SMALL), **hyper)
    assert isinstance(search, ProxylessNas)
    with torch.no_grad():
        search.alpha.flat.copy_(torch.randn(30, generator=torch.Generator().manual_seed(7)))
    return search


def test_weight_step_runs_one_path_and_alphas_step_two() -> None:
    space = Watched(SMALL)
    search = proxyless(space)
    for _ in range(5):
        space.seen.clear()
        search.step(make_batch("train"), make_batch("val"))
        (half_w, mix_w), (half_alpha, mix_alpha) = space.seen
        assert (half_w, half_alpha) == ("train", "val")
        assert mix_w.active is not None
        assert mix_alpha.active is not None
        assert [len(kinds) for kinds in mix_w.active["cell"]] == [1] * 6
        assert [len(set(kinds)) for kinds in mix_alpha.active["cell"]] == [2] * 6
        for mix in (mix_w, mix_alpha):
            gates = mix.weights["cell"].detach()
            assert sorted(gates.unique().tolist()) == [0.0, 1.0]
            assert torch.equal(gates.sum(-1), torch.ones(6))
    assert (search.counts.forwards, search.counts.weight_backwards, search.counts.alpha_backwards) == (10, 5, 5)


def test_only_the_two_drawn_probabilities_of_an_edge_move_whatever_the_optimiser_does(double: None) -> None:
    # A momentum and a decay, which move every α, are the hard case.
    search = proxyless(arch_lr=0.5, arch_beta1=0.5, arch_weight_decay=1e-2)
    moved = torch.zeros(6, 5)
    for _ in range(8):
        before = torch.softmax(search.alpha.views()["cell"].detach(), -1)
        search.step(make_batch("train"), make_batch("val"))
        changed = (torch.softmax(search.alpha.views()["cell"].detach(), -1) - before).abs() > 1e-12
        assert (changed.sum(-1) <= 2).all()
        moved += changed
    assert (moved.sum(-1) > 2).all()


def test_gradient_is_that_of_the_gates_through_the_pairs_softmax(double: None) -> None:
    search, batch = proxyless(), make_batch("val")
    pairs = search.draw(search.alpha.views(), 2)
    state = search.generator.get_state()
    gates = (
        search.two_paths(on_host(search.alpha.views()), pairs, search.alpha.views())
        .weights["cell"]
        .detach()
        .requires_grad_()
    )
    search.generator.set_state(state)
    ours = search.grad_alpha(search.w, batch, lambda alpha: search.two_paths(on_host(alpha), pairs, alpha)).view(6, 5)
    loss, _ = search.passes.loss(search.w.flat.detach(), search.alpha.flat, batch, lambda _: Mix({"cell": gates}))
    (by_gate,) = torch.autograd.grad(loss, gates)
    expected = torch.zeros(6, 5)
    alpha = search.alpha.views()["cell"].detach()
    for edge, pair in enumerate(pairs["cell"].tolist()):
        p = torch.softmax(alpha[edge, pair], -1)
        for i in range(2):
            for j in range(2):
                expected[edge, pair[i]] += by_gate[edge, pair[j]] * p[j] * (float(i == j) - p[i])
    assert expected.abs().max() > 1e-5
    assert torch.allclose(ours, expected, atol=1e-12)


def test_latency_term_makes_fast_operations_likelier() -> None:
    latency = (0.0, 0.1, 1.0, 4.0, 0.5)
    space = Nats(SMALL.model_copy(update={"latency": latency}))
    costs = {}
    for weight in (0.0, 10.0):
        search = make_search("proxylessnas", space, latency_weight=weight, arch_lr=0.1)
        for _ in range(40):
            search.step(make_batch("train"), make_batch("val"))
        probabilities = torch.softmax(search.alpha.views()["cell"].detach(), -1)
        costs[weight] = float((probabilities @ torch.tensor(latency)).sum())
    assert costs[10.0] < 0.75 * costs[0.0]
