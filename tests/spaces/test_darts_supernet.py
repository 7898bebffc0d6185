"""The merged DARTS supernet is the plain one: an operation a module, an edge at a time, weighted and summed."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
import torch
import torch.nn.functional as F
from plain_darts_supernet import PlainSupernet
from torch import Tensor, nn

from spaces.base import Mix
from spaces.counting import multiply_adds, parameters
from spaces.darts_graph import CELLS, OPERATIONS, edges
from spaces.darts_mixed import Separable
from spaces.darts_supernet import Supernet

Slopes = tuple[Tensor, ...]


def alphas(nodes: int) -> list[Tensor]:
    return [torch.randn(len(edges(nodes)), len(OPERATIONS), requires_grad=True) for _ in CELLS]


def relaxed(alpha: Sequence[Tensor]) -> Mix:
    return Mix({kind: torch.softmax(a, -1) for kind, a in zip(CELLS, alpha, strict=True)})


def joined(plain: PlainSupernet, merged: Supernet, slopes: Slopes) -> Slopes:
    """Tensors shaped as the plain supernet's parameters, put together as the merged one stores its own."""
    stored = {weight: torch.zeros_like(weight) for weight in merged.parameters()}
    for weight, slope in zip(plain.parameters(), slopes, strict=True):
        whole, rows = plain.pieces.get(weight, (weight, slice(None)))  # type: ignore[call-overload]
        stored[whole][rows] += slope
    return tuple(stored.values())


def apart(plain: PlainSupernet, merged: Supernet, tensors: Slopes) -> Slopes:
    """The inverse of ``joined``."""
    stored = dict(zip(merged.parameters(), tensors, strict=True))
    pieces = [plain.pieces.get(weight, (weight, slice(None))) for weight in plain.parameters()]  # type: ignore[call-overload]
    return tuple(stored[whole][rows] for whole, rows in pieces)


