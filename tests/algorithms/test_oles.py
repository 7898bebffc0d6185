"""OLES: whose gradients are compared, and that what has stopped moves no more."""

from __future__ import annotations

import pytest
import torch
from searches import make_batch, make_search

from algorithms.oles import Oles
from spaces.base import Batch, Space
from spaces.darts import Darts, DartsOptions
from spaces.nats import Nats, NatsOptions

NATS = Nats(NatsOptions(channels=2, cells=1, image_size=8))
DARTS = Darts(DartsOptions(channels=2, cells=3, nodes=2, image_size=8))


def oles(space: Space = NATS, **hyper: object) -> Oles:
    search = make_search("darts1+oles", space, **hyper)
    assert isinstance(search, Oles)
    return search


def alone(search: Oles, edge: int, kind: int, name: str) -> torch.Tensor:
    """The numbers of the operations whose weights have a gradient where only one operation of one edge counts."""
    mix = search.space.relax(search.alpha.views(search.alpha.flat.detach()))
    for weights in mix.weights.values():
        weights[:, :] = torch.eye(weights.shape[1])[search.space.skip[1]]
    mix.weights[name][edge] = torch.eye(mix.weights[name].shape[1])[kind]
    gradient = search.passes.gradient(search.w.flat, search.alpha.flat, make_batch("val"), "w", lambda a: mix)[0]
    return search.operation[gradient != 0].unique()


@pytest.mark.parametrize(
    ("space", "operations", "cells", "name"), [(NATS, (2, 3), 3, "cell"), (DARTS, (4, 5, 6, 7), 1, "normal")]
)
def test_each_operation_of_each_edge_and_cell_has_a_number_of_its_own(
    space: Space, operations: tuple[int, ...], cells: int, name: str
) -> None:
    search = oles(space)
    edges = len(search.alpha.views()[name])
    found = [alone(search, edge, kind, name) for edge in range(edges) for kind in operations]
    numbers = torch.cat([numbers[numbers > 0] for numbers in found])
    assert len(numbers) == len(numbers.unique()) == edges * len(operations) * cells
    if space is NATS:
        assert len(search.match) == len(numbers) + 1


def test_the_match_is_the_cosine_of_an_operations_gradients_on_both_halves(double: None) -> None:
    search, plain = oles(), make_search("darts1", NATS)
    train, val = make_batch("train"), make_batch("val")
    on_train, on_val = plain.grad_w(plain.w, train), plain.grad_w(plain.w, val)
    gradient = search.grad_alpha(search.w, val)
    assert torch.allclose(gradient, plain.grad_alpha(plain.w, val), atol=1e-12)
    assert torch.equal(search.grad_w(search.w, train), on_train)
    for number in (1, 7, 36):
        own = search.operation == number
        expected = torch.cosine_similarity(on_train[own], on_val[own], dim=0)
        assert search.match[number].item() == pytest.approx(expected.item(), abs=1e-10)


def test_an_operation_below_the_threshold_stays_where_it_is_and_the_others_move_on() -> None:
    search = oles(oles_every=2, weight_decay=1e-2)
    train, val = make_batch("train"), make_batch("val")
    search.step(train, val)
    assert not search.frozen.any()
    search.step(train, val)
    stopped = search.frozen[search.operation]
    assert 0 < search.frozen.sum() < len(search.frozen) - 1
    there = search.w.flat.detach().clone()
    for _ in range(3):
        search.step(train, val)
    # Momentum and decay would have moved them on.
    moved = search.w.flat.detach() != there
    assert not moved[search.frozen[search.operation] & stopped].any()
    assert moved[~search.frozen[search.operation]].float().mean() > 0.99


def test_halves_that_are_one_batch_match_in_full_so_that_nothing_stops() -> None:
    search, batch = oles(oles_every=1, oles_threshold=0.99), make_batch("train")
    same = Batch(batch.x, batch.y, "val")
    for _ in range(3):
        search.on_val = search.grad_both(search.w, same)[0]
        search.grad_w(search.w, batch)
    assert not search.frozen.any()
