"""Network Slimming against its update written out, and what it prunes by; the other searches on gates."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from plain_resnet import logits
from searches import make_batch, make_search
from torch import Tensor

from algorithms.darts import Darts2
from algorithms.network_slimming import NetworkSlimming
from results.errors import BadInput
from spaces.gates import keep_at_ratio
from spaces.mobilenetv2 import MobileNetV2Options, MobileNetV2Width
from spaces.nats import Nats
from spaces.resnet164 import ResNet164, ResNet164Options

SMALL = ResNet164Options(depth=11, width=2, image_size=8, prc=0.4)
PLAIN = {"lr": 0.1, "momentum": 0.0, "weight_decay": 0.0, "clip": 0.0}


def slimming(space: ResNet164 | MobileNetV2Width, **hyper: Any) -> NetworkSlimming:
    search = make_search("network_slimming", space, **(PLAIN | hyper))
    assert isinstance(search, NetworkSlimming)
    return search


def copies(search: NetworkSlimming) -> dict[str, Tensor]:
    return {name: t.detach().clone().requires_grad_() for name, t in search.w.views().items()}


def is_scale(name: str) -> bool:
    """Every batch norm of this network is called bn, its scale the weight."""
    return name.endswith("weight") and ".bn" in f".{name}"


def test_a_step_is_two_descents_with_the_subgradient_of_l1_on_scales_alone(double: None) -> None:
    """γ ← γ − η (∇_γ L + ρ sign γ) on each half's batch in turn, every other weight w ← w − η ∇_w L."""
    search = slimming(ResNet164(SMALL), scale_l1=0.3)
    with torch.no_grad():  # a scale below zero and one at zero, whose subgradient is 0
        search.w.views()["layer2.0.bn2.weight"][:2] = torch.tensor([-0.5, 0.0])
    expected = copies(search)
    for half in ("train", "val"):
        batch = make_batch(half)
        loss = F.cross_entropy(logits(expected, 1, batch.x), batch.y)
        slopes = torch.autograd.grad(loss, list(expected.values()))
        expected = {
            name: (w - 0.1 * (slope + (0.3 * w.sign() if is_scale(name) else 0))).detach().requires_grad_()
            for (name, w), slope in zip(expected.items(), slopes, strict=True)
        }
    search.step(make_batch("train"), make_batch("val"))
    for name, w in search.w.views().items():
        assert (w - expected[name]).abs().max() < 1e-12, name
    assert (search.counts.forwards, search.counts.weight_backwards, search.counts.alpha_backwards) == (2, 2, 0)
    assert all((gates == 1).all() for gates in search.alpha.views().values())


def test_every_scale_starts_at_a_half_and_nothing_else_is_touched() -> None:
    space = MobileNetV2Width(MobileNetV2Options(width=0.1, prc=0.4))
    ours, other = slimming(space).w.views(), make_search("darts1", space).w.views()
    scales = {f"{name}.weight" for name, m in space.supernet().named_modules() if isinstance(m, torch.nn.BatchNorm2d)}
    # One after each of torchvision's 52 convolutions, gated or not.
    assert len(scales) == 52
    for name, w in ours.items():
        assert (w == 0.5).all() if name in scales else torch.equal(w, other[name])


def test_channels_go_by_the_size_of_their_scale() -> None:
    space = ResNet164(SMALL)
    search = slimming(space)
    generator = torch.Generator().manual_seed(0)
    scales = {layer: torch.randn(n, generator=generator) for layer, n in space.layers.items()}
    with torch.no_grad():
        for layer, scale in scales.items():
            search.w.views()[f"{layer}.weight"].copy_(scale)
    assert space.parse(search.genotype()) == keep_at_ratio(scales, 0.4)


def test_l1_alone_drives_scales_to_within_a_step_of_zero(double: None) -> None:
    """Without data γ walks to 0 by ηρ a step, then back and forth: no exact zeros, hence the ratio it needs."""
    search = slimming(ResNet164(SMALL), scale_l1=0.3)
    for _ in range(20):
        search.w.descend(search.hyper.scale_l1 * search.grad_l1())
    scales = search.w.views()["layer1.0.bn2.weight"]
    assert scales.abs().max() <= 0.1 * 0.3
    assert (scales != 0).all()


def test_it_refuses_a_space_without_gates_and_a_run_without_a_ratio() -> None:
    with pytest.raises(BadInput, match="network_slimming needs a space that gates channels; nats does not"):
        make_search("network_slimming", Nats())
    with pytest.raises(BadInput, match=r"needs a pruned-channel ratio.*set space\.prc"):
        slimming(ResNet164(SMALL.model_copy(update={"prc": None})))


@pytest.mark.parametrize(
    ("algorithm", "space"),
    [*product(("rarts", "darts1", "darts2", "milenas"), [ResNet164]), ("rarts", MobileNetV2Width)],
)
def test_the_other_searches_run_unchanged_and_l1_thresholds_their_step(
    algorithm: str, space: type[ResNet164 | MobileNetV2Width]
) -> None:
    """Against the step without ℓ1: exactly the gates that it left within η_α ρ of 0 go."""
    size = {"depth": 11, "width": 2} if space is ResNet164 else {"width": 0.1, "stem": "cifar"}
    rate = 0.5
    fields: dict[str, Any] = {"arch_optimiser": "sgd", "arch_lr": rate, "arch_weight_decay": 0.0}

    def after_a_step(l1: float) -> tuple[Any, dict[str, Tensor], str]:
        made = space(space.Options(l1=l1, **size))
        search = make_search(algorithm, made, **fields)
        search.step(make_batch("train"), make_batch("val"))
        return made, {name: a.detach() for name, a in search.alpha.views().items()}, search.genotype()

    made, free, genotype = after_a_step(0)
    assert made.prc(genotype) == 0
    threshold = float(torch.cat(list(free.values())).abs().median())
    made, thresholded, genotype = after_a_step(threshold / rate)
    for name, channels in made.parse(genotype).items():
        shrunk = free[name].sign() * (free[name].abs() - threshold).clamp(min=0)
        assert (thresholded[name] - shrunk).abs().max() < 1e-5
        left = tuple(thresholded[name].nonzero().flatten().tolist())
        assert channels == (left or (0,))
    assert 0.2 < made.prc(genotype) < 0.6


def test_the_exact_second_order_on_gates_is_the_finite_differences_limit(double: None) -> None:
    """A double backward through folded gates and activations in place."""
    products = []
    for fields in ({"hvp": "exact"}, {"epsilon": 1e-5}):
        search = make_search("darts2", ResNet164(SMALL), **fields)
        assert isinstance(search, Darts2)
        v = search.grad_w(search.w, make_batch("val"))
        products.append(search.mixed_product(v, make_batch("train")))
    assert (products[0] - products[1]).norm() / products[0].norm() < 1e-6


def test_steps_divide_by_ten_at_half_and_three_quarters_and_gates_may_follow() -> None:
    fields: dict[str, Any] = {"lr": 0.4, "schedule": "steps", "arch_lr": 0.2, "arch_optimiser": "sgd"}
    search = make_search("rarts", ResNet164(SMALL), arch_schedule="weights", **fields)
    rates = []
    for epoch in range(160):
        search.on_epoch(epoch, epoch / 160)
        assert search.alpha.lr == pytest.approx(search.w.lr / 2)
        rates.append(search.w.lr)
    assert rates == pytest.approx([0.4] * 80 + [0.04] * 40 + [0.004] * 40)
    constant = make_search("rarts", ResNet164(SMALL), **fields)
    constant.on_epoch(120, 0.75)
    assert constant.alpha.lr == 0.2
