"""TAS's cost: the expected multiply-adds against torch's count, and what pulls the search to its target."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from width_searches import NARROW, SMALL, at, randomise, tas

from spaces.counting import multiply_adds
from spaces.gated_space import GatedSpace
from spaces.gates import text
from spaces.mobilenetv2 import MobileNetV2Options, MobileNetV2Width
from spaces.resnet164 import ResNet164


@pytest.mark.parametrize(
    "space",
    [
        ResNet164(SMALL.model_copy(update={"depth": 20, "width": 10})),
        ResNet164(SMALL.model_copy(update={"image_size": 9, "in_channels": 1, "width": 10})),
        MobileNetV2Width(NARROW),
        MobileNetV2Width(MobileNetV2Options(width=1.0, image_size=37, classes=7, prc=0.4)),
        MobileNetV2Width(MobileNetV2Options(width=0.25, stem="cifar", image_size=32, prc=0.4)),
    ],
    ids=lambda space: f"{space.name}-{space.options.image_size}",
)
def test_the_cost_of_certain_widths_is_torchs_count_of_the_slim_network(double: None, space: GatedSpace) -> None:
    search, o = tas(space, distil=False), space.options
    generator = torch.Generator().manual_seed(0)
    for _ in range(3):
        widths = {
            name: int(w[int(torch.randint(len(w), (), generator=generator))]) for name, w in search.widths.items()
        }
        slim = space.build(text(space.name, {name: tuple(range(c)) for name, c in widths.items()}))
        counted = multiply_adds(slim, (o.in_channels, o.image_size, o.image_size))
        assert space.multiply_adds(widths) == counted
        at(search, widths)
        expected = {n: a.softmax(-1) @ search.widths[n].to(a) for n, a in search.alpha.views().items()}
        assert float(space.multiply_adds(expected).detach()) == counted
    whole = multiply_adds(space.build(space.whole()), (o.in_channels, o.image_size, o.image_size))
    assert search.target == pytest.approx(0.6 * whole)


def test_the_expected_cost_is_the_mean_over_networks(double: None) -> None:
    """Multilinear in independent widths: here 4³ networks that differ in three layers, two of them neighbours."""
    search = tas(candidates=4)
    space: ResNet164 = search.space
    randomise(search)
    free = ("layer3.0.bn1", "layer3.0.bn2", "bn")
    p = {name: a.detach().softmax(-1) for name, a in search.alpha.views().items()}
    mean = dict(space.layers) | {name: p[name] @ search.widths[name].to(p[name]) for name in free}
    total = torch.zeros(())
    for i, a in enumerate(search.widths[free[0]].tolist()):
        for j, b in enumerate(search.widths[free[1]].tolist()):
            for k, c in enumerate(search.widths[free[2]].tolist()):
                cost = space.multiply_adds(dict(space.layers) | dict(zip(free, (a, b, c), strict=True)))
                total += p[free[0]][i] * p[free[1]][j] * p[free[2]][k] * cost
    assert float(space.multiply_adds(mean)) == pytest.approx(float(total), rel=1e-12)


@pytest.mark.parametrize(("factor", "sign"), [(0.94, 1), (0.96, 0), (1.0, 0), (1.04, 0), (1.06, -1)])
def test_the_cost_pulls_from_outside_a_band_around_the_target(double: None, factor: float, sign: int) -> None:
    """R is ``factor`` times what the most probable network costs; ∇ log E by finite differences."""
    search = tas()
    randomise(search)
    alpha = {name: a.detach() for name, a in search.alpha.views().items()}
    search.target = factor * float(search.space.multiply_adds(search.most_probable(alpha)))

    def log_expected(flat: Tensor) -> Tensor:
        named = search.alpha.views(flat)
        widths = {n: a.softmax(-1) @ search.widths[n].to(a) for n, a in named.items()}
        cost: Tensor = search.space.multiply_adds(widths).log()
        return cost

    gradient, step = search.grad_cost(), 1e-5
    flat = search.alpha.flat.detach()
    for i in range(0, len(flat), 7):
        unit = torch.zeros_like(flat)
        unit[i] = step
        slope = float(log_expected(flat + unit) - log_expected(flat - unit)) / (2 * step)
        assert float(gradient[i]) == pytest.approx(sign * slope, abs=1e-8)


@pytest.mark.parametrize("target", [0.4, 0.95])
def test_cost_alone_brings_the_most_probable_network_to_the_target(target: float) -> None:
    """As near as one layer's change of width: alone, the cost prefers extreme widths, which may jump over the band."""
    space = ResNet164(SMALL.model_copy(update={"width": 10}))
    search = tas(space, arch_lr=1e-2, arch_weight_decay=0.0, distil=False, cost_target=target)
    randomise(search, 0.3)

    def miss() -> float:
        return abs(float(space.multiply_adds(search.most_probable(search.alpha.views()))) - search.target)

    start = miss()
    for _ in range(300):
        search.alpha.descend(search.grad_cost())
    widths = search.most_probable(search.alpha.views())
    swings = [
        float(space.multiply_adds(widths | {name: n}) - space.multiply_adds(widths | {name: search.widths[name][0]}))
        for name, n in space.layers.items()
    ]
    assert miss() <= 0.05 * search.target + max(swings) < start
