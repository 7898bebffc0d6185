"""TAS against its equations written out: sampled widths, interpolation, expected cost, what is cut and who teaches."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

import pytest
import torch
from plain_resnet import logits, scramble
from searches import make_batch, make_search
from torch import Tensor
from torch.func import functional_call
from width_searches import NARROW, SMALL, at, randomise, tas

from results.errors import BadInput
from spaces.gated_layers import Widths, interpolated
from spaces.gated_space import GatedSpace
from spaces.gates import keep_at_ratio
from spaces.mobilenetv2 import MobileNetV2Width
from spaces.nats import Nats
from spaces.resnet164 import ResNet164


def windows(narrow: int, wide: int) -> Tensor:
    """Adaptive average pooling as the matrix (wide, narrow) of its definition: row i averages ⌊in/w⌋ to ⌈(i+1)n/w⌉."""
    matrix = torch.zeros(wide, narrow)
    for i in range(wide):
        first, last = i * narrow // wide, -(-(i + 1) * narrow // wide)
        matrix[i, first:last] = 1 / (last - first)
    return matrix


@pytest.mark.parametrize("channels", [[3, 7], [7, 3], [1, 2], [4, 8], [8, 5], [6]])
def test_a_mixed_layer_is_the_sum_of_its_widths_interpolated_to_the_widest(double: None, channels: list[int]) -> None:
    """M x with M = Σ_k p_k M_k, M_k (C, C) written out from pooling's definition."""
    x = torch.randn(2, max(channels), 3, 4)
    p = torch.rand(len(channels))
    matrix = torch.zeros(max(channels), max(channels))
    for c, weight in zip(channels, p, strict=True):
        matrix[:, :c] += weight * windows(c, max(channels))
    assert torch.allclose(interpolated(x, Widths(channels, p)), torch.einsum("dc,bchw->bdhw", matrix, x), atol=1e-12)


@pytest.mark.parametrize("space", [ResNet164(SMALL), MobileNetV2Width(NARROW)])
def test_at_the_full_width_the_network_is_the_plain_one(double: None, space: GatedSpace) -> None:
    search = tas(space)
    at(search, space.layers)
    batch, plain = make_batch("val"), space.supernet()
    scramble(plain)
    weights = dict(plain.named_parameters())
    for mix in (search.relax(search.alpha.views()), search.sampled(search.alpha.views())):
        # A sample's second width has the weight exp(−2000 / τ), which is 0.
        ours = functional_call(search.passes.skeleton, weights, (batch.x, mix))
        assert (ours - plain(batch.x)).abs().max() < 1e-9


