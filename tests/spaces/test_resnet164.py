"""The gated ResNet against one written out plainly, its slim networks against it, its counts by hand."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from plain_resnet import logits, scramble
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from harness.config.protocol import validated
from results.errors import BadInput
from results.schema import skip_ratios
from spaces.base import Alpha
from spaces.counting import multiply_adds, parameters
from spaces.gated_layers import ChannelSelection, estimate_statistics
from spaces.resnet164 import ResNet164, ResNet164Options

SMALL = ResNet164Options(depth=20, width=4, image_size=8)
BLOCKS = 2


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def whole(space: ResNet164, alpha: Alpha) -> nn.Module:
    """A search's network with random weights, gates ``alpha`` and random statistics, in evaluation mode."""
    torch.manual_seed(0)
    supernet = space.supernet()
    scramble(supernet)
    network = space.full(dict(supernet.named_parameters()), alpha).eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(generator=seeded(module.num_features))  # type: ignore[union-attr]
            module.running_var.uniform_(0.5, 2, generator=seeded(module.num_features))  # type: ignore[union-attr]
    return network


def random_gates(space: ResNet164) -> Alpha:
    generator = seeded(1)
    return {name: torch.randn(n, generator=generator) for name, n in space.layers.items()}


def masked(alpha: Alpha, space: ResNet164, genotype: str) -> Alpha:
    """The gates with those that ``genotype`` removes at exactly zero."""
    masks = {name: torch.zeros(n) for name, n in space.layers.items()}
    for name, channels in space.parse(genotype).items():
        masks[name][list(channels)] = 1
    return {name: a * masks[name] for name, a in alpha.items()}


def test_the_supernet_equals_the_plain_network_with_its_maps_multiplied(double: None) -> None:
    """Loss and gradients to weights and gates, negative and zero gates among them."""
    space = ResNet164(SMALL)
    network = space.supernet()
    scramble(network)
    alpha = {name: a.requires_grad_() for name, a in random_gates(space).items()}
    with torch.no_grad():
        alpha["layer2.0.bn2"][3] = 0
    x, y = torch.randn(4, 3, 8, 8), torch.arange(4)
    weights = dict(network.named_parameters())
    wanted = [*weights.values(), *alpha.values()]
    ours = F.cross_entropy(network(x, space.relax(alpha)), y)
    plain = F.cross_entropy(logits(weights, BLOCKS, x, alpha), y)
    assert abs(ours.item() - plain.item()) < 1e-9
    for a, b in zip(torch.autograd.grad(ours, wanted), torch.autograd.grad(plain, wanted), strict=True):
        assert (a - b).abs().max() < 1e-9


def test_gates_at_one_leave_the_ungated_network(double: None) -> None:
    space = ResNet164(ResNet164Options(depth=29, width=4))
    alpha, x = space.alphas(seeded()), torch.randn(4, 3, 8, 8)
    network = space.supernet()
    scramble(network)
    weights = dict(network.named_parameters())
    assert (network(x, space.relax(alpha)) - logits(weights, 3, x)).abs().max() < 1e-9
    full = whole(space, alpha)
    assert (full(x) - logits(full.state_dict(), 3, x)).abs().max() < 1e-9


def statistics_of(network: nn.Module, weights: dict[str, Tensor]) -> dict[str, Tensor]:
    return weights | {name: b for name, b in network.named_buffers() if "running" in name}


@pytest.mark.parametrize("prc", [0.4, 0.6])
def test_the_slim_network_equals_the_gated_one_with_removed_gates_at_zero(double: None, prc: float) -> None:
    space = ResNet164(SMALL.model_copy(update={"prc": prc}))
    genotype = space.discretise(random_gates(space))
    alpha = masked(random_gates(space), space, genotype)
    network, x = whole(space, alpha), torch.randn(4, 3, 8, 8)
    torch.manual_seed(0)
    supernet = space.supernet()
    scramble(supernet)
    gated = logits(statistics_of(network, dict(supernet.named_parameters())), BLOCKS, x, alpha)
    slim = space.build(genotype, network)
    assert (network(x) - gated).abs().max() < 1e-9
    assert (slim(x) - gated).abs().max() < 1e-9
    # What is cut need not be at zero beforehand: building drops it.
    uncut = space.build(genotype, whole(space, random_gates(space))).eval()
    assert (uncut(x) - gated).abs().max() < 1e-9


