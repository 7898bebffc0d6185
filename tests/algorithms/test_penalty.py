"""What α stands for is the search's to say: the latency penalty reaches every α, and no search is read by another's."""

from __future__ import annotations

import math

import pytest
import torch
from searches import make_batch, make_search, takes
from torch import Tensor

from algorithms import ALGORITHMS
from algorithms.search import Search
from spaces.nats import Nats, NatsOptions

LATENCY = (0.0, 1.0, 2.0, 5.0, 3.0)
SPACE = Nats(NatsOptions(channels=2, cells=1, image_size=8, latency=LATENCY))
SEARCHES = [name for name, cls in ALGORITHMS.items() if issubclass(cls, Search) and takes(name, SPACE)]


def stepped(name: str, kappa: float) -> Search:
    """The search after one step late in its budget, α by plain descent."""
    plain = {"arch_optimiser": "sgd", "arch_lr": 0.1, "arch_weight_decay": 0.0}
    own = {"parts": 2} if "parts" in ALGORITHMS[name].Hyper.model_fields else {}
    search = make_search(name, SPACE, latency_weight=kappa, **plain, **own)
    search.on_epoch(0, 0.9)
    search.step(make_batch("train"), make_batch("val"))
    return search


def latency(search: Search, alpha: Tensor) -> float:
    cost = search.space.penalty(search.expected(search.alpha.views(alpha)))
    assert cost is not None
    return float(cost)


@pytest.mark.parametrize("name", SEARCHES)
def test_the_penalty_reaches_every_alpha_that_moves(name: str) -> None:
    start = make_search(name, SPACE, **({"parts": 2} if "pcdarts" in name else {})).alpha.flat.detach().clone()
    free, held = stepped(name, 0.0), stepped(name, 10.0)
    if torch.equal(free.alpha.flat, start):  # random search with weight sharing has no α to move
        assert torch.equal(held.alpha.flat, start)
        return
    assert latency(held, held.alpha.flat.detach()) < latency(held, free.alpha.flat.detach())


@pytest.mark.parametrize("name", ["darts1", "darts2", "milenas", "milenas2", "rarts", "gdas", "fairdarts"])
def test_it_is_one_more_term_of_the_gradient(name: str, double: None) -> None:
    free, held = stepped(name, 0.0), stepped(name, 2.0)
    start = make_search(name, SPACE).alpha.flat.detach().clone().requires_grad_()
    cost = free.space.penalty(free.expected(free.alpha.views(start)))
    assert cost is not None
    (slope,) = torch.autograd.grad(cost, start)
    assert torch.allclose(held.alpha.flat - free.alpha.flat, -0.1 * 2.0 * slope, atol=1e-12)


def test_gates_that_do_not_compete_are_not_read_by_a_softmax(double: None) -> None:
    undecided = {}
    for name in ("darts1", "fairdarts"):
        search = make_search(name, SPACE)
        with torch.no_grad():
            search.alpha.flat.fill_(4.0)
        undecided[name] = search.undecided()
    # Equal α: five choices are as open as can be, five gates are all but decided.
    gate = 1 / (1 + math.exp(-4.0))
    entropy = -gate * math.log(gate) - (1 - gate) * math.log(1 - gate)
    assert undecided == {"darts1": pytest.approx(1.0), "fairdarts": pytest.approx(entropy / math.log(2), rel=1e-12)}


def test_expected_latency_of_gates_is_their_sum(double: None) -> None:
    search = make_search("fairdarts", SPACE)
    alpha = torch.linspace(-3, 3, 30)
    scale = torch.tensor(LATENCY) / (sum(LATENCY) / 5)
    assert latency(search, alpha) == pytest.approx(float((torch.sigmoid(alpha).view(6, 5) * scale).sum()), rel=1e-12)


def test_what_is_selected_does_not_change_what_alpha_stands_for() -> None:
    search = make_search("darts1+pt", SPACE, pt_tune_epochs=0, pt_batches=1)
    before = search.undecided()
    search.select(iter([(make_batch("train"), make_batch("val"))] * 200))
    assert search.undecided() == before > 0.99