def test_one_width_a_layer_is_the_network_with_its_other_channels_at_zero(double: None) -> None:
    search, batch = tas(), make_batch("val")
    space: ResNet164 = search.space
    widths = {name: max(1, n // 2) for name, n in space.layers.items()}
    channels = {name: torch.tensor([c]) for name, c in widths.items()}
    mix = space.at_widths(channels, {name: torch.ones(1) for name in widths})
    gates = {name: (torch.arange(n) < widths[name]).to(batch.x) for name, n in space.layers.items()}
    state = {name: w.detach() for name, w in search.w.views().items()}
    ours = functional_call(search.passes.skeleton, state, (batch.x, mix))
    assert (ours - logits(state, 1, batch.x, gates)).abs().max() < 1e-9


def hold(search: Any, tau: float) -> None:
    """Hold the temperature at ``tau``."""
    search.hyper = search.hyper.model_copy(update={"tau": tau, "tau_min": tau})


@pytest.mark.parametrize("tau", [0.01, 1.0, 10.0])
def test_samples_are_two_widths_drawn_by_the_noisy_softmax(tau: float) -> None:
    """At τ → 0 the pair is that of two draws without replacement from softmax α, at a high τ any pair alike.

    In between, against the definition by torch.multinomial: p̂ = softmax((α + G) / τ), two draws without replacement.
    """
    search, draws = tas(candidates=4), 4000
    layer = "layer3.0.bn1"
    a = torch.tensor([1.0, 0.0, -1.0, 0.5])
    widths = search.widths[layer].tolist()
    hold(search, tau)
    assert widths == [4, 8, 12, 16]
    counted: Counter[tuple[int, ...]] = Counter()
    for _ in range(draws):
        mix = search.sampled({layer: a})
        (drawn,), weights = mix.active[layer], mix.weights[layer]
        assert len(set(drawn)) == len(weights) == 2
        assert float(weights.sum()) == pytest.approx(1, abs=1e-6)
        counted[tuple(sorted(drawn))] += 1
    if tau == 0.01:
        p = a.softmax(0)
        expected = {
            (widths[i], widths[j]): float(p[i] * p[j] * (1 / (1 - p[i]) + 1 / (1 - p[j])))
            for i in range(4)
            for j in range(i + 1, 4)
        }
    else:
        generator = torch.Generator().manual_seed(1)
        noise = -torch.empty(200_000, 4).exponential_(generator=generator).log()
        pairs = torch.multinomial(((a + noise) / tau).softmax(1), 2, generator=generator).sort(1).values
        found = Counter(map(tuple, pairs.tolist()))
        expected = {(widths[i], widths[j]): count / 200_000 for (i, j), count in found.items()}
    for pair, share in expected.items():
        assert counted[pair] / draws == pytest.approx(share, abs=5 * (share * (1 - share) / draws) ** 0.5), pair


def test_the_weights_of_a_sample_are_the_noisy_softmax_over_its_two(double: None) -> None:
    search = tas()
    randomise(search)
    alpha = {name: a.detach() for name, a in search.alpha.views().items()}
    state = search.generator.get_state()
    hold(search, 0.7)
    mix = search.sampled(alpha)
    search.generator.set_state(state)
    for name, a in alpha.items():
        noise = -torch.empty_like(a).exponential_(generator=search.generator).log()
        torch.empty_like(a).exponential_(generator=search.generator)
        p = ((a.log_softmax(0) + noise) / 0.7).softmax(0)
        index = [search.widths[name].tolist().index(c) for c in mix.active[name][0]]
        assert torch.allclose(mix.weights[name], p[index] / p[index].sum())


@pytest.mark.parametrize("space", [ResNet164(SMALL), MobileNetV2Width(NARROW)])
def test_gradient_of_alpha_through_a_fixed_sample_is_the_finite_difference(double: None, space: GatedSpace) -> None:
    search, batch = tas(space), make_batch("val")
    randomise(search, 0.1)
    state = search.generator.get_state()
    hold(search, 1.0)

    def loss(alpha: Tensor) -> float:
        search.generator.set_state(state)
        return float(search.passes.loss(search.w.flat, alpha, batch, search.sampled)[0].detach())

    gradient = search.grad_alpha(search.w, batch, search.sampled)
    direction = torch.randn(gradient.shape, generator=torch.Generator().manual_seed(1))
    alpha, step = search.alpha.flat.detach(), 1e-6
    slope = (loss(alpha + step * direction) - loss(alpha - step * direction)) / (2 * step)
    assert float(gradient @ direction) == pytest.approx(slope, rel=1e-5)
    assert abs(slope) > 1e-4


@pytest.mark.parametrize("prc", [0.1, 0.4, 0.6])
def test_at_a_ratio_first_channels_stay_and_exactly_so_many(prc: float) -> None:
    """Channel i's score is P(width > i), summed slowly here."""
    space = ResNet164(SMALL.model_copy(update={"prc": prc, "width": 10}))
    search = tas(space, distil=False)
    randomise(search)
    kept = space.parse(search.genotype())
    total = sum(space.layers.values())
    assert total - sum(map(len, kept.values())) == round(prc * total)
    assert all(channels == tuple(range(len(channels))) for channels in kept.values())
    survival = {}
    for name, a in search.alpha.views().items():
        p = a.detach().double().softmax(0).tolist()
        pairs = list(zip(search.widths[name].tolist(), p, strict=True))
        survival[name] = torch.tensor(
            [round(sum(q for c, q in pairs if c > i), 12) for i in range(space.layers[name])], dtype=torch.double
        )
    assert kept == keep_at_ratio(survival, prc)


def test_without_a_ratio_each_layer_has_its_most_probable_width() -> None:
    space = ResNet164(SMALL.model_copy(update={"prc": None}))
    search = tas(space, cost_target=0.5)
    randomise(search)
    widths = {name: len(channels) for name, channels in space.parse(search.genotype()).items()}
    assert widths == {name: int(w) for name, w in search.most_probable(search.alpha.views()).items()}


def test_candidates_are_tenths_of_a_layer() -> None:
    widths = tas(ResNet164(SMALL.model_copy(update={"width": 10})), distil=False).widths
    assert widths["layer1.0.bn2"].tolist() == list(range(1, 11))
    assert widths["layer3.0.bn2"].tolist() == list(range(4, 41, 4))
    assert tas().widths["layer1.0.bn2"].tolist() == [1, 2]


def test_the_teacher_is_the_runs_baseline_bit_for_bit() -> None:
    search, baseline = tas(lr=0.1), make_search("baseline", ResNet164(SMALL), lr=0.1)
    for epoch in range(3):
        for made in (search, baseline):
            made.on_epoch(epoch, epoch / 3)
            made.step(make_batch("train"), make_batch("val"))
    assert search.teacher is not None
    assert torch.equal(search.teacher.flat, baseline.w.flat)
    assert not torch.equal(search.w.flat, baseline.w.flat)


def test_a_step_is_two_sampled_passes_and_the_teachers_cost_is_counted() -> None:
    for distil, expected in ((False, (2, 1, 1)), (True, (4, 3, 1))):
        search = tas(distil=distil)
        search.step(make_batch("train"), make_batch("val"))
        c = search.counts
        assert (c.forwards, c.weight_backwards, c.alpha_backwards) == expected
    losses = search.passes.take_losses()
    assert set(losses) == {f"{half}_{what}" for half in ("train", "val", "teacher") for what in ("loss", "accuracy")}


def test_without_weights_moving_alpha_descends_the_sum_of_both_gradients(double: None) -> None:
    fields: dict[str, Any] = {"arch_optimiser": "sgd", "arch_lr": 0.5, "arch_weight_decay": 0.0, "cost_weight": 3.0}
    search = tas(lr=0.0, distil=False, **fields)
    search.target = 0.0
    before = search.alpha.flat.detach().clone()
    state = search.generator.get_state()
    hold(search, 1.0)
    search.step(make_batch("train"), make_batch("val"))
    again = tas(lr=0.0, distil=False, **fields)
    again.target = 0.0
    hold(again, 1.0)
    again.generator.set_state(state)
    for half, call in (("train", partial(again.grad_w, again.w)), ("val", partial(again.grad_alpha, again.w))):
        gradient = call(make_batch(half), again.sampled)
    assert torch.allclose(before - search.alpha.flat, 0.5 * (gradient + 3 * again.grad_cost()), atol=1e-12)


def test_l1_of_the_gates_leaves_alpha_alone() -> None:
    moved = []
    for l1 in (0.0, 10.0):
        search = tas(ResNet164(SMALL.model_copy(update={"l1": l1})))
        search.step(make_batch("train"), make_batch("val"))
        moved.append(search.alpha.flat.detach())
    assert torch.equal(*moved)


def test_it_refuses_a_space_without_gates_and_a_run_without_a_size() -> None:
    with pytest.raises(BadInput, match="tas needs a space that gates channels; nats does not"):
        make_search("tas", Nats())
    with pytest.raises(BadInput, match=r"needs a size.*space\.prc, or tas\.cost_target"):
        tas(ResNet164(SMALL.model_copy(update={"prc": None})))