@pytest.mark.parametrize("kind", ["layer1.0.bn1", "layer2.1.bn1", "layer2.0.bn2", "layer3.1.bn3", "bn", ""])
def test_each_kind_of_layer_may_be_left_with_one_channel(double: None, kind: str) -> None:
    """Alone, and all layers at once ("")."""
    space = ResNet164(SMALL)
    alpha = random_gates(space)
    for name, gates in alpha.items():
        if kind in ("", name):
            gates[torch.arange(len(gates)) != len(gates) // 2] = 0
    network, x = whole(space, alpha), torch.randn(4, 3, 8, 8)
    genotype = space.discretise(alpha)
    assert all((len(c) == 1) == (kind in ("", name)) for name, c in space.parse(genotype).items())
    slim = space.build(genotype, network)
    assert (slim(x) - logits(network.state_dict(), BLOCKS, x)).abs().max() < 1e-9
    selections = sum(isinstance(m, ChannelSelection) for m in slim.modules())
    assert selections == (7 if kind == "" else int(kind.endswith(("bn1", "bn")) or kind == "bn"))


def test_the_published_counts() -> None:
    space = ResNet164()
    streams = [n for name, n in space.layers.items() if name == "bn" or name.endswith("bn1")]
    assert (sum(space.layers.values()), sum(streams)) == (12_112, 8_080)
    assert len(space.layers) == 54 * 3 + 1
    with torch.device("meta"):
        assert round(parameters(space.supernet()) / 1e6, 2) == 1.70


def by_hand(space: ResNet164, genotype: str, size: int) -> tuple[int, int]:
    """Parameters and multiply-adds of the slim network from its widths alone."""
    kept = {name: len(channels) for name, channels in space.parse(genotype).items()}
    o = space.options
    params, macs = 27 * o.width, 27 * o.width * size**2
    inputs = o.width
    for stage in range(3):
        outputs = 4 * o.width * 2**stage
        for block in range((o.depth - 2) // 9):
            before, size = size, size // 2 if stage and not block else size
            k1, k2, k3 = (kept[f"layer{stage + 1}.{block}.bn{i}"] for i in (1, 2, 3))
            shortcut = inputs * outputs if inputs != outputs else 0
            params += k1 * k2 + 9 * k2 * k3 + k3 * outputs + shortcut + 2 * (k1 + k2 + k3)
            macs += k1 * k2 * before**2 + (9 * k2 * k3 + k3 * outputs + shortcut) * size**2
            inputs = outputs
    return params + 2 * kept["bn"] + (kept["bn"] + 1) * o.classes, macs + (kept["bn"] + 1) * o.classes


@pytest.mark.parametrize("prc", [0.4, 0.6])
def test_slim_counts_agree_with_torch_and_with_the_widths(prc: float) -> None:
    space = ResNet164(ResNet164Options(prc=prc))
    genotype = space.discretise(random_gates(space))
    removed = sum(space.layers.values()) - sum(len(c) for c in space.parse(genotype).values())
    assert removed == round(prc * 12_112)
    assert space.prc(genotype) == pytest.approx(removed / 12_112)
    with torch.device("meta"):
        slim = space.build(genotype)
        with FlopCounterMode(display=False) as counter:
            slim(torch.empty(2, 3, 32, 32))
    macs = multiply_adds(slim, (3, 32, 32))
    assert (parameters(slim), macs) == by_hand(space, genotype, 32)
    # torch leaves the classifier's bias out.
    assert macs == counter.get_total_flops() // 4 + space.options.classes


def test_estimated_statistics_make_evaluation_equal_training(double: None) -> None:
    """On one batch, up to the variance's n / (n − 1)."""
    space = ResNet164(ResNet164Options(depth=11, width=2))
    network, x = whole(space, random_gates(space)), torch.randn(64, 3, 16, 16)
    estimate_statistics(network, [x])
    evaluated = network(x)
    assert (evaluated - network.train()(x)).abs().max() / evaluated.abs().max() < 1e-3


def test_the_proximal_step_is_the_soft_threshold() -> None:
    space = ResNet164(SMALL.model_copy(update={"l1": 0.5}))
    alpha = random_gates(space)
    before = {name: a.clone() for name, a in alpha.items()}
    space.prox(alpha, 0.4)
    for name, a in before.items():
        assert torch.allclose(alpha[name], a.sign() * (a.abs() - 0.2).clamp(min=0), atol=1e-7)
        assert torch.equal(alpha[name] == 0, a.abs() <= 0.2)


def test_edges_are_the_layers_and_none_is_a_skip() -> None:
    space = ResNet164(SMALL)
    edges = space.edges(space.sample(seeded()))
    assert [e.target for e in edges] == list(space.layers)
    assert list(dict.fromkeys(e.cell for e in edges)) == ["layer1", "layer2", "layer3", "bn"]
    assert skip_ratios([e.as_dict() for e in edges]) == (0, 0, 0)


def test_neighbours_differ_in_one_layer_and_redrawn_networks_keep_their_widths() -> None:
    space = ResNet164(SMALL)
    genotype = space.sample(seeded())
    kept, near, again = (
        space.parse(g) for g in (genotype, space.mutate(genotype, seeded(1)), space.redraw(genotype, seeded(2)))
    )
    changed = [name for name in kept if kept[name] != near[name]]
    assert len(changed) == 1
    assert len(kept[changed[0]]) != len(near[changed[0]])
    assert [len(c) for c in again.values()] == [len(c) for c in kept.values()]
    assert again != kept


@pytest.mark.parametrize("depth", [2, 21, 163])
def test_only_depths_9n_plus_2(depth: int) -> None:
    with pytest.raises(BadInput, match="depth"):
        validated("space", ResNet164Options, {"depth": depth})


@pytest.mark.parametrize("prc", [0, 1, -0.4, 40])
def test_only_ratios_between_0_and_1(prc: float) -> None:
    with pytest.raises(BadInput, match="prc"):
        validated("space", ResNet164Options, {"prc": prc})


def test_what_does_not_fit_is_refused() -> None:
    space, deeper = ResNet164(SMALL), ResNet164(ResNet164Options(depth=29, width=4))
    weights, alpha = dict(space.supernet().named_parameters()), space.alphas(seeded())
    with pytest.raises(BadInput, match=r"gates do not fit.*layer1\.2\.bn1"):
        space.full(weights, deeper.alphas(seeded()))
    with pytest.raises(BadInput, match="weights do not fit"):
        deeper.full(weights, deeper.alphas(seeded()))
    wide = ResNet164(SMALL.model_copy(update={"width": 8}))
    with pytest.raises(BadInput, match="the trained network does not fit"):
        wide.build(wide.sample(seeded()), space.full(weights, alpha))
    with pytest.raises(BadInput, match="no genotype of resnet164 at this size"):
        deeper.build(space.sample(seeded()))
