"""Partial channels and normalised edges: the merged supernets against PC-DARTS's own form, and the space's rules."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from plain_darts_supernet import Pieces
from plain_partial import PlainDarts, PlainNats, shuffled
from torch import Tensor, nn

from results.errors import BadInput
from spaces import darts_partial, nats_partial
from spaces.base import Mix, Space
from spaces.contracts import PartlyConnected, need
from spaces.counting import multiply_adds
from spaces.darts import Darts, DartsOptions
from spaces.darts_genotype import parse
from spaces.darts_graph import CELLS
from spaces.nats import Nats, NatsOptions
from spaces.nats_supernet import Supernet as WholeNats
from spaces.resnet164 import ResNet164

Case = tuple[Space, nn.Module, nn.Module, Pieces]


def darts(parts: int, cells: int, nodes: int, channels: int = 4, weigh_edges: bool = True) -> Case:
    space = Darts(DartsOptions(channels=channels, cells=cells, nodes=nodes)).partial(parts, weigh_edges)
    merged = space.supernet()
    assert isinstance(merged, darts_partial.PartialSupernet)
    plain = PlainDarts(merged, nodes)
    return space, merged, plain, plain.pieces


def nats(parts: int, cells: int, channels: int = 4, weigh_edges: bool = True) -> Case:
    space = Nats(NatsOptions(channels=channels, cells=cells)).partial(parts, weigh_edges)
    merged = space.supernet()
    assert isinstance(merged, nats_partial.PartialSupernet)
    plain = PlainNats(merged)
    return space, merged, plain, plain.pieces(merged)


def random_alphas(space: Space) -> dict[str, Tensor]:
    """α and β far from uniform."""
    return {n: torch.randn(a.shape).requires_grad_() for n, a in space.alphas(torch.Generator()).items()}


@pytest.mark.parametrize(
    ("case", "size"),
    [
        (lambda: darts(2, 4, 4), 12),
        (lambda: darts(4, 3, 2), 8),
        (lambda: darts(1, 3, 2, channels=2), 8),
        (lambda: nats(2, 2), 8),
        (lambda: nats(4, 1, channels=8), 12),
        (lambda: nats(1, 1, channels=2), 8),
        (lambda: darts(2, 3, 2, weigh_edges=False), 8),
        (lambda: nats(2, 1, weigh_edges=False), 8),
    ],
    ids=["darts K=2", "darts K=4", "darts K=1", "nats K=2", "nats K=4", "nats K=1", "darts, no β", "nats, no β"],
)
def test_merged_supernet_equals_the_authors_form(double: None, case: Callable[[], Case], size: int) -> None:
    """The loss, its gradients to w, α and β, and a product with its Hessian in (α, β)."""
    torch.manual_seed(0)
    space, merged, plain, pieces = case()
    alpha = random_alphas(space)
    x, y = torch.randn(8, 3, size, size), torch.randint(10, (8,))
    vector = [torch.randn_like(a) for a in alpha.values()]
    losses, alpha_slopes, weight_slopes, products = [], [], [], []
    for network in (merged, plain):
        loss = F.cross_entropy(network(x, space.relax(alpha)), y)
        slopes = torch.autograd.grad(loss, [*alpha.values(), *network.parameters()], create_graph=True)
        along = sum((s * v).sum() for s, v in zip(slopes, vector, strict=False))
        products.append(torch.autograd.grad(along, list(alpha.values())))
        losses.append(loss)
        alpha_slopes.append(slopes[: len(alpha)])
        weight_slopes.append(dict(zip(network.parameters(), slopes[len(alpha) :], strict=True)))
    assert abs(losses[0] - losses[1]) < 1e-10
    for ours, theirs in zip((*alpha_slopes[0], *products[0]), (*alpha_slopes[1], *products[1]), strict=True):
        assert theirs.abs().max() > 1e-6
        assert (ours - theirs).abs().max() < 1e-10
    compared = 0
    for weight, slope in weight_slopes[1].items():
        whole, rows = pieces.get(weight, (weight, slice(None)))  # type: ignore[call-overload]
        assert (weight_slopes[0][whole][rows] - slope).abs().max() < 1e-10
        compared += slope.numel()
    assert compared == sum(weight.numel() for weight in merged.parameters())


@pytest.mark.parametrize("parts", [2, 4, 8])
def test_nats_operations_touch_one_channel_in_k_and_the_others_are_copies(double: None, parts: int) -> None:
    torch.manual_seed(1)
    cell = nats_partial.PartialCell(8, parts)
    node = torch.randn(2, 8, 6, 6, requires_grad=True)
    to_node_1 = cell.leaving(node, 0, torch.tensor([[0.1, 0.2, 0.3, 0.25, 0.15, 1.0]] * 3))[:, 0]
    read, touched = channels_read(to_node_1, node), touched_channels(to_node_1, cell)
    assert touched == list(range(0, 8, parts)), "the first of each group after the shuffle"
    assert all(read[channel] == list(range(8 // parts)) for channel in touched)
    copies = shuffled(node, parts)
    kept = [channel for channel in range(8) if channel not in touched]
    assert len(kept) == 8 - 8 // parts
    assert torch.equal(to_node_1[:, kept], copies[:, kept])


@pytest.mark.parametrize("reduction", [False, True])
@pytest.mark.parametrize("parts", [2, 4])
def test_darts_operations_touch_one_channel_in_k_and_the_others_pass(double: None, parts: int, reduction: bool) -> None:
    """A cell of one node: what passes is β-weighed, and its maximum over 2 × 2 pixels where the cell halves."""
    torch.manual_seed(2)
    cell = darts_partial.PartialCell((5, 6), 8, 1, reduction, False, parts)
    x0, x1 = torch.randn(2, 5, 4, 4), torch.randn(2, 6, 4, 4)
    beta = torch.tensor([0.3, 0.7])
    outgoing = [torch.cat([torch.full((8,), b / 8), torch.tensor([b])])[None] for b in beta.tolist()]
    out = cell(x0, x1, outgoing)
    touched = touched_channels(out, cell.sources)
    assert touched == list(range(0, 8, parts))
    kept = [channel for channel in range(8) if channel not in touched]
    inputs = [cell.preprocess0(x0), cell.preprocess1(x1)]
    if reduction:
        inputs = [F.max_pool2d(x, 2) for x in inputs]
    expected = shuffled(beta[0] * inputs[0] + beta[1] * inputs[1], parts)
    assert (out - expected)[:, kept].abs().max() < 1e-15


def touched_channels(out: Tensor, operations: nn.Module) -> list[int]:
    """The channels of ``out`` that depend on a weight of ``operations``."""
    weights = list(operations.parameters())
    found = []
    for channel in range(out.shape[1]):
        slopes = torch.autograd.grad((out[:, channel] ** 3).sum(), weights, retain_graph=True, allow_unused=True)
        if any(slope is not None and bool(slope.any()) for slope in slopes):
            found.append(channel)
    return found


def channels_read(out: Tensor, node: Tensor) -> list[list[int]]:
    """For each channel of ``out`` those of ``node`` that it depends on."""
    slopes = [
        torch.autograd.grad((out[:, channel] ** 3).sum(), node, retain_graph=True)[0] for channel in range(out.shape[1])
    ]
    return [slope.abs().sum((0, 2, 3)).nonzero().flatten().tolist() for slope in slopes]


@pytest.mark.parametrize("parts", [1, 2, 4])
def test_operations_of_nats_cost_one_kth_squared(parts: int) -> None:
    """Convolutions from C/K channels to C/K."""
    options = NatsOptions(channels=8, cells=2)
    space = Nats(options).partial(parts)
    shape = (3, 16, 16)
    with torch.device("meta"):
        around = multiply_adds(WholeNats(8, 0, 10, 3), shape, Mix({"cell": torch.empty(6, 5)}))
        whole = multiply_adds(Nats(options).supernet(), shape, Mix({"cell": torch.empty(6, 5)}))
        mix = Mix({"cell": torch.empty(6, 5), "cell.edges": torch.empty(6)})
        partial = multiply_adds(space.supernet(), shape, mix)
    assert (partial - around) * parts**2 == whole - around > 0


@pytest.mark.parametrize(
    "space", [Darts(DartsOptions(channels=2, cells=4, nodes=3)), Nats(NatsOptions(channels=2, cells=1))]
)
def test_one_part_and_equal_edges_are_the_ordinary_supernet_at_the_mean_of_its_edges(
    double: None, space: Space
) -> None:
    """β = 0 weighs each of a node's n edges by 1/n."""
    partial = space.partial(1)
    alpha = random_alphas(space)
    with torch.random.fork_rng():
        torch.manual_seed(3)
        ours = partial.supernet()
        torch.manual_seed(3)
        whole = space.supernet()
    incoming = [2, 2, 3, 3, 3, 4, 4, 4, 4] if isinstance(space, Darts) else [1, 2, 2, 3, 3, 3]
    shares = 1 / torch.tensor(incoming, dtype=torch.float64)
    mean = Mix({name: w * shares[:, None] for name, w in space.relax(alpha).weights.items()})
    betas = {f"{name}.edges": torch.zeros(len(incoming)) for name in alpha}
    x = torch.randn(4, 3, 8, 8)
    with torch.no_grad():
        assert (ours(x, partial.relax(alpha | betas)) - whole(x, mean)).abs().max() < 1e-10


