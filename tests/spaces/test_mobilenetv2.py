"""The gated MobileNetV2 against torchvision's own, its slim networks against it, its counts by hand."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from plain_resnet import scramble
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode
from torchvision.models.mobilenetv2 import MobileNetV2

from results.errors import BadInput
from spaces.base import Alpha
from spaces.counting import multiply_adds, parameters
from spaces.gated_layers import ChannelSelection
from spaces.mobilenetv2 import STAGES, GatedMobileNetV2, MobileNetV2Options, MobileNetV2Width
from spaces.resnet164 import ResNet164, ResNet164Options

# At a width of 0.25 a shortcut reads the stem, at 0.35 none does; 0.1 has the smallest layers.
SMALL = (MobileNetV2Options(width=0.25), MobileNetV2Options(width=0.35), MobileNetV2Options(width=0.1, stem="cifar"))
small = pytest.mark.parametrize("options", SMALL, ids=lambda o: f"{o.width}-{o.stem}")


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def torchvisions(options: MobileNetV2Options, alpha: Alpha | None = None, **norm: Any) -> nn.Module:
    """torchvision's own network, of random weights; hooks multiply its depthwise batch norms' outputs by gates."""
    settings = [list(stage) for stage in STAGES]
    if options.stem == "cifar":
        settings[1][3] = 1
    network = MobileNetV2(
        options.classes, options.width, settings, dropout=0, norm_layer=lambda n: nn.BatchNorm2d(n, **norm)
    )
    if options.stem == "cifar":
        network.features[0][0].stride = (1, 1)
    for name, gate in (alpha or {}).items():
        network.get_submodule(name).register_forward_hook(lambda _, __, z, gate=gate: gate.view(1, -1, 1, 1) * z)
    scramble(network)
    return network


def random_gates(space: MobileNetV2Width) -> Alpha:
    generator = seeded(1)
    return {name: torch.rand(n, generator=generator) - 0.3 for name, n in space.layers.items()}


def gated(options: MobileNetV2Options, alpha: Alpha) -> tuple[nn.Module, nn.Module]:
    """torchvision's network under gates, and the space's whole network with the same weights and statistics."""
    torch.manual_seed(0)
    oracle = torchvisions(options, alpha).eval()
    full = MobileNetV2Width(options).full(dict(oracle.named_parameters()), alpha).eval()
    full.load_state_dict(dict(oracle.named_buffers()), strict=False)
    return oracle, full


@small
def test_the_supernet_equals_torchvisions_with_its_maps_multiplied(double: None, options: MobileNetV2Options) -> None:
    """Loss and gradients to weights and gates, on statistics of the batch."""
    space = MobileNetV2Width(options)
    alpha = {name: a.requires_grad_() for name, a in random_gates(space).items()}
    oracle, network = torchvisions(options, alpha, track_running_stats=False), space.supernet()
    network.load_state_dict(oracle.state_dict())
    x, y = torch.randn(8, 3, 32, 32), torch.arange(8)
    ours = F.cross_entropy(network(x, space.relax(alpha)), y)
    plain = F.cross_entropy(oracle(x), y)
    assert abs(ours.item() - plain.item()) < 1e-9
    slopes = (
        torch.autograd.grad(loss, [*net.parameters(), *alpha.values()])
        for loss, net in ((ours, network), (plain, oracle))
    )
    for a, b in zip(*slopes, strict=True):
        assert (a - b).abs().max() < 1e-9 * max(1, float(b.abs().max()))


@small
def test_gates_at_one_leave_torchvisions_network(double: None, options: MobileNetV2Options) -> None:
    space = MobileNetV2Width(options)
    alpha, x = space.alphas(seeded()), torch.randn(2, 3, 32, 32)
    torch.manual_seed(0)  # the seed of ``gated``: the same weights, without hooks
    oracle, full = torchvisions(options).eval(), gated(options, alpha)[1]
    assert list(full.state_dict()) == list(oracle.state_dict())
    assert (full(x) - oracle(x)).abs().max() < 1e-9


@small
@pytest.mark.parametrize("prc", [None, 0.6])
def test_the_slim_network_equals_the_gated_one_with_removed_gates_at_zero(
    double: None, options: MobileNetV2Options, prc: float | None
) -> None:
    """By a ratio, and by exact zeros: of every layer's, of all but one of the first, a middle and the last layer's."""
    space = MobileNetV2Width(options.model_copy(update={"prc": prc}))
    alpha = random_gates(space)
    if prc is None:
        names = list(alpha)
        for gates in alpha.values():
            gates.clamp_(min=0)
        for name in (names[0], names[5], names[-1]):
            alpha[name] = F.one_hot(torch.tensor(3), len(alpha[name])).to(alpha[name])
    genotype = space.discretise(alpha)
    for name, channels in space.parse(genotype).items():
        alpha[name] = alpha[name] * F.one_hot(torch.tensor(channels), len(alpha[name])).sum(0)
    oracle, full = gated(options, alpha)
    slim, x = space.build(genotype, full), torch.randn(2, 3, 32, 32)
    assert (full(x) - oracle(x)).abs().max() < 1e-9
    assert (slim(x) - oracle(x)).abs().max() < 1e-9
    assert isinstance(slim, GatedMobileNetV2)
    shortcut = options.width < 0.3
    assert sum(isinstance(m, ChannelSelection) for m in slim.modules()) == int(shortcut)
    first = len(space.parse(genotype)["features.1.conv.0.1"])
    assert slim.features[0][0].out_channels == (8 if shortcut else first)  # type: ignore[index,union-attr]


def test_the_published_counts() -> None:
    space = MobileNetV2Width(MobileNetV2Options(classes=1000, image_size=224))
    network = space.supernet()
    assert parameters(network) == 3_504_872
    # torchvision publishes 0.301 G multiply-adds; its weights' meta data says _ops.
    assert round(multiply_adds(network, (3, 224, 224), space.relax(space.alphas(seeded()))) / 1e9, 3) == 0.301
    assert len(space.layers) == 17
    assert list(space.layers.values())[:4] == [32, 96, 144, 144]


def widths(options: MobileNetV2Options) -> list[tuple[int, int, int, int]]:
    """(inputs, hidden, outputs, stride) of every block as torchvision has it."""
    found = []
    for feature in list(torchvisions(options).features)[1:-1]:  # type: ignore[arg-type]
        depthwise, projection = feature.conv[-3][0], feature.conv[-2]
        inputs = feature.conv[0][0].in_channels
        found.append((inputs, depthwise.out_channels, projection.out_channels, feature.stride))
    return found


def by_hand(space: MobileNetV2Width, genotype: str) -> tuple[int, int]:
    """Parameters and multiply-adds of the slim network from its widths alone; no shortcut reads the stem."""
    kept = [len(channels) for channels in space.parse(genotype).values()]
    size, classes = space.options.image_size // 2, space.options.classes
    blocks = widths(space.options)
    params, macs = 29 * kept[0], 27 * kept[0] * size**2
    for number, (k, (inputs, _, outputs, stride)) in enumerate(zip(kept, blocks, strict=True)):
        if number:
            params += inputs * k + 2 * k
            macs += inputs * k * size**2
        size //= stride
        params += 9 * k + 2 * k + k * outputs + 2 * outputs
        macs += (9 * k + k * outputs) * size**2
    params += (blocks[-1][2] + 2) * 1280 + 1281 * classes
    return params, macs + blocks[-1][2] * 1280 * size**2 + 1281 * classes


@pytest.mark.parametrize("prc", [0.4, 0.6])
def test_slim_counts_agree_with_torch_and_with_the_widths(prc: float) -> None:
    space = MobileNetV2Width(MobileNetV2Options(classes=20, image_size=224, prc=prc))
    alpha = random_gates(space)
    genotype = space.discretise(alpha)
    kept = space.parse(genotype)
    total = sum(space.layers.values())
    assert sum(map(len, kept.values())) == total - round(prc * total)
    assert space.prc(genotype) == pytest.approx(
        sum(1 - len(kept[name]) / n for name, n in space.layers.items()) / len(space.layers)
    )
    with torch.device("meta"):
        slim = space.build(genotype)
        with FlopCounterMode(display=False) as counter:
            slim(torch.empty(2, 3, 224, 224))
    macs = multiply_adds(slim, (3, 224, 224))
    assert (parameters(slim), macs) == by_hand(space, genotype)
    # torch leaves the classifier's bias out.
    assert macs == counter.get_total_flops() // 4 + 20


def test_a_fresh_slim_network_is_drawn_as_torchvision_draws_its_own() -> None:
    """Deviation √(2 / fan-out) of its own widths, not of the widths it was cut from."""
    space = MobileNetV2Width(MobileNetV2Options(prc=0.5))
    torch.manual_seed(0)
    slim = space.build(space.discretise(random_gates(space)))
    for module in slim.modules():
        if isinstance(module, nn.Conv2d):
            fan_out = module.out_channels * module.kernel_size[0] ** 2
            n = module.weight.numel()
            assert module.weight.var().item() * fan_out / 2 == pytest.approx(1, abs=6 * (2 / n) ** 0.5)
    last: Any = slim.get_submodule("classifier.1")
    assert last.weight.std().item() == pytest.approx(0.01, rel=0.05)


def test_stages_are_the_rows_of_the_papers_table() -> None:
    space = MobileNetV2Width(MobileNetV2Options(width=0.25))
    cells = [edge.cell for edge in space.edges(space.sample(seeded()))]
    assert [cells.count(f"stage{i}") for i in range(1, 8)] == [1, 2, 3, 4, 3, 3, 1]


def test_another_spaces_genotype_or_network_is_refused() -> None:
    space, other = MobileNetV2Width(SMALL[0]), ResNet164(ResNet164Options(depth=11))
    with pytest.raises(BadInput, match="it begins with 'resnet164'"):
        space.build(other.sample(seeded()))
    weights: dict[str, Tensor] = dict(other.supernet().named_parameters())
    foreign = other.full(weights, other.alphas(seeded()))
    with pytest.raises(BadInput, match=r"features\.1\.conv\.0\.1 has no channels, not 8"):
        space.build(space.sample(seeded()), foreign)