def close(a: Slopes, b: Slopes) -> bool:
    return all((x - y).abs().max() < 1e-10 for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize(("cells", "nodes", "size"), [(4, 4, 12), (3, 4, 16), (6, 2, 8), (2, 3, 8), (1, 1, 8)])
def test_merged_supernet_equals_plain_loss_and_gradients(double: None, cells: int, nodes: int, size: int) -> None:
    torch.manual_seed(0)
    merged = Supernet(2, cells, nodes)
    plain = PlainSupernet(merged, nodes)
    alpha = alphas(nodes)
    x, y = torch.randn(8, 3, size, size), torch.randint(10, (8,))
    losses, slopes = [], []
    for network in (merged, plain):
        losses.append(F.cross_entropy(network(x, relaxed(alpha)), y))
        slopes.append(torch.autograd.grad(losses[-1], [*alpha, *network.parameters()], allow_unused=cells < 3))
    assert abs(losses[0] - losses[1]) < 1e-10
    used = [i for i, slope in enumerate(slopes[0][:2]) if slope is not None]
    assert used == ([0, 1] if cells > 2 else [1]), "fewer than three cells are reductions all"
    assert close(tuple(slopes[0][i] for i in used), tuple(slopes[1][i] for i in used))
    assert close(slopes[0][2:], joined(plain, merged, slopes[1][2:]))


def test_second_derivatives_equal_the_plain_ones(double: None) -> None:
    """Exact products with both blocks of the Hessian: ∂(∇_w L · v)/∂(α, w)."""
    torch.manual_seed(1)
    merged = Supernet(2, 3, nodes=3)
    plain = PlainSupernet(merged, 3)
    alpha = alphas(3)
    x, y = torch.randn(4, 3, 8, 8), torch.randint(10, (4,))
    vector = tuple(torch.randn_like(weight) for weight in merged.parameters())
    products = []
    for network, v in ((merged, vector), (plain, apart(plain, merged, vector))):
        weights = list(network.parameters())
        loss = F.cross_entropy(network(x, relaxed(alpha)), y)
        slopes = torch.autograd.grad(loss, weights, create_graph=True)
        along = sum((s * part).sum() for s, part in zip(slopes, v, strict=True))
        products.append(torch.autograd.grad(along, [*alpha, *weights]))
    scale = max(product.abs().max().item() for product in products[0])
    assert scale > 1e-3, "a Hessian of zeros would prove nothing"
    ours, theirs = products[0], (*products[1][:2], *joined(plain, merged, products[1][2:]))
    assert all((a - b).abs().max() < 1e-10 * max(scale, 1.0) for a, b in zip(ours, theirs, strict=True))


def test_active_operations_alone_equal_a_mix_that_is_zero_elsewhere(double: None) -> None:
    torch.manual_seed(2)
    network = Supernet(2, 4)
    plain = PlainSupernet(network, 4)
    lists = [[4], [1, 3], [0], [2, 5, 7], [], [3], [6], [0, 1], [4, 6], [7], [2], [3, 5], [1], [0, 2]]
    active = {"normal": lists, "reduce": lists[::-1]}
    weights = {kind: torch.zeros(14, 8) for kind in active}
    for kind, per_edge in active.items():
        for edge, operations in enumerate(per_edge):
            weights[kind][edge, operations] = torch.rand(len(operations))
    x = torch.randn(8, 3, 12, 12)
    with torch.no_grad():
        expected = plain(x, Mix(weights))
        assert (network(x, Mix(weights)) - expected).abs().max() < 1e-10
        assert (network(x, Mix(weights, active)) - expected).abs().max() < 1e-10


def test_active_operations_alone_are_run() -> None:
    network = Supernet(4, 3, nodes=2).to("meta")
    weights = {kind: torch.ones(5, 8, device="meta") for kind in CELLS}
    cost = {
        kind: multiply_adds(network, (3, 16, 16), Mix(weights, {cell: [[kind]] * 5 for cell in CELLS}))
        for kind in range(len(OPERATIONS))
    }
    full = multiply_adds(network, (3, 16, 16), Mix(weights))
    assert full - cost[0] == sum(c - cost[0] for c in cost.values()), "none costs nothing, the rest add up"
    assert cost[1] == cost[2] == cost[0] < cost[3], "pools cost nothing, a reduction's skip does"


def test_no_edge_but_none_gives_the_classifiers_bias(double: None) -> None:
    network = Supernet(2, 3)
    mix = {kind: torch.zeros(14, 8) for kind in CELLS}
    logits = network(torch.randn(4, 3, 8, 8), Mix(mix, {kind: [[0]] * 14 for kind in CELLS}))
    assert torch.equal(logits, network.classifier.bias.expand(4, -1))


def test_none_lets_no_nan_through() -> None:
    mix = {kind: torch.full((14, 8), 1 / 8) for kind in CELLS}
    for weights in mix.values():
        weights[:, 0] = float("nan")
    assert Supernet(2, 3)(torch.randn(4, 3, 8, 8), Mix(mix)).isfinite().all()


def test_supernet_of_the_paper_has_the_authors_number_of_parameters() -> None:
    """Their log: param size = 1.930618MB, at 16 channels and 8 cells."""
    with torch.device("meta"):
        assert parameters(Supernet(16, 8)) == 1_930_618


def test_merging_leaves_the_multiply_adds_as_they_are() -> None:
    with torch.device("meta"):
        merged = Supernet(4, 4, nodes=3)
        mix = Mix({kind: torch.empty(9, 8) for kind in CELLS})
        plain = PlainSupernet(merged, 3)
    assert multiply_adds(merged, (3, 16, 16), mix) == multiply_adds(plain, (3, 16, 16), mix)


def test_merged_weights_start_as_separate_convolutions_would() -> None:
    """Uniform within ± 1/√fan_in of one convolution: its largest weight comes close to that bound, none exceeds it."""
    torch.manual_seed(3)
    seen = 0
    for module in Supernet(16, 3).modules():
        if isinstance(module, Separable):
            size = module.depthwise.kernel_size[0]
            for convolution, bound in (
                (module.depthwise, 1 / size),
                (module.pointwise, 1 / math.sqrt(module.channels)),
            ):
                largest = convolution.weight.abs().max().item()
                assert 0.9 * bound < largest <= bound
                seen += 1
    assert seen == 3 * 5 * 6 * 2


def test_supernet_owns_no_architecture_parameter_and_keeps_no_batch_statistics() -> None:
    network = Supernet(2, 3)
    assert not dict(network.named_buffers())
    assert not [name for name, p in network.named_parameters() if p.shape == (14, 8)]
    assert not [m for m in network.modules() if isinstance(m, nn.ReLU) and m.inplace]
