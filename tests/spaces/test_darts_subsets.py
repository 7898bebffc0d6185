"""RobustDARTS's S1 to S4: what their edges can have, and that nothing else is run, found, drawn or mutated to."""

from __future__ import annotations

from typing import get_args

import pytest
import torch
import torch.nn.functional as F
from plain_darts_supernet import PlainSupernet
from pydantic import ValidationError
from searches import make_batch, make_search, seeded

from results.errors import BadInput
from spaces.base import Mix
from spaces.darts import Darts, DartsOptions
from spaces.darts_genotype import INPUTS, parse
from spaces.darts_graph import CELLS, OPERATIONS, edges
from spaces.darts_subsets import NOISE, WHOLE, Subset, allowed, columns
from spaces.noise import noise_like

SUBSETS = get_args(Subset)


def space(subset: str) -> Darts:
    return Darts(DartsOptions(channels=2, cells=3, image_size=8, operations=subset))  # type: ignore[arg-type]


def within(genotype: str, subset: Subset) -> bool:
    """Whether each edge has one of its operations."""
    architecture, rows = parse(genotype), edges(4)
    return all(
        name in [columns(subset)[c] for c in allowed(subset, 4)[kind][rows.index((node, source))]]
        for kind in CELLS
        for node, incoming in enumerate(getattr(architecture, kind).nodes, INPUTS)
        for name, source in incoming
    )


def test_sizes_are_the_papers() -> None:
    sizes = {subset: {len(edge) for kind in CELLS for edge in allowed(subset, 4)[kind]} for subset in SUBSETS}
    assert sizes == {"all": {8}, "s1": {2}, "s2": {2}, "s3": {3}, "s4": {2}, "no_skip": {7}, "all_skip": {8}}


@pytest.mark.parametrize(
    ("name", "subset"),
    [*((f"darts_s1_{seed}", "s1") for seed in (1, 2, 3))]
    + [(f"{who}_s{i}", f"s{i}") for who in ("sdarts_rs", "sdarts_adv", "darts_minus") for i in (1, 2, 3, 4)],
)
def test_what_was_published_on_a_space_lies_in_it_and_not_in_another(name: str, subset: Subset) -> None:
    assert within(name, subset)
    assert not within(name, {"s1": "s2", "s2": "s4", "s3": "s4", "s4": "s1"}[subset])  # type: ignore[arg-type]


def test_seven_of_eight_edges_of_the_first_cell_found_on_s1_are_skips() -> None:
    normal = [edge for edge in space("s1").edges("darts_s1_1") if edge.cell == "normal" and edge.operation != "concat"]
    assert sum(edge.operation == "skip_connect" for edge in normal) == 7


@pytest.mark.parametrize("subset", [s for s in SUBSETS if s not in WHOLE])
def test_what_an_edge_cannot_have_has_neither_weight_nor_gradient_and_is_never_found(subset: Subset) -> None:
    search, train, val = make_search("darts1", space(subset), arch_lr=0.1), make_batch("train"), make_batch("val")
    for _ in range(3):
        search.step(train, val)
    slope = search.alpha.views(search.grad_alpha(search.w, val))
    for kind, weights in search.relax(search.alpha.views()).weights.items():
        open_ = torch.zeros_like(weights, dtype=torch.bool)
        for row, kept in enumerate(allowed(subset, 4)[kind]):
            open_[row, kept] = True
        assert not weights[~open_].any() and (weights[open_] > 0).all()
        assert not slope[kind][~open_].any()
    assert within(search.genotype(), subset)


@pytest.mark.parametrize(
    ("subset", "name", "least"),
    [(f"s{i}", name, 0.99) for i in (1, 2, 3, 4) for name in ("darts1", "fairdarts")]
    + [("s1", "pcdarts", 0.99), ("s3", "drnas", 0.9)],
)
def test_what_no_edge_can_have_counts_as_no_decision(subset: Subset, name: str, least: float) -> None:
    """α has hardly been drawn apart: its entropy is near its maximum over what the edges can have."""
    assert least < make_search(name, space(subset), **({"parts": 2} if name == "pcdarts" else {})).undecided() <= 1


@pytest.mark.parametrize("subset", SUBSETS)
def test_draws_and_mutations_stay_inside(subset: Subset) -> None:
    generator, inside = seeded(subset), space(subset)
    genotype = inside.sample(generator)
    for _ in range(60):
        assert within(genotype, subset)
        genotype = inside.mutate(genotype, generator)


def test_an_s2_supernet_is_the_plain_one_with_the_other_operations_weights_at_0(double: None) -> None:
    torch.manual_seed(0)
    small = Darts(DartsOptions(channels=2, cells=3, nodes=2, image_size=8, operations="s2"))
    network = small.supernet()
    alpha = small.alphas(seeded("alpha"))
    batch, plain = make_batch("val"), PlainSupernet(network, 2)
    mix = small.relax(alpha)
    assert mix.active is not None
    losses = [F.cross_entropy(n(batch.x, m), batch.y) for n, m in ((network, mix), (plain, Mix(mix.weights)))]
    assert abs(losses[0].item() - losses[1].item()) < 1e-10


def test_noise_is_standard_normal_other_on_every_edge_and_the_same_for_the_same_input() -> None:
    x = torch.randn(4, 8, 16, 16, generator=seeded("x"))
    first, again, other = noise_like(x), noise_like(x), noise_like(x, edge=1)
    assert torch.equal(first, again) and not torch.equal(first, noise_like(x + 1e-6))
    assert first.mean().abs() < 0.05 and abs(first.std() - 1) < 0.05
    assert torch.corrcoef(torch.stack([first.flatten(), other.flatten()]))[0, 1].abs() < 0.05


def test_a_found_cell_with_noise_is_trained_and_its_noise_has_the_strided_size() -> None:
    network = space("s4").build("darts_minus_s4")
    assert network(torch.randn(2, 3, 8, 8)).shape == (2, 10)
    assert sum(type(module).__name__ == "Noise" for module in network.modules()) > 0


def test_s1_lists_the_edges_of_four_nodes_and_noise_goes_through_no_partial_channels() -> None:
    with pytest.raises(ValidationError, match="give nodes = 4"):
        DartsOptions(nodes=3, operations="s1")
    with pytest.raises(BadInput, match="give another operations than s4"):
        space("s4").partial(2)
    assert columns("s4") == (*OPERATIONS, NOISE)
