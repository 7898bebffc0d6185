"""The DARTS-Bench-Suite's supernets and its set with a skip on every edge: sizes, the plain oracle, what is found."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_darts_supernet import PlainSupernet
from plain_partial import PlainDarts
from searches import make_batch, make_search, seeded

from algorithms import ALGORITHMS
from algorithms.curvature import largest_eigenvalue
from harness.config.protocol import Protocol, validated
from results.errors import BadInput
from spaces.base import Mix
from spaces.counting import multiply_adds, parameters
from spaces.darts import Darts, DartsOptions
from spaces.darts_cell import Skipping, operation
from spaces.darts_genotype import INPUTS, canonical, parse
from spaces.darts_graph import edges
from spaces.darts_partial import PartialSupernet
from spaces.darts_supernet import Supernet

SETS = ("all", "no_skip", "all_skip")
CIFAR = {"classes": 10, "in_channels": 3}


def space(**options: object) -> Darts:
    return Darts(validated("space", DartsOptions, {"image_size": 8, "channels": 2} | options))


def whole(shape: str, operations: str = "all") -> Darts:
    return Darts(validated("space", DartsOptions, {"shape": shape, "operations": operations}))


def test_shapes_have_the_authors_sizes() -> None:
    """C, layers, steps and multiplier of their scripts/benchsuite_experiments/benchsuite.py and model_search.py."""
    found = {shape: whole(shape).options for shape in ("wide", "deep", "single_cell")}
    sizes = {name: (o.channels, o.cells, o.nodes, o.concat or o.nodes) for name, o in found.items()}
    assert sizes == {"wide": (18, 4, 4, 4), "deep": (7, 18, 4, 4), "single_cell": (26, 1, 8, 4)}


def test_the_single_cell_has_the_published_number_of_parameters() -> None:
    """1,048,968 (their searchspace/darts/supernet.py): the count takes in what their supernet holds beside its cell.

    These are the auxiliary skips of the 16 edges of stride 2, which have an affine batch norm there, α and β of both
    kinds of cells, and attention over eight operations: 4 · 8² weights and 4 · 8 biases.
    """
    with torch.device("meta"):
        ours = parameters(whole("single_cell", "all_skip").supernet())
    rows, width = len(edges(8)), 52
    assert rows == 44
    assert ours + 16 * 2 * width + 2 * rows * 8 + 2 * rows + 4 * 8 * 8 + 4 * 8 == 1_048_968


def test_the_single_cell_is_a_reduction_cell_and_has_its_alpha_alone() -> None:
    single = space(shape="single_cell")
    network = single.supernet()
    assert [cell.kind for cell in network.cells] == ["reduce"]  # type: ignore[union-attr]
    assert {name: tuple(a.shape) for name, a in single.alphas(seeded("alpha")).items()} == {"reduce": (44, 8)}
    assert (single.layers("normal"), single.layers("reduce")) == (0, 1)
    assert network.classifier.in_features == 4 * 2 * 2  # type: ignore[union-attr]


@pytest.mark.parametrize("operations", SETS)
@pytest.mark.parametrize("shape", ["wide", "single_cell"])
def test_merged_supernet_equals_plain_loss_and_gradients(double: None, shape: str, operations: str) -> None:
    torch.manual_seed(0)
    small = space(shape=shape, operations=operations)
    merged = small.supernet()
    assert isinstance(merged, Supernet)
    plain = PlainSupernet(merged, small.options.nodes)
    alpha = {kind: torch.randn(a.shape).requires_grad_() for kind, a in small.alphas(seeded("alpha")).items()}
    closed = {kind: a.detach() < -1 for kind, a in small.alphas(seeded("alpha")).items()}
    batch = make_batch("val")
    weights = {kind: a.masked_fill(closed[kind], -1000.0) for kind, a in alpha.items()}
    mix = small.relax(weights)
    losses, slopes, of_weights = [], [], []
    for network, m in ((merged, mix), (plain, Mix(mix.weights))):
        losses.append(F.cross_entropy(network(batch.x, m), batch.y))
        wanted = [*alpha.values(), *network.parameters()]
        found = torch.autograd.grad(losses[-1], wanted, retain_graph=True, allow_unused=True)
        slopes.append(found[: len(alpha)])
        of_weights.append(dict(zip(network.parameters(), found[len(alpha) :], strict=True)))
    assert abs(losses[0] - losses[1]) < 1e-10
    assert all((a - b).abs().max() < 1e-10 for a, b in zip(*slopes, strict=True))
    for weight, slope in of_weights[1].items():
        stored, rows = plain.pieces.get(weight, (weight, slice(None)))  # type: ignore[call-overload]
        other = of_weights[0][stored]
        assert slope is None or not slope.any() if other is None else (other[rows] - slope).abs().max() < 1e-10


def test_partial_cells_send_the_added_skips_through_their_share_of_the_channels(double: None) -> None:
    torch.manual_seed(0)
    part = space(channels=4, cells=3, nodes=3, concat=2, operations="all_skip").partial(2)
    merged = part.supernet()
    assert isinstance(merged, PartialSupernet)
    plain = PlainDarts(merged, 3)
    mix = part.relax({name: torch.randn(a.shape) for name, a in part.alphas(seeded("alpha")).items()})
    x = make_batch("val").x
    assert (merged(x, mix) - plain(x, mix)).abs().max() < 1e-10


def test_active_operations_alone_keep_the_skip_of_every_edge(double: None) -> None:
    torch.manual_seed(1)
    skipped = space(cells=3, nodes=2, operations="all_skip")
    merged = skipped.supernet()
    assert isinstance(merged, Supernet)
    lists = [[4], [], [0], [2, 5, 7], [3]]
    weights = {kind: torch.zeros(5, 8) for kind in skipped.kinds}
    for weight in weights.values():
        for edge, kept in enumerate(lists):
            weight[edge, kept] = torch.rand(len(kept))
    x = make_batch("val").x
    expected = PlainSupernet(merged, 2)(x, Mix(weights))
    for active in (None, dict.fromkeys(weights, lists)):
        assert (merged(x, Mix(weights, active)) - expected).abs().max() < 1e-10


def test_every_edge_of_a_found_network_adds_a_skip() -> None:
    """At stride 1 the skip has no weights, at stride 2 it is a reduction: c² weights and an affine batch norm."""
    sizes = {"channels": 4, "cells": 3}
    genotype = space(**sizes).sample(seeded("genotype"))
    counts = [parameters(space(**sizes, operations=o).build(genotype)) for o in ("all", "all_skip")]
    halved = sum(source < INPUTS for node in parse(genotype).reduce.nodes for _, source in node)
    assert counts[1] - counts[0] == halved * sum(c * c + 2 * c for c in (8, 16))
    x = torch.randn(2, 4, 6, 6)
    torch.manual_seed(0)
    edge = Skipping("sep_conv_3x3", 4, 1)
    torch.manual_seed(0)
    assert torch.equal(edge(x), operation("sep_conv_3x3", 4, 1)(x) + x)


def test_added_skips_cost_multiply_adds_at_stride_2_alone() -> None:
    costs = []
    for operations in ("all", "all_skip"):
        small = space(channels=4, cells=3, nodes=2, operations=operations)
        mix = small.relax(small.alphas(seeded("alpha")))
        costs.append(
            multiply_adds(
                small.supernet().to("meta"), (3, 16, 16), Mix({k: w.to("meta") for k, w in mix.weights.items()})
            )
        )
    assert costs[1] - costs[0] == 4 * (8 * 8 * 8 * 8 + 16 * 16 * 4 * 4)


@given(st.integers(0, 10**6))
@settings(max_examples=20, deadline=None)
def test_a_found_single_cell_stands_for_both_kinds(seed: int) -> None:
    single, generator = space(shape="single_cell"), torch.Generator().manual_seed(seed)
    for genotype in (single.sample(generator), single.discretise(single.alphas(generator))):
        architecture = parse(genotype)
        assert canonical(genotype) == genotype and architecture.normal == architecture.reduce
        assert architecture.reduce.concat == (6, 7, 8, 9)
        assert [len(incoming) for incoming in architecture.reduce.nodes] == [2] * 8
        weights = single.one_hot(genotype)
        assert weights.keys() == {"reduce"} and weights["reduce"].sum() == 16
        assert single.strongest(weights) == genotype
        assert {edge.cell for edge in single.edges(genotype)} == {"reduce"}
        child = single.mutate(genotype, generator)
        before, after = single.one_hot(genotype)["reduce"], single.one_hot(child)["reduce"]
        assert parse(child).normal == parse(child).reduce
        assert (before != after).sum() == 2
    bounded = parse(single.threshold({"reduce": torch.rand(44, 8, generator=generator)}, 0.99))
    assert bounded.normal == bounded.reduce and {*bounded.reduce.concat} <= {6, 7, 8, 9}


@pytest.mark.parametrize("cells", [1, 3])
def test_a_found_single_cell_is_built_alone_and_in_a_stack(cells: int) -> None:
    """A reduction halves the image and doubles the width; of a stack of three, two are reductions."""
    single = space(shape="single_cell")
    built = space(cells=cells, nodes=8, concat=4).build(single.sample(seeded("genotype")))
    sides: list[tuple[int, ...]] = []
    for block in built.cells:
        block.register_forward_hook(lambda _module, _given, out: sides.append(tuple(out.shape)))
    assert built(torch.randn(2, 3, 8, 8)).shape == (2, 10)
    assert sides == ([(2, 16, 4, 4)] if cells == 1 else [(2, 8, 8, 8), (2, 16, 4, 4), (2, 32, 2, 2)])


def test_lambda_max_of_a_single_cell_is_that_of_the_dense_hessian(double: None) -> None:
    search = make_search("darts1", space(cells=1, nodes=2))
    batch, w = make_batch("val"), search.w.flat.detach()
    dense = torch.autograd.functional.hessian(
        lambda alpha: search.passes.loss(w, alpha, batch)[0], search.alpha.flat.detach()
    )
    expected = torch.linalg.eigvalsh(dense)[-1].item()
    assert dense.shape == (40, 40) and expected > 0
    assert largest_eigenvalue(search, batch) == pytest.approx(expected, rel=1e-2)


@pytest.mark.parametrize(
    ("name", "words"), [("pdarts", "from 1: the space darts needs 3"), ("darts1+lambda", "a single")]
)
def test_searches_that_need_a_stack_refuse_a_single_cell(name: str, words: str) -> None:
    cls = ALGORITHMS[name]
    with pytest.raises(BadInput, match=words):
        cls.check(space(shape="single_cell"), cls.Hyper())


@pytest.mark.parametrize(
    ("given", "sizes"),
    [
        (["shape=single_cell"], (26, 1, 8, 4)),
        (["shape=single_cell", "space.channels=4"], (4, 1, 8, 4)),
        (["space.channels=4", "space.shape=single_cell"], (4, 1, 8, 4)),
        (["space.shape=deep", "cells=6"], (7, 6, 4, None)),
        (["space.shape=given"], (4, 3, 4, None)),
    ],
)
def test_a_shape_replaces_the_protocols_sizes_but_none_that_is_given(given: list[str], sizes: tuple[int, ...]) -> None:
    options = Protocol.load("quick", "darts").set(given).trial("darts1", 0, CIFAR, "none").options
    assert isinstance(options, DartsOptions)
    assert (options.channels, options.cells, options.nodes, options.concat) == sizes


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"shape": "broad"}, "space.shape = 'broad'"),
        ({"concat": 5}, "space.concat = 5: a cell has 4 nodes: give no more"),
        ({"concat": 0}, "space.concat = 0"),
        ({"shape": "single_cell", "nodes": 3}, "space.concat = 4: a cell has 3 nodes"),
        ({"cells": 2}, "give 3 or more, or 1 for a reduction cell alone"),
    ],
)
def test_shapes_that_cannot_be_are_refused_in_one_line(options: dict[str, object], named: str) -> None:
    with pytest.raises(BadInput) as error:
        space(**options)
    assert named in str(error.value) and "\n" not in str(error.value)
