"""The merged supernet is the plain one: an operation a module, an edge at a time, weighted and summed."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from plain_supernet import PlainSupernet
from torch import Tensor

from spaces.base import Mix
from spaces.nats import Nats, NatsOptions
from spaces.nats_supernet import LEAVING
from spaces.pooling import avg_pool_3x3


def merged_gradient(slopes: dict[str, Tensor], block: str, kind: str, source: int) -> Tensor:
    """The plain cell's gradients, put together as the merged cell stores its weights."""
    name = {"conv1": "nor_conv_1x1", "conv3": "nor_conv_3x3"}[kind]
    return torch.cat([slopes[f"blocks.{block}.convolutions.{name}-{edge}"] for edge in LEAVING[source]])


@pytest.mark.parametrize("size", [16, 12, 8])
def test_merged_supernet_equals_plain_loss_and_gradients(double: None, size: int) -> None:
    torch.manual_seed(0)
    space = Nats(NatsOptions(channels=4, cells=5, image_size=size))
    merged = space.supernet()
    plain = PlainSupernet(merged)
    alpha = torch.randn(6, 5, requires_grad=True)
    x, y = torch.randn(16, 3, size, size), torch.randint(10, (16,))
    losses, alpha_slopes, weight_slopes = [], [], []
    for network in (merged, plain):
        network.zero_grad()
        loss = F.cross_entropy(network(x, space.relax({"cell": alpha})), y)
        names, parameters = zip(*network.named_parameters(), strict=True)
        slopes = torch.autograd.grad(loss, [alpha, *parameters])
        losses.append(loss.item())
        alpha_slopes.append(slopes[0])
        weight_slopes.append(dict(zip(names, slopes[1:], strict=True)))
    assert abs(losses[0] - losses[1]) < 1e-10
    assert (alpha_slopes[0] - alpha_slopes[1]).abs().max() < 1e-10
    for name, slope in weight_slopes[0].items():
        parts = name.split(".")
        if len(parts) == 4 and parts[2] in ("conv1", "conv3"):
            other = merged_gradient(weight_slopes[1], parts[1], parts[2], int(parts[3]))
        else:
            other = weight_slopes[1][name]
        assert (slope - other).abs().max() < 1e-10, name


def test_active_operations_alone_equal_a_mix_that_is_zero_elsewhere(double: None) -> None:
    torch.manual_seed(1)
    network = Nats(NatsOptions(channels=3, cells=2, image_size=8)).supernet()
    active = [[3], [1, 4], [0], [2], [], [2, 3]]
    weights = torch.zeros(6, 5)
    for edge, kinds in enumerate(active):
        for kind in kinds:
            weights[edge, kind] = torch.rand(())
    x = torch.randn(8, 3, 8, 8)
    with torch.no_grad():
        full = network(x, Mix({"cell": weights}))
        alone = network(x, Mix({"cell": weights}, {"cell": active}))
    assert (full - alone).abs().max() < 1e-10


@pytest.mark.parametrize("shape", [(2, 3, 16, 16), (2, 3, 8, 8), (1, 2, 5, 7), (1, 1, 9, 3), (1, 1, 1, 1)])
def test_pooling_by_matrices_equals_torchs_kernel(shape: tuple[int, ...]) -> None:
    x = torch.randn(shape, dtype=torch.float64)
    expected = F.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)
    assert (avg_pool_3x3(x) - expected).abs().max() < 1e-12


def test_supernet_owns_no_architecture_parameter_and_keeps_no_batch_statistics() -> None:
    network = Nats(NatsOptions(channels=4, cells=1)).supernet()
    assert not dict(network.named_buffers())
    assert not [name for name, p in network.named_parameters() if p.shape == (6, 5)]


def test_penalty_is_the_expected_latency_in_units_of_its_mean() -> None:
    space = Nats(NatsOptions(latency=(0.0, 1.0, 2.0, 3.0, 4.0)))
    uniform = space.penalty(space.relax({"cell": torch.zeros(6, 5)}).weights)
    assert uniform is not None
    assert uniform.item() == pytest.approx(6.0)
    sharp = torch.full((6, 5), -100.0)
    sharp[:, 4] = 100.0
    assert space.penalty(space.relax({"cell": sharp}).weights).item() == pytest.approx(6 * 4 / 2)  # type: ignore[union-attr]
