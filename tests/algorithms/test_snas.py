"""SNAS: what it draws, and that one backward pass moves both levels on both halves."""

from __future__ import annotations

import pytest
import torch
from searches import make_batch, make_search

from algorithms.snas import Snas
from spaces.nats import Nats, NatsOptions

SMALL = NatsOptions(channels=2, cells=1, image_size=8)
DRAWS = 20_000


def snas(tau: float = 1.0, **hyper: object) -> Snas:
    search = make_search("snas", Nats(SMALL), tau=tau, **hyper)
    assert isinstance(search, Snas)
    with torch.no_grad():
        search.alpha.flat.copy_(torch.randn(30, generator=torch.Generator().manual_seed(7)))
    return search


def draws(search: Snas) -> tuple[torch.Tensor, torch.Tensor]:
    """Relaxed draws (DRAWS, 6, 5), and softmax α (6, 5)."""
    alpha = search.alpha.views()["cell"].detach()
    drawn = search.concrete({"cell": alpha.expand(DRAWS, 6, 5)}).weights["cell"]
    return drawn, torch.softmax(alpha, -1)


@pytest.mark.parametrize("tau", [0.03, 0.5, 1.0, 10.0])
def test_argmax_of_a_draw_is_distributed_as_softmax_alpha_at_every_temperature(tau: float) -> None:
    drawn, probabilities = draws(snas(tau))
    frequencies = torch.nn.functional.one_hot(drawn.argmax(-1), 5).double().mean(0)
    deviation = (probabilities * (1 - probabilities) / DRAWS).sqrt()
    # 30 frequencies: five standard deviations are passed by chance once in 60,000 runs, and the seed is fixed.
    assert ((frequencies - probabilities).abs() < 5 * deviation).all()


def test_mean_of_a_draw_tends_to_softmax_alpha_as_the_temperature_falls() -> None:
    distances = []
    for tau in (10.0, 1.0, 0.3, 0.03):
        drawn, probabilities = draws(snas(tau))
        distances.append(float((drawn.mean(0) - probabilities).abs().max()))
    assert distances == sorted(distances, reverse=True)
    assert distances[0] > 0.1
    assert distances[-1] < 5 * 0.5 / DRAWS**0.5


def test_draws_gradient_is_that_of_the_relaxed_weights(double: None) -> None:
    search, batch = snas(0.7), make_batch("train")
    state = search.generator.get_state()
    ours = search.grad_alpha(search.w, batch, search.concrete)
    noise = -torch.empty(6, 5).exponential_(generator=search.generator.set_state(state)).log()
    step = 1e-6
    direction = torch.randn(30, generator=torch.Generator().manual_seed(1))
    losses = []
    for sign in (1, -1):
        shifted = (search.alpha.flat.detach() + sign * step * direction).view(6, 5)
        mix = search.space.relax({"cell": (shifted + noise) / 0.7})
        losses.append(
            float(search.passes.loss(search.w.flat.detach(), search.alpha.flat, batch, lambda _, m=mix: m)[0])
        )
    assert float(ours @ direction) == pytest.approx((losses[0] - losses[1]) / (2 * step), rel=1e-5)


def test_both_halves_train_weights_and_alpha_in_one_pass_each() -> None:
    search = snas()
    w, alpha = search.w.flat.detach().clone(), search.alpha.flat.detach().clone()
    search.step(make_batch("train"), make_batch("val"))
    assert set(search.passes.take_losses()) >= {"train_loss", "val_loss"}
    assert not torch.equal(search.w.flat, w)
    assert not torch.equal(search.alpha.flat, alpha)
    counts = search.counts
    assert (counts.forwards, counts.weight_backwards, counts.alpha_backwards) == (2, 2, 0)


def test_resource_constraint_moves_alpha_to_the_cheap_operations() -> None:
    latency = (0.0, 0.1, 1.0, 4.0, 0.5)
    space = Nats(SMALL.model_copy(update={"latency": latency}))
    probabilities = {}
    for weight in (0.0, 10.0):
        search = make_search("snas", space, latency_weight=weight, arch_lr=0.1)
        for _ in range(20):
            search.step(make_batch("train"), make_batch("val"))
        probabilities[weight] = torch.softmax(search.alpha.views()["cell"].detach(), -1)
    costs = {weight: float((p @ torch.tensor(latency)).sum()) for weight, p in probabilities.items()}
    assert costs[10.0] < 0.5 * costs[0.0]


def test_temperature_falls_linearly_and_the_generator_is_in_the_state() -> None:
    search, other = snas(), snas()
    search.on_epoch(5, 0.5)
    assert search.tau == pytest.approx((1 + 0.03) / 2)
    search.step(make_batch("train"), make_batch("val"))
    other.load_state_dict(search.state_dict())
    assert torch.equal(search.generator.get_state(), other.generator.get_state())
