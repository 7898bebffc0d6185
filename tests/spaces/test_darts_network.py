"""The stand-alone DARTS networks against published sizes, and cell by cell against what their genotype says."""

from __future__ import annotations

import math

import pytest
import torch
from scipy.stats import binomtest
from torch import Tensor, nn

from spaces.counting import multiply_adds, parameters
from spaces.darts_cell import Cell, FactorizedReduce, operation
from spaces.darts_genotype import OPERATIONS, cell, parse
from spaces.darts_network import CifarNetwork, ImageNetNetwork, reductions


def cifar(name: str, *, auxiliary: bool = False) -> CifarNetwork:
    with torch.device("meta"):
        return CifarNetwork(parse(name), 36, 20, 10, 3, auxiliary)


def imagenet(name: str, *, auxiliary: bool = False) -> ImageNetNetwork:
    with torch.device("meta"):
        return ImageNetNetwork(parse(name), 48, 14, 1000, 3, auxiliary)


def test_darts_v2_has_the_published_parameters() -> None:
    """The authors' README: 3.349 M on CIFAR-10, 4.719 M on ImageNet; their CIFAR log: 3.349342 M."""
    assert parameters(cifar("darts_v2")) == 3_349_342
    assert parameters(imagenet("darts_v2")) == 4_718_752


@pytest.mark.parametrize(
    ("name", "millions", "head"),
    [
        ("nasnet", 3.83, False),
        ("gdas_v1", 3.36, False),
        ("darts_v2", 3.34, False),
        ("pc_darts_cifar", 3.63, False),
        ("pdarts", 3.43, False),
        ("snas_mild", 2.66, False),
        ("fairdarts_a", 2.83, True),
        ("fairdarts_b", 3.88, True),
        ("fairdarts_c", 2.59, False),
        ("fairdarts_d", 3.84, True),
        ("fairdarts_e", 3.12, True),
        ("fairdarts_f", 3.62, True),
        ("fairdarts_g", 3.37, True),
    ],
)
def test_published_genotypes_have_the_published_parameters(name: str, millions: float, head: bool) -> None:
    """The comments of xiaomi-automl/FairDARTS, fairdarts/genotypes.py (C = 36, 20 cells, CIFAR), cut to two digits.

    FairDARTS's own cells, c excepted, are counted there with the auxiliary head.
    """
    count = parameters(cifar(name, auxiliary=head)) / 1e6
    assert millions in (math.floor(100 * count) / 100, round(count, 2))


@pytest.mark.parametrize(("name", "millions"), [("darts_v2", 528), ("gdas_v1", 519), ("snas_mild", 422)])
def test_published_genotypes_have_the_published_multiply_adds(name: str, millions: int) -> None:
    """The same comments, of cells without average pooling, which is counted there and not here."""
    assert multiply_adds(cifar(name), (3, 32, 32)) // 10**6 == millions


def test_darts_v2_on_imagenet_has_the_published_multiply_adds() -> None:
    """Published: 574 M, which counts more than convolutions and linear layers; those are about 530 M."""
    assert multiply_adds(imagenet("darts_v2"), (3, 224, 224)) == pytest.approx(530e6, rel=1e-3)


@pytest.mark.parametrize(("network", "norm"), [(cifar, 2 * 768), (imagenet, 0)])
def test_auxiliary_head_by_its_closed_form(network: type[nn.Module], norm: int) -> None:
    with_head = network("darts_v2", auxiliary=True)
    width = 4 * 4 * (36 if network is cifar else 48)
    classes = with_head.classifier.out_features
    head = width * 128 + 2 * 128 + 128 * 768 * 4 + norm + 768 * classes + classes
    assert parameters(with_head) - parameters(network("darts_v2")) == head


@pytest.mark.parametrize(("kind", "size"), [(CifarNetwork, 32), (CifarNetwork, 64), (ImageNetNetwork, 224)])
def test_the_head_reads_the_second_reduction_cell(kind: type[CifarNetwork | ImageNetNetwork], size: int) -> None:
    torch.manual_seed(0)
    network = kind(parse("darts_v2"), 2, 5, 10, 3, True)
    x = torch.randn(2, 3, size, size)
    logits, auxiliary = network.forward_with_auxiliary(x)
    assert logits.shape == auxiliary.shape == (2, 10)
    auxiliary.sum().backward()
    reached = [any(p.grad is not None for p in block.parameters()) for block in network.cells]
    assert reached == [i <= reductions(5)[1] for i in range(5)]
    network.eval()
    assert torch.equal(network.forward_with_auxiliary(x)[0], network(x))