def test_alpha_starts_as_in_the_whole_space_and_the_edges_of_a_node_share_its_weight() -> None:
    for space, nodes in ((Darts(), [2, 3, 4, 5]), (Nats(), [1, 2, 3])):
        partial = space.partial(4)
        alpha, whole = (s.alphas(torch.Generator().manual_seed(4)) for s in (partial, space))
        assert list(alpha) == [*whole, *(f"{name}.edges" for name in whole)]
        assert all(torch.equal(alpha[name], a) for name, a in whole.items())
        drawn = {name: 3 * torch.randn(a.shape) for name, a in alpha.items()}
        weights = partial.relax(drawn).weights
        for name in whole:
            assert torch.allclose(weights[name].sum(-1), torch.ones(len(whole[name])))
            start = 0
            for count in nodes:
                rows = slice(start, start + count)
                beta = drawn[f"{name}.edges"][rows]
                assert torch.allclose(weights[f"{name}.edges"][rows], beta.exp() / beta.exp().sum())
                start += count
            assert start == len(whole[name])


def test_beta_helps_to_choose_the_edges_of_a_darts_node() -> None:
    """The second node's edges have operations of weight 0.5, 0.3 and 0.2 and edge weights 0.1, 0.4 and 0.5.

    DARTS takes the first two; the products are 0.05, 0.12 and 0.10. None's weight of 0.3 is passed over.
    """
    space = Darts(DartsOptions(nodes=2))
    log = math.log
    alpha = torch.zeros(5, 8)
    alpha[0, 1] = alpha[1, 3] = 1.0
    alpha[2, 4], alpha[3, 5] = log(7), log(3)  # 7/14 and 3/10
    alpha[4, 7], alpha[4, 0] = log(2.4), log(3.6)  # 2.4/12 and 3.6/12
    beta = torch.tensor([0.0, 0.0, log(1), log(4), log(5)])
    named = {"normal": alpha, "reduce": alpha, "normal.edges": beta, "reduce.edges": torch.zeros(5)}
    first = (("max_pool_3x3", 0), ("skip_connect", 1))
    plain = (("sep_conv_3x3", 0), ("sep_conv_5x5", 1))
    found = parse(space.partial(4).discretise(named))
    assert found.normal.nodes == (first, (("sep_conv_5x5", 1), ("dil_conv_5x5", 2)))
    assert found.reduce.nodes == (first, plain)
    assert parse(space.discretise(dict.fromkeys(CELLS, alpha))).normal.nodes == (first, plain)


