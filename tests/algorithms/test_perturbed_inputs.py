"""DARTS-PT where nodes choose among their input edges: it picks what brute force on the plain supernet picks."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle
from typing import cast

import pytest
import torch
from plain_darts_supernet import PlainSupernet
from searches import make_batch, make_search
from torch import Tensor

from algorithms import ALGORITHMS
from algorithms.perturbation import Perturbation
from results.errors import BadInput
from spaces.base import Mix, Space
from spaces.bilevel import Bilevel
from spaces.darts import Darts, DartsOptions
from spaces.darts_genotype import parse
from spaces.darts_graph import CELLS, OPERATIONS, edges
from spaces.darts_supernet import Supernet
from spaces.resnet164 import ResNet164

NODES = 3
GRAPH = edges(NODES)


def searched(nodes: int = 2, epochs: int = 1, **hyper: object) -> Perturbation:
    """A search after a few epochs on two pairs of batches."""
    space = Darts(DartsOptions(channels=2, cells=3, nodes=nodes, image_size=8))
    search = make_search("darts1+pt", space, arch_lr=0.05, lr=0.1, **hyper)
    assert isinstance(search, Perturbation)
    for epoch in range(epochs):
        search.on_epoch(epoch, epoch / epochs)
        search.epoch(pairs())
    return search


def pairs() -> list[tuple[object, object]]:
    return [(make_batch("train"), make_batch("val", 32))] * 2


def plain(search: Perturbation) -> PlainSupernet:
    """The supernet of the search operation by operation, with the weights found."""
    merged = cast(Supernet, search.space.supernet())
    torch.nn.utils.vector_to_parameters(search.w.flat.detach(), merged.parameters())
    return PlainSupernet(merged, NODES)


def orders(search: Perturbation, count: int, generator: torch.Generator) -> list[list[int]]:
    """One random order for each kind of cell."""
    return [torch.randperm(count, generator=generator).tolist() for _ in CELLS]


@torch.no_grad()
def by_brute_force(search: Perturbation) -> dict[str, list[set[tuple[str, int]]]]:
    """The inputs (operation, source) of each node, by the authors' loops over every removal."""
    network, batch, generator = plain(search), make_batch("val", 32), search.seeded("sample")
    weights = {name: torch.softmax(a.detach(), -1) for name, a in search.alpha.views().items()}
    ties = []

    def hits(changed: Mapping[str, Tensor]) -> int:
        return int((network(batch.x, Mix(weights | changed)).argmax(1) == batch.y).sum())

    def without(name: str, row: int, columns: slice | int) -> int:
        less = weights[name].clone()
        less[row, columns] = 0
        return hits({name: less})

    for turn in zip(*orders(search, len(GRAPH), generator), strict=True):
        for name, row in zip(CELLS, turn, strict=True):
            losses = [without(name, row, column) for column in range(1, len(OPERATIONS))]
            weights[name] = weights[name].clone()
            weights[name][row] = torch.eye(len(OPERATIONS))[1 + losses.index(min(losses))]
            ties.append(len(set(losses)) == 1)
    for turn in zip(*orders(search, NODES - 1, generator), strict=True):
        for name, node in zip(CELLS, turn, strict=True):
            # The first node has two inputs. A node's least needed input goes, one by one, as in the authors' code.
            rows = [row for row, (target, _) in enumerate(GRAPH) if target == node + 3]
            losses = {row: without(name, row, slice(None)) for row in rows}
            ties.append(len(set(losses.values())) == 1)
            while len(rows) > 2:
                rows.remove(max(rows, key=lambda row: (losses[row], row)))
            for row in losses.keys() - rows:
                weights[name][row] = 0
    assert not all(ties)
    return {
        name: [
            {
                (OPERATIONS[int(weights[name][row].argmax())], source)
                for row, (target, source) in enumerate(GRAPH)
                if target == node and weights[name][row].any()
            }
            for node in range(2, NODES + 2)
        ]
        for name in CELLS
    }


def inputs(genotype: str) -> dict[str, list[set[tuple[str, int]]]]:
    return {name: [set(node) for node in getattr(parse(genotype), name).nodes] for name in CELLS}


def test_operations_and_inputs_are_those_of_brute_force(double: None) -> None:
    search = searched(NODES, 4, pt_tune_epochs=0, pt_batches=1)
    by_alpha, expected = search.genotype(), by_brute_force(search)
    search.select(cycle(pairs()))
    assert inputs(search.genotype()) == expected
    assert search.genotype() != by_alpha


def test_every_removal_and_every_tuning_is_counted_and_two_inputs_stay() -> None:
    search = searched(pt_tune_epochs=1, pt_batches=3)
    before = search.counts.as_dict()
    search.select(cycle(pairs()))
    # Five edges of seven operations and the three inputs of one node, in two cells, each on three batches; an epoch of
    # two steps of 2F + B + Bα between two of the six rounds.
    assert search.counts.forwards - before["forwards"] == 2 * (5 * 7 + 3) * 3 + 5 * 2 * 2
    assert search.counts.weight_backwards - before["weight_backwards"] == 5 * 2
    assert search.counts.alpha_backwards - before["alpha_backwards"] == 5 * 2
    found = search.space.one_hot(search.genotype())
    mix = search.relax({name: a.detach() for name, a in search.alpha.views().items()})
    assert all(torch.equal(mix.weights[name], found[name]) for name in CELLS)
    assert all(found[name].sum() == 4 and not found[name][:, 0].any() for name in CELLS)
    other = searched(epochs=0)
    other.load_state_dict(search.state_dict())
    assert other.genotype() == search.genotype()


def test_where_no_removal_tells_the_first_operation_and_the_first_inputs_stay_never_none() -> None:
    search = searched(pt_tune_epochs=0, pt_batches=1)
    # A bias that no logit outweighs: every answer is wrong, whatever is left out.
    bias = search.w.views(search.w.flat.detach())["classifier.bias"]
    batch = make_batch("val")
    bias.fill_(0)[0] = 1e6
    search.select(cycle([(batch, batch._replace(y=torch.full_like(batch.y, 9)))]))
    assert inputs(search.genotype()) == {name: [{("max_pool_3x3", 0), ("max_pool_3x3", 1)}] * 2 for name in CELLS}


@pytest.mark.parametrize("space", [Bilevel, ResNet164])
def test_a_space_without_operations_is_refused(space: type[Space]) -> None:
    cls = ALGORITHMS["rarts+pt"]
    with pytest.raises(BadInput, match=rf"rarts\+pt needs a space that chooses an .*; {space.name} does not"):
        cls.check(space(), cls.Hyper())