def test_without_a_head_there_are_no_auxiliary_logits() -> None:
    assert (
        CifarNetwork(parse("darts_v2"), 2, 3, 10, 3, False).forward_with_auxiliary(torch.randn(2, 3, 8, 8))[1] is None
    )


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("name", OPERATIONS)
def test_operations_keep_the_size_or_halve_it(name: str, stride: int) -> None:
    x = torch.randn(2, 4, 8, 8)
    before = x.clone()
    assert operation(name, 4, stride)(x).shape == (2, 4, 8 // stride, 8 // stride)
    assert torch.equal(x, before)


def test_factorized_reduce_takes_even_and_odd_pixels() -> None:
    module = FactorizedReduce(3, 6)
    module.norm = nn.Identity()
    for convolution in (module.even, module.odd):
        convolution.weight.data = torch.eye(3)[:, :, None, None]
    x = torch.rand(2, 3, 6, 6)
    assert torch.equal(module(x), torch.cat([x[:, :, ::2, ::2], x[:, :, 1::2, 1::2]], 1))


def bare(genes: list[list[tuple[str, int]]], concat: list[int]) -> Cell:
    """A normal cell whose inputs come as they are."""
    made = Cell(cell(genes, concat), (3, 3), 3, reduction=False, halved=False)
    made.preprocess0 = made.preprocess1 = nn.Identity()
    return made


def test_nodes_are_sums_over_their_sources() -> None:
    """Node 3 has no edges, node 4 the same edge twice, node 5 three edges; node 2 is not concatenated."""
    skip, pool = "skip_connect", nn.AvgPool2d(3, 1, 1, count_include_pad=False)
    twice = [("avg_pool_3x3", 2), ("avg_pool_3x3", 2)]
    made = bare([[(skip, 0), ("avg_pool_3x3", 1)], [], twice, [(skip, 0), (skip, 1), (skip, 4)]], [4, 5])
    x0, x1 = torch.randn(2, 2, 3, 4, 4)
    node2 = x0 + pool(x1)
    node4 = 2 * pool(node2)
    torch.testing.assert_close(made(x0, x1), torch.cat([node4, x0 + x1 + node4], 1))


def test_drop_path_zeroes_images_of_an_edge_and_keeps_the_expectation() -> None:
    p, images = 0.3, 4000
    torch.manual_seed(0)
    made = bare([[("avg_pool_3x3", 0)], [("avg_pool_3x3", 1)], [("skip_connect", 0)]], [2, 3, 4])
    x0, x1 = torch.rand(2, images, 3, 2, 2) + 0.5
    full = made(x0, x1).unflatten(1, (3, 3))
    ratio = made(x0, x1, p).unflatten(1, (3, 3)) / full
    assert torch.equal(ratio[:, 2], torch.ones_like(ratio[:, 2]))
    kept = ratio[:, :2, 0, 0, 0] > 0
    torch.testing.assert_close(ratio[:, :2], kept[:, :, None, None, None].expand(-1, -1, 3, 2, 2) / (1 - p))
    for edge in kept.T:
        assert binomtest(int(edge.sum()), images, 1 - p).pvalue > 1e-3
    assert binomtest(int((kept[:, 0] & kept[:, 1]).sum()), images, (1 - p) ** 2).pvalue > 1e-3


def test_a_skip_of_stride_two_may_be_dropped() -> None:
    """Only the identity is spared, as in the authors' code."""
    torch.manual_seed(0)
    made = Cell(cell([[("skip_connect", 0)]]), (3, 3), 4, reduction=True, halved=False)
    y = made(torch.randn(64, 3, 4, 4), torch.randn(64, 3, 4, 4), 0.5)
    dropped = (y.flatten(1) == 0).all(1)
    assert 0 < int(dropped.sum()) < 64


def outputs(network: CifarNetwork, x: Tensor, drop_path: float) -> Tensor:
    network.drop_path = drop_path
    return network(x)


def test_drop_path_is_for_training_and_leaves_gradients_whole() -> None:
    torch.manual_seed(0)
    network = CifarNetwork(parse("darts_v1"), 2, 3, 10, 3, False)
    x = torch.randn(4, 3, 8, 8)
    assert not torch.equal(outputs(network, x, 0.5), outputs(network, x, 0.0))
    outputs(network, x, 0.5).sum().backward()
    assert all(p.grad is not None for p in network.parameters())
    network.eval()
    assert torch.equal(outputs(network, x, 0.5), outputs(network, x, 0.0))
