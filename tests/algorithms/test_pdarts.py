"""P-DARTS: its frozen α, its dropout, and the skips of its genotype against the authors' rule, spelt out."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from staged import VAL, darts, give, nats, pdarts, steps

from algorithms.pdarts import PDarts, PDartsHyper
from harness.config.protocol import Protocol
from results.errors import BadInput
from spaces import SPACES
from spaces.base import CLOSED, Mix, Space
from spaces.darts_graph import CELLS, OPERATIONS, edges
from spaces.nats import Nats
from spaces.nats_cell import OPERATIONS as NATS_OPERATIONS

SKIP, NATS_SKIP = OPERATIONS.index("skip_connect"), NATS_OPERATIONS.index("skip_connect")


@pytest.mark.parametrize(
    ("space", "hyper", "fault"),
    [
        ("bilevel", {}, "^pdarts needs a space that stacks cells; bilevel does not: search darts or nats$"),
        ("resnet164", {}, "a space that stacks cells; resnet164 does not"),
        ("darts", {"depths": (2, 5, 8)}, "needs 3 cells"),
    ],
)
def test_what_cannot_be_is_refused(space: str, hyper: dict[str, Any], fault: str) -> None:
    with pytest.raises(BadInput, match=fault):
        PDarts.check(SPACES[space](), PDarts.Hyper(**hyper))


def test_dropout_is_a_probability() -> None:
    with pytest.raises(ValidationError, match="from 0 to below 1"):
        PDartsHyper(dropout=(0.0, 0.5, 1.0))


def test_in_the_frozen_share_of_a_stage_no_alpha_moves_and_no_pass_of_it_is_counted() -> None:
    search = pdarts(nats())
    for stage in range(3):
        steps(search, stage / 3)  # enters the stage
        alpha, w, counts = search.alpha.flat.detach().clone(), search.w.flat.detach().clone(), search.counts.as_dict()
        steps(search, *((stage + share) / 3 for share in (0.1, 0.2, 0.3999)))
        assert torch.equal(search.alpha.flat, alpha)
        assert not torch.equal(search.w.flat, w)
        after = search.counts.as_dict()
        assert [after[n] - counts[n] for n in ("forwards", "weight_backwards", "alpha_backwards")] == [3, 3, 0]
        steps(search, *((stage + share) / 3 for share in (0.4, 0.7, 0.99)))
        assert not torch.equal(search.alpha.flat, alpha)
        assert search.counts.alpha_backwards == after["alpha_backwards"] + 3
        assert search.counts.forwards == after["forwards"] + 6
        assert search.counts.macs > after["macs"]


@cache
def cell_search() -> PDarts:
    return pdarts(darts())


def authors_rule(weights: list[list[float]], most: int) -> list[tuple[int, int, str]]:
    """Of one cell's rows the (target, source, operation) kept, as the authors' code goes about it.

    An edge counts by its best weight, none's apart; of each node the best two stay; while the skips among them are more
    than ``most``, the weight of the weakest becomes 0 and all is done again.
    """
    rows = [[0.0, *row[1:]] for row in weights]
    while True:
        kept = []
        for target in range(2, 6):
            into = [i for i, (t, _) in enumerate(edges(4)) if t == target]
            kept += sorted(into, key=lambda i: max(rows[i]))[-2:]
        skips = [i for i in kept if max(rows[i]) == rows[i][SKIP]]
        if len(skips) <= most:
            return sorted((*edges(4)[i], OPERATIONS[rows[i].index(max(rows[i]))]) for i in kept)
        rows[min(skips, key=lambda i: rows[i][SKIP])][SKIP] = 0.0


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), most=st.integers(0, 8), lean=st.floats(-1.0, 4.0))
def test_genotype_is_the_authors_and_its_normal_cell_has_at_most_the_allowed_skips(
    seed: int, most: int, lean: float
) -> None:
    search, generator = cell_search(), torch.Generator().manual_seed(seed)
    search.hyper = search.hyper.model_copy(update={"max_skips": most})
    alpha = torch.randn(2, 14, 8, generator=generator)
    alpha[..., SKIP] += lean
    out = torch.rand(2, 14, 8, generator=generator).argsort(-1)[..., :5]
    with torch.no_grad():
        search.alpha.flat.copy_(alpha.scatter(-1, out, CLOSED).flatten())
    weights = {name: torch.softmax(a.detach(), -1).tolist() for name, a in search.alpha.views().items()}
    names = ("c_{k-2}", "c_{k-1}", "0", "1", "2", "3")
    found: dict[str, list[tuple[int, int, str]]] = {name: [] for name in CELLS}
    for edge in search.space.edges(search.genotype()):
        if edge.target in names:
            found[edge.cell].append((names.index(edge.target), names.index(edge.source), edge.operation))
    assert sorted(found["normal"]) == authors_rule(weights["normal"], most)
    assert sorted(found["reduce"]) == authors_rule(weights["reduce"], 8), "the reduction cell may have any number"
    assert sum(operation == "skip_connect" for _, _, operation in found["normal"]) <= most


def test_weakest_skip_goes_first_and_its_edge_may_go_with_it() -> None:
    search, rows = cell_search(), edges(4)
    search.hyper = search.hyper.model_copy(update={"max_skips": 2})
    weights = torch.full((14, 8), 0.001)
    weights[:, 4] = 0.3
    # Node 2 has both edges, skips of 0.9 and 0.5; node 3 one of 0.6 from node 2, its others are worth 0.3 and 0.4;
    # without its skip the edge from node 2 is worth 0.25.
    for edge, skip in (((2, 0), 0.9), ((2, 1), 0.5), ((3, 2), 0.6)):
        weights[rows.index(edge), SKIP] = skip
    weights[rows.index((3, 2)), 4] = 0.25
    weights[rows.index((3, 1)), 5] = 0.4
    weights[:, 0] = 1 - weights[:, 1:].sum(-1)  # so that softmax of the logarithms is the weights
    with torch.no_grad():
        search.alpha.flat.copy_(weights.clamp(min=1e-6).log().repeat(2, 1).flatten())

    def chosen() -> dict[tuple[str, str], str]:
        normal = [e for e in search.space.edges(search.genotype()) if e.cell == "normal" and e.target in "01"]
        return {(e.source, e.target): e.operation for e in normal}

    first = {("c_{k-2}", "0"): "skip_connect", ("c_{k-1}", "0"): "sep_conv_3x3"}
    assert chosen() == first | {("c_{k-1}", "1"): "sep_conv_5x5", ("0", "1"): "skip_connect"}
    search.hyper = search.hyper.model_copy(update={"max_skips": 1})
    # Without its skip of 0.6 the edge between the nodes is worth 0.25, less than the first one's 0.3.
    assert chosen() == first | {("c_{k-1}", "1"): "sep_conv_5x5", ("c_{k-2}", "1"): "sep_conv_3x3"}


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), most=st.integers(0, 6))
def test_on_nats_the_strongest_skips_stay_and_the_other_edges_take_what_is_next(seed: int, most: int) -> None:
    search = nats_search()
    search.hyper = search.hyper.model_copy(update={"max_skips": most})
    give(search, seed)
    with torch.no_grad():
        search.alpha.views()["cell"][:, NATS_SKIP] += 1.0
    rows = torch.softmax(search.alpha.views()["cell"].detach(), -1).tolist()
    skips = sorted((row[NATS_SKIP], i) for i, row in enumerate(rows) if max(row) == row[NATS_SKIP])
    allowed = {i for _, i in skips[len(skips) - most :]} if most < len(skips) else {i for _, i in skips}
    expected = []
    for i, row in enumerate(rows):
        others = [w if o != NATS_SKIP or i in allowed else 0.0 for o, w in enumerate(row)]
        expected.append(NATS_OPERATIONS[others.index(max(others))])
    assert [edge.operation for edge in search.space.edges(search.genotype())] == expected


@cache
def nats_search() -> PDarts:
    return pdarts(nats())


def test_dropout_falls_linearly_while_alpha_is_frozen_and_exponentially_after_from_the_start_again() -> None:
    search = pdarts(nats(), depths=(1, 1, 1))
    rates = []
    for epoch in range(75):  # the authors' three stages of 25 epochs, ten of each without α
        search.on_epoch(epoch, epoch / 75)
        rates.append(search.rate)
    expected = [
        p * ((25 - epoch) / 25 if epoch < 10 else math.exp(-0.2 * (epoch - 10)))
        for p in (0.0, 0.4, 0.7)
        for epoch in range(25)
    ]
    assert rates == pytest.approx(expected, rel=1e-6)


def test_dropout_drops_single_values_at_its_rate_and_keeps_the_expectation() -> None:
    search = pdarts(nats())
    search.on_epoch(0, 0.4)
    search.progress = (1 + 0.4) / 3
    assert search.rate == pytest.approx(0.4)
    x = torch.randn(8, 4, 8, 8).clamp(min=0.1)
    before = torch.get_rng_state()
    many = torch.stack([search.drop(x) for _ in range(400)])
    dropped = many == 0
    assert torch.allclose(many[~dropped], (x / 0.6).expand_as(many)[~dropped])
    n = many.numel()
    assert abs(dropped.double().mean() - 0.4) < 4 * math.sqrt(0.24 / n)
    assert (many.mean(0) / x - 1).abs().max() < 5 * math.sqrt(0.4 / 0.6 / 400)
    # No pixel, channel or image is dropped as a whole.
    assert dropped[0].sum((1, 2, 3)).min() > 0
    assert dropped[0].sum((0, 2, 3)).max() < 8 * 64
    assert not torch.equal(many[0], many[1])
    assert torch.equal(torch.get_rng_state(), before), "the global generator is nobody's"


@pytest.mark.parametrize("space", [nats(), darts()])
def test_training_passes_drop_and_diagnostics_do_not(space: Space) -> None:
    search = pdarts(space)
    search.on_epoch(0, 0.5)
    give(search, 1)
    calls: list[torch.Size] = []

    def watched(alpha: dict[str, torch.Tensor]) -> Mix:
        mix: Mix = search.dropped(alpha)

        def after(x: torch.Tensor) -> torch.Tensor:
            calls.append(x.shape)
            return search.drop(x)

        return Mix(mix.weights, mix.active, after)

    w, alpha = search.w.flat.detach(), search.alpha.flat.detach()
    plain = [search.passes.loss(w, alpha, VAL)[0] for _ in range(2)]
    assert torch.equal(*plain)
    noisy = [search.passes.loss(w, alpha, VAL, watched)[0] for _ in range(2)]
    assert len({float(loss) for loss in (*noisy, plain[0])}) == 3
    depth = search.depths[1]
    if isinstance(space, Nats):
        assert len(calls) == 2 * 3 * depth * sum(NATS_SKIP in edge for edge in search.left["cell"])
    else:
        # A reduction cell's skips from its two inputs are convolutions.
        inside = [SKIP in edge for edge, (_, s) in zip(search.left["reduce"], edges(4), strict=True) if s > 1]
        assert len(calls) == 2 * ((depth - 2) * sum(SKIP in e for e in search.left["normal"]) + 2 * sum(inside))


def test_protocols_give_the_authors_learning_rate_of_alpha_where_they_give_that_of_darts() -> None:
    def rate(protocol: str, space: str, algorithm: str) -> float:
        made = Protocol.load(protocol, space).trial(algorithm, 0, {"classes": 10, "in_channels": 3}, "none")
        return float(made.hyper.model_dump()["arch_lr"])

    for protocol, space in (("paper", "nats"), ("paper", "darts"), ("mini", "nats"), ("mini", "darts")):
        assert rate(protocol, space, "pdarts") == pytest.approx(2 * rate(protocol, space, "darts1"))