def test_beta_chooses_no_edge_of_a_nats_cell() -> None:
    space = Nats()
    alpha = space.alphas(torch.Generator().manual_seed(5))
    beta = {"cell.edges": torch.tensor([0.0, 50, -50, 1, 2, 3])}
    assert space.partial(4).discretise(alpha | beta) == space.discretise(alpha)


def test_parts_that_do_not_divide_the_channels_are_refused() -> None:
    for space in (Nats(NatsOptions(channels=6)), Darts(DartsOptions(channels=6))):
        with pytest.raises(BadInput, match=r"^parts = 4, but the space \w+ has 6 channels: give a divisor of 6"):
            space.partial(4)
        assert space.partial(3).options is space.options
    with pytest.raises(BadInput, match=r"a space that sends part of .*; resnet164 does not: search darts or nats$"):
        need(ResNet164(), PartlyConnected, "pcdarts")


@pytest.mark.parametrize("space", [Darts(DartsOptions(channels=4, cells=3, nodes=2)), Nats(NatsOptions(channels=4))])
def test_edges_that_are_not_weighed_have_the_weight_one_and_no_beta(space: PartlyConnected) -> None:
    plain, alpha = space.partial(2, weigh_edges=False), space.alphas(torch.Generator())
    assert {n: a.shape for n, a in plain.alphas(torch.Generator()).items()} == {n: a.shape for n, a in alpha.items()}
    weights = plain.relax(alpha).weights
    assert all((weights[f"{name}.edges"] == 1).all() for name in alpha)
    assert plain.discretise(alpha) == space.discretise(alpha)
