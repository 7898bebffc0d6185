"""Search in stages: how deep each is, what is left of each edge, and that none is lost to a small budget or a kill."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import torch
from equal_runs import frames
from searches import make_batch
from staged import darts, give, nats, pdarts, steps

from harness.config.protocol import Protocol
from harness.config.sections import Environment
from harness.execution.job import run_job
from spaces.base import CLOSED, Space
from spaces.darts_mixed import MixedCell
from spaces.nats import Nats
from spaces.nats_cell import EDGES
from spaces.nats_supernet import MixedCell as NatsCell


@pytest.mark.parametrize(
    ("space", "left", "cells"),
    [
        (darts(8), (8, 5, 3), (5, 11, 17)),
        (darts(3), (8, 5, 3), (3, 5, 7)),
        (nats(5), (5, 3, 2), (4, 7, 11)),
        (nats(1), (5, 3, 2), (1, 2, 3)),
    ],
)
def test_each_stage_is_deeper_and_keeps_the_operations_of_the_largest_alpha_edge_by_edge(
    space: Space, left: tuple[int, ...], cells: tuple[int, ...]
) -> None:
    search = pdarts(space)
    expected = {name: [set(range(left[0]))] * len(edges) for name, edges in search.left.items()}
    for stage in range(3):
        search.on_epoch(stage, stage / 3)
        assert search.stage == stage
        mixed = [m for m in search.passes.skeleton.modules() if isinstance(m, (MixedCell, NatsCell))]
        assert len(mixed) == cells[stage] * (3 if isinstance(space, Nats) else 1)
        assert {n: [set(edge) for edge in edges] for n, edges in search.left.items()} == expected
        weights = search.relax(search.alpha.views()).weights
        for name, rows in expected.items():
            for row, kept in zip(weights[name].tolist(), rows, strict=True):
                assert {o for o, weight in enumerate(row) if weight > 0} == kept
        # Anew: α is small again, and equal for no two operations.
        open_alpha = search.alpha.flat.detach()[search.alpha.flat > CLOSED]
        assert open_alpha.abs().max() < 0.01
        assert len(open_alpha.unique()) > 0.99 * len(open_alpha)
        give(search, stage)
        if stage < 2:
            by_size = {name: a.tolist() for name, a in search.alpha.views().items()}
            expected = {
                name: [set(sorted(range(len(row)), key=row.__getitem__)[-left[stage + 1] :]) for row in rows]
                for name, rows in by_size.items()
            }


def test_depths_can_be_given() -> None:
    search = pdarts(darts(8), depths=(3, 4, 6))
    for stage, cells in enumerate((3, 4, 6)):
        search.on_epoch(stage, stage / 3)
        assert len(search.passes.skeleton.cells) == cells  # type: ignore[arg-type]


def test_no_stage_is_left_out_however_small_the_budget() -> None:
    search = pdarts(nats())
    seen = []
    for share in (0.0, 0.9, 1.7):
        steps(search, share)
        seen.append(search.stage)
    assert seen == [0, 1, 2]


@pytest.mark.parametrize("epochs", [3, 9, 10, 25, 30, 75])
def test_a_stage_of_whole_epochs_begins_with_its_first_and_the_learning_rate_falls_once_in_each(epochs: int) -> None:
    search, rates = pdarts(nats(), lr=0.1, lr_min=0.0), []
    for epoch in range(epochs):
        search.on_epoch(epoch, epoch / epochs)
        assert search.stage == 3 * epoch // epochs
        rates.append(search.w.lr)
    begun = [3 * epoch / epochs % 1 for epoch in range(epochs)]
    assert rates == pytest.approx([0.05 * (1 + math.cos(math.pi * share)) for share in begun], abs=1e-9)


def test_an_operation_that_is_left_out_stays_out_whatever_alphas_optimiser_does() -> None:
    search = pdarts(nats(), arch_lr=10.0, arch_weight_decay=1.0, frozen=0.0)
    steps(search, 0.0, 0.4)
    closed = search.alpha.flat.detach() == CLOSED
    steps(search, *[0.5] * 20)
    assert closed.sum() == 6 * 2
    assert torch.equal(search.alpha.flat.detach() == CLOSED, closed)


def test_only_what_is_left_runs_and_it_computes_what_all_would_at_weight_0(double: None) -> None:
    val = make_batch("val")
    for space in (nats(), darts()):
        search = pdarts(space)
        assert search.relax(search.alpha.views()).active is None, "the first stage runs merged"
        for progress in (0.4, 0.7):
            search.on_epoch(0, progress)
            give(search, 3)
            w, alpha = search.w.flat.detach(), search.alpha.flat.detach().requires_grad_()
            losses = [search.passes.loss(w, alpha, val, how)[0] for how in (search.relax, search.space.relax)]
            slopes = [torch.autograd.grad(loss, alpha)[0] for loss in losses]
            assert abs(losses[0] - losses[1]) < 1e-10
            assert (slopes[0] - slopes[1]).abs().max() < 1e-10
            assert not slopes[0][alpha <= CLOSED].any()
            assert slopes[0].abs().max() > 1e-4


@pytest.mark.parametrize("taken", [1, 3, 4, 6, 8])
def test_resumed_in_any_stage_it_is_bit_identical_across_the_borders(taken: int) -> None:
    progress = [0.0, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.85, 0.95]
    whole, first, second = (pdarts(nats(), arch_lr=0.1) for _ in range(3))
    steps(whole, *progress)
    steps(first, *progress[:taken])
    second.load_state_dict(first.state_dict())
    assert (second.stage, second.left) == (first.stage, first.left)
    steps(second, *progress[taken:])
    assert second.counts == whole.counts
    assert second.left == whole.left
    assert torch.equal(second.w.flat, whole.w.flat)
    assert torch.equal(second.alpha.flat, whole.alpha.flat)


@pytest.mark.parametrize("epochs", [1, 2])
def test_a_trial_of_one_epoch_goes_through_all_three_stages(epochs: int, tmp_path: Path) -> None:
    protocol = Protocol.load("quick", "nats")
    protocol = protocol.set(
        [f"epochs={epochs}", f"limit={192 // epochs}", "batch_size=16", "diagnostics.lambda_every=0"]
    )
    run_job(protocol.trial("pdarts", 0, {"classes": 10, "in_channels": 1}, "none"), Environment(run=str(tmp_path)))
    _, history = frames(tmp_path)
    last = history.iloc[-1]
    # Twelve steps, four in each stage: two of weights alone, two of both.
    assert [last[n] for n in ("forwards", "weight_backwards", "alpha_backwards")] == [18, 12, 6]
    rows = json.loads(last["alpha"])["cell"]
    assert [sum(a > CLOSED for a in row) for row in rows] == [2] * len(EDGES)
