"""SmoothDARTS: where the weight step is taken, and that the attack is one."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from searches import make_batch, make_search

from algorithms.sdarts import Smooth, onto_simplex
from algorithms.sdarts_adv import STEPS
from results.errors import BadInput
from spaces.base import Mix
from spaces.nats import Nats, NatsOptions

SMALL = NatsOptions(channels=2, cells=1, image_size=8)


def smooth(name: str, **hyper: object) -> Smooth:
    search = make_search(name, Nats(SMALL), **hyper)
    assert isinstance(search, Smooth)
    search.on_epoch(0, 1.0)
    return search


def moved(search: Smooth, batch: Any) -> torch.Tensor:
    mix = search.relax(search.alpha.views(search.alpha.flat.detach()))
    return search.moved(search.w, batch, mix)["cell"]


def loss(search: Smooth, weights: torch.Tensor, batch: Any) -> float:
    return float(search.passes.loss(search.w.flat, search.alpha.flat, batch, lambda alpha: Mix({"cell": weights}))[0])


@pytest.mark.parametrize("part", ["sdarts_rs", "sdarts_adv"])
def test_the_weight_step_is_taken_at_moved_weights_on_the_simplex_and_alphas_is_not(part: str, double: None) -> None:
    search, plain, batch = smooth(f"darts1+{part}"), make_search("darts1", Nats(SMALL)), make_batch("train")
    state = search.noise.get_state()
    ours = search.grad_w(search.w, batch)
    search.noise.set_state(state)
    there = moved(search, batch)
    assert torch.allclose(there.sum(-1), torch.ones(6)) and (there >= 0).all()
    at = plain.grad_w(plain.w, batch, lambda alpha: Mix({"cell": there}))
    assert torch.equal(ours, at)
    assert not torch.equal(ours, plain.grad_w(plain.w, batch))
    assert torch.equal(search.grad_alpha(search.w, batch), plain.grad_alpha(plain.w, batch))


def test_random_moves_are_uniform_within_epsilon_before_the_simplex_takes_them_back(double: None) -> None:
    search = smooth("darts1+sdarts_rs", sdarts_epsilon=0.01)
    draws = torch.stack([moved(search, None) for _ in range(400)])
    # At ε = 0.01 about 1/5 nothing is clipped: p' = (p + δ) / (1 + Σδ), δ uniform, variance ε²/3.
    centre = torch.softmax(search.alpha.views()["cell"].detach(), -1)
    away = draws - centre
    expected = 0.01**2 / 3 * (1 - 2 * centre + 5 * centre**2)
    assert torch.allclose(away.var(0).mean(), expected.mean(), rtol=0.05)
    assert away.mean().abs() < 1e-4
    assert away.abs().max() < 0.01 + 5 * 0.01 * centre.max()


def test_the_attack_ends_at_a_loss_no_lower_than_without_it_and_above_random_moves(double: None) -> None:
    attack, random = smooth("darts1+sdarts_adv"), smooth("darts1+sdarts_rs")
    higher = 0
    for seed in range(5):
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for search in (attack, random):
                search.alpha.flat.copy_(torch.randn(30, generator=generator.manual_seed(seed)))
        batch = make_batch("train", count=32)
        still = loss(attack, torch.softmax(attack.alpha.views()["cell"].detach(), -1), batch)
        worst = loss(attack, moved(attack, batch), batch)
        assert worst >= still
        higher += worst > sum(loss(random, moved(random, batch), batch) for _ in range(20)) / 20
    assert higher == 5


def test_the_attack_costs_nine_forwards_and_seven_backwards_to_the_operations_weights() -> None:
    search, batch = smooth("darts1+sdarts_adv"), make_batch("train")
    search.grad_w(search.w, batch)
    counts = search.counts
    assert (counts.forwards, counts.weight_backwards, counts.alpha_backwards) == (STEPS + 3, 1, STEPS)


def test_epsilon_grows_linearly_from_0_03_to_0_3() -> None:
    search = smooth("darts1+sdarts_rs")
    radii = []
    for share in (0.0, 0.5, 1.0):
        search.progress = share
        radii.append(search.epsilon)
    assert radii == pytest.approx([0.03, 0.165, 0.3])


def test_an_edge_whose_weights_all_fall_to_0_keeps_its_largest() -> None:
    mix = Mix({"cell": torch.tensor([[0.2, 0.5, 0.3], [0.2, 0.5, 0.3]])})
    there = onto_simplex(mix, {"cell": torch.tensor([[-0.9, -0.6, -0.45], [0.1, -0.5, 0.7]])})["cell"]
    assert torch.allclose(there, torch.tensor([[0.0, 1.0, 0.0], [0.3 / 1.3, 0.0, 1.0 / 1.3]]))


def test_where_one_pass_gives_both_gradients_there_is_nothing_to_move() -> None:
    with pytest.raises(BadInput, match="one pass gives w's gradient and α's"):
        smooth("rarts+sdarts_rs", update_order="jacobi")
