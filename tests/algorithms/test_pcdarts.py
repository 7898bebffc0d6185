"""PC-DARTS: α and β wait for w, and what the harness reads of α copes with β."""

from __future__ import annotations

import json

import pytest
import torch
from searches import make_batch, make_search

from algorithms.curvature import largest_eigenvalue
from algorithms.early_stopping import EarlyStopping
from algorithms.pcdarts import PcDarts
from harness.config.protocol import Protocol
from harness.config.sections import Diagnostics
from harness.measuring.diagnostics import Probe
from results.errors import BadInput
from spaces.base import Space
from spaces.darts import Darts, DartsOptions
from spaces.nats import Nats, NatsOptions
from spaces.resnet164 import ResNet164

SMALL = NatsOptions(channels=4, cells=1, image_size=8)


def pcdarts(space: Space | None = None, **hyper: object) -> PcDarts:
    search = make_search("pcdarts", space or Nats(SMALL), **hyper)
    assert isinstance(search, PcDarts)
    return search


def step(search: PcDarts) -> None:
    search.step(make_batch("train"), make_batch("val"))


def test_alpha_and_beta_wait_until_epoch_15_of_50_and_the_wait_costs_no_pass() -> None:
    search, start = pcdarts(), pcdarts().alpha.flat.detach().clone()
    for epoch in (0, 14):
        search.on_epoch(epoch, epoch / 50)
        step(search)
    assert torch.equal(search.alpha.flat, start)
    counts = search.counts
    assert (counts.forwards, counts.weight_backwards, counts.alpha_backwards) == (2, 2, 0)
    alone = counts.macs // 2
    search.on_epoch(15, 15 / 50)
    step(search)
    assert (counts.forwards, counts.weight_backwards, counts.alpha_backwards) == (4, 3, 1)
    assert counts.macs > 3 * alone
    assert (search.alpha.flat != start).all()


def test_w_moves_in_the_warm_up_and_without_one_alpha_moves_at_once() -> None:
    search = pcdarts()
    before = search.w.flat.detach().clone()
    search.on_epoch(0, 0.0)
    step(search)
    assert not torch.equal(search.w.flat, before)
    eager = pcdarts(warm_up=0.0)
    eager.on_epoch(0, 0.0)
    step(eager)
    assert eager.counts.alpha_backwards == 1


def test_early_stopping_measures_nothing_and_cannot_stop_before_alpha_moves() -> None:
    fields = {"es_every": 1, "es_window": 1, "es_delta": 1, "es_start": 0, "es_factor": 1.0 + 1e-9}
    search = make_search("pcdarts+es", Nats(SMALL), **fields)
    assert isinstance(search, EarlyStopping)
    for epoch in range(6):
        search.on_epoch(epoch, epoch / 6)
        search.epoch([(make_batch("train"), make_batch("val"))])
        if epoch == 1:
            assert search.counts.alpha_backwards == 0
        search.stopped = False
    assert [epoch for epoch, _, _ in search.measured] == [2, 3, 4], "the warm-up's two are left out, and the last"


def test_gradient_reaches_alpha_and_beta_through_both_softmaxes(double: None) -> None:
    """Against central differences in one entry of α and two of β."""
    search = pcdarts(parts=2)
    with torch.no_grad():
        search.alpha.flat.copy_(torch.randn(36, generator=torch.Generator().manual_seed(1)))
    gradient = search.outer_gradient(make_batch("train"), make_batch("val"))
    for entry in (3, 31, 35):
        losses = []
        for epsilon in (1e-6, -1e-6):
            moved = search.alpha.flat.detach().clone()
            moved[entry] += epsilon
            losses.append(float(search.passes.loss(search.w.flat.detach(), moved, make_batch("val"))[0]))
        assert (losses[0] - losses[1]) / 2e-6 == pytest.approx(float(gradient[entry]), rel=1e-5)


def test_genotype_weighs_operations_by_beta() -> None:
    search = pcdarts(Darts(DartsOptions(channels=4, cells=3, nodes=2, image_size=8)))
    views = search.alpha.views(search.alpha.flat.detach())
    for kind in ("normal", "reduce"):
        views[kind].zero_()
        views[kind][:, 4] = 1.0
        views[f"{kind}.edges"].copy_(torch.tensor([0.0, 0.0, 0.1, 0.3, 0.2]))
    second_node = "('sep_conv_3x3', 1), ('sep_conv_3x3', 2)]"
    assert search.genotype().count(second_node) == 2


def test_epochs_row_tells_alpha_with_beta_and_the_entropy_of_alpha_alone() -> None:
    space = Nats(SMALL)
    search = pcdarts(space)
    with torch.no_grad():
        search.alpha.flat.zero_()
        search.alpha.views()["cell.edges"].copy_(torch.tensor([0.0, 4, -4, 1, 2, 3]))
    val = make_batch("val")
    row = Probe(space, Diagnostics(subset=8, lambda_every=1), [val], val).row(search, 1)
    assert row["alpha_entropy"] == pytest.approx(1.0)
    assert json.loads(row["alpha"])["cell.edges"] == [0, 4, -4, 1, 2, 3]
    assert row["lambda_max"] == largest_eigenvalue(search, val)
    assert row["genotype"] == space.discretise(search.alpha.views())


def test_eigenvalue_is_that_of_the_whole_hessian_in_alpha_and_beta(double: None) -> None:
    search = pcdarts(parts=2)

    def loss(alpha: torch.Tensor) -> torch.Tensor:
        return search.passes.loss(search.w.flat.detach(), alpha, make_batch("val"))[0]

    hessian = torch.autograd.functional.hessian(loss, search.alpha.flat.detach())
    assert isinstance(hessian, torch.Tensor)
    assert hessian.shape == (36, 36)
    largest = float(torch.linalg.eigvalsh(hessian)[-1])
    assert largest_eigenvalue(search, make_batch("val")) == pytest.approx(largest, rel=0.02)


def test_protocols_keep_the_authors_learning_rate_of_alpha() -> None:
    """Twice DARTS's, as the authors': 6e-4 beside 3e-4."""
    for protocol, space in (("paper", "darts"), ("paper", "nats"), ("mini", "darts"), ("mini", "nats")):
        made = Protocol.load(protocol, space)
        hypers = [made.trial(name, 0, {}, "none").hyper for name in ("pcdarts", "pcdarts+es", "darts1")]
        own, stopped, darts = (hyper.arch_lr for hyper in hypers)  # type: ignore[attr-defined]
        assert own == stopped == pytest.approx(2 * darts)


def test_spaces_and_channels_that_cannot_be_split_are_refused_before_a_search() -> None:
    with pytest.raises(BadInput, match="parts = 4, but the space nats has 6 channels"):
        PcDarts.check(Nats(NatsOptions(channels=6)), PcDarts.Hyper())
    with pytest.raises(BadInput, match=r"sends part of the channels.*resnet164 does not"):
        PcDarts.check(ResNet164(), PcDarts.Hyper())
