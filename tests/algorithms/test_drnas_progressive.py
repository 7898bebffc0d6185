"""Progressive DrNAS: what its second stage keeps of the first, and the widening of weights."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from searches import make_batch, make_search
from torch import Tensor

from algorithms.drnas_progressive import DrNasProgressive
from algorithms.net2wider import net2wider
from results.errors import BadInput
from spaces.base import CLOSED
from spaces.contracts import PartlyConnected
from spaces.darts import Darts, DartsOptions
from spaces.nats import Nats, NatsOptions

NATS = Nats(NatsOptions(channels=4, cells=1, image_size=8))
DARTS = Darts(DartsOptions(channels=4, cells=3, nodes=2, image_size=8))
SPACES = pytest.mark.parametrize("space", [NATS, DARTS], ids=["nats", "darts"])


def progressive(space: PartlyConnected = NATS, **hyper: Any) -> DrNasProgressive:
    search = make_search("drnas_progressive", space, **hyper)
    assert isinstance(search, DrNasProgressive)
    return search


def steps(search: DrNasProgressive, *progress: float) -> None:
    for share in progress:
        search.progress = share
        search.step(make_batch("train"), make_batch("val"))


@SPACES
def test_the_second_stage_has_the_authors_number_of_operations_left(space: PartlyConnected) -> None:
    """3 of NATS-Bench's 5, and 4 on DARTS cells: those of the largest mean share, which go on where they were."""
    search = progressive(space)
    torch.nn.init.normal_(search.alpha.flat.detach())
    before = {name: a.clone() for name, a in search.alpha.views(search.alpha.flat.detach()).items()}
    steps(search, 0.5)
    for name, a in search.alpha.views(search.alpha.flat.detach()).items():
        left = a > CLOSED
        assert (left.sum(-1) == {5: 3, 8: 4}[a.shape[-1]]).all()
        assert torch.equal(a[left], before[name][left]), "α is frozen at the start of a stage"
        worst_left, best_gone = (
            before[name].where(left, torch.inf).amin(-1),
            before[name].where(~left, -torch.inf).amax(-1),
        )
        assert (worst_left > best_gone).all()
    drawn = search.sampled(search.alpha.views(search.alpha.flat.detach())).weights
    for name, a in search.alpha.views().items():
        assert torch.equal(drawn[name] > 0, a > CLOSED)


def test_alpha_is_frozen_at_the_start_of_each_stage() -> None:
    search = progressive()
    moved = []
    for share in (0.0, 0.05, 0.11, 0.4, 0.55, 0.61, 0.9):
        before = search.alpha.flat.detach().clone()
        steps(search, share)
        now = search.alpha.flat.detach()
        moved.append(bool((now != before)[now > CLOSED].any()))
    assert moved == [False, False, True, True, False, True, True]
    assert ((search.alpha.flat == CLOSED) | (search.alpha.flat.abs() < 1)).all(), "no decay moves what is left out"


@SPACES
def test_each_new_channel_is_a_copy_and_who_reads_it_copies_the_same(space: PartlyConnected) -> None:
    """Weights that say where they stand: row + 1000 · column."""
    narrow, wide = (dict(space.partial(k).supernet().named_parameters()) for k in (4, 2))
    coded = {name: w.detach().clone() for name, w in narrow.items()}
    for name, w in coded.items():
        lies = space.lies(name)
        if lies is not None:
            rows, columns = w.shape[0] // lies.blocks, w.shape[1]
            code = torch.arange(rows).repeat(lies.blocks)[:, None] + 1000 * torch.arange(columns)
            w.copy_(code[:, :, None, None].expand_as(w))
    layout = {name: w.shape for name, w in wide.items()}
    found = net2wider(coded, layout, space, torch.Generator().manual_seed(1))
    channels: dict[str, Tensor] = {}
    for name, w in found.items():
        assert w.shape == layout[name]
        lies = space.lies(name)
        if lies is None:
            assert torch.equal(w, coded[name])
            continue
        blocks = torch.unflatten(w[:, :, 0, 0].long(), 0, (lies.blocks, -1))
        rows, columns = blocks[:, :, 0] % 1000, blocks[:, 0] // 1000
        assert torch.equal(blocks, rows[:, :, None] + 1000 * columns[:, None, :])
        for group, ids in ((lies.rows, rows), (lies.columns, columns)):
            if group is not None:
                old = ids.shape[1] // 2
                assert torch.equal(ids[:, :old], torch.arange(old).expand(len(ids), -1)) and ids.max() < old
                assert torch.equal(channels.setdefault(group, ids), ids)


@SPACES
def test_momenta_go_the_way_of_their_weights(space: PartlyConnected) -> None:
    search = progressive(space)
    steps(search, 0.1, 0.3)
    momentum = search.w.optimiser.state[search.w.flat]["momentum_buffer"]
    with torch.no_grad():
        search.w.flat.copy_(2 * momentum)
    search.progress = 0.5
    search.proceed()
    widened = search.w.optimiser.state[search.w.flat]["momentum_buffer"]
    assert widened.numel() > momentum.numel() and torch.equal(search.w.flat.detach(), 2 * widened)


@pytest.mark.parametrize(
    ("parts", "fault"), [((4, 3), "parts = 3"), ((2, 4), "w only widens"), ((0, 2), "greater than or equal to 1")]
)
def test_parts_that_no_second_stage_can_have_are_refused(parts: tuple[int, int], fault: str) -> None:
    with pytest.raises((BadInput, ValidationError), match=fault):
        progressive(parts_by_stage=parts)


def test_it_continues_bit_for_bit_from_a_state_of_its_second_stage() -> None:
    whole, again = progressive(), progressive()
    steps(whole, 0.2, 0.5, 0.7)
    state = copy.deepcopy(whole.state_dict())
    steps(whole, 0.8, 0.9)
    again.load_state_dict(state)
    steps(again, 0.8, 0.9)
    assert torch.equal(again.w.flat, whole.w.flat) and torch.equal(again.alpha.flat, whole.alpha.flat)
    assert again.genotype() == whole.genotype() and again.counts == whole.counts


def test_widening_by_nothing_changes_nothing() -> None:
    search = progressive(parts_by_stage=(2, 2))
    same = net2wider(search.w.views(), search.w.layout, NATS, torch.Generator())
    assert all(torch.equal(same[name], w) for name, w in search.w.views().items())
