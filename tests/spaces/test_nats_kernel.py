"""The NATS cell's passes by hand: their formulas against finite differences, and what they leave out."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import torch
from searches import make_batch, make_search
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from spaces.nats import Nats, NatsOptions
from spaces.nats_kernel import MixedCellFunction
from spaces.nats_supernet import MixedCell, cell
from spaces.pooling import avg_pool_3x3, avg_pool_3x3_backward


class Ran(TorchDispatchMode):
    """Counts the convolutions' backward passes by what they were asked for: the input's, the weight's gradient."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: Counter[str] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.ops.aten.convolution_backward.default and args[0].device.type == "cpu":  # meta only counts
            self.asked["input"] += args[10][0]
            self.asked["weight"] += args[10][1]
        return func(*args, **(kwargs or {}))


def inputs(channels: int = 2, size: int = 4) -> list[Tensor]:
    torch.manual_seed(0)
    made = MixedCell(channels)
    x, weights = torch.randn(3, channels, size, size), torch.rand(6, 5)
    return [t.detach().requires_grad_() for t in (x, weights, *made.conv1, *made.conv3)]


def test_backward_by_hand_equals_finite_differences(double: None) -> None:
    assert torch.autograd.gradcheck(lambda *tensors: MixedCellFunction.apply(cell, *tensors), inputs(), fast_mode=True)


def test_second_derivatives_equal_finite_differences(double: None) -> None:
    function = lambda *tensors: MixedCellFunction.apply(cell, *tensors)  # noqa: E731
    assert torch.autograd.gradgradcheck(function, inputs(), fast_mode=True)


def test_second_derivatives_through_cells_that_share_their_weights_equal_autograds(double: None) -> None:
    """A cell's input hangs on the weights too. Its slope once counted that way twice, in 2ⁿ passes for n cells."""
    x, weights, *kernels = inputs()
    by_hand, plain = x, x
    for _ in range(3):
        by_hand = MixedCellFunction.apply(cell, by_hand, weights, *kernels)
        plain = cell(plain, weights, kernels[:3], kernels[3:])
    firsts = [torch.autograd.grad(out.square().sum(), weights, create_graph=True)[0] for out in (by_hand, plain)]
    assert (firsts[0] - firsts[1]).abs().max() < 1e-10 * firsts[1].abs().max()
    ours, autograds = (torch.autograd.grad(first.square().sum(), [x, weights, *kernels]) for first in firsts)
    assert all((a - b).abs().max() < 1e-9 * b.abs().max() for a, b in zip(ours, autograds, strict=True))


@pytest.mark.parametrize("wanted", [[0], [1], [2, 5], [0, 1], [3, 4, 6, 7], [0, 2, 7]])
def test_any_subset_of_the_slopes_equals_autograds(double: None, wanted: list[int]) -> None:
    tensors = [t.requires_grad_(i in wanted) for i, t in enumerate(inputs(3, 6))]
    slope = torch.randn_like(tensors[0])
    outs = (
        MixedCellFunction.apply(cell, *tensors),
        cell(tensors[0], tensors[1], tensors[2:5], tensors[5:8]),
    )
    ours, autograds = (torch.autograd.grad(out, [tensors[i] for i in wanted], slope) for out in outs)
    assert (outs[0] - outs[1]).abs().max() < 1e-12
    assert all((a - b).abs().max() < 1e-10 for a, b in zip(ours, autograds, strict=True))


def test_float32_is_as_near_the_truth_as_autograds_own_kernels() -> None:
    """Where a channel's mean is thirty times its deviation, so that a variance from a sum of squares loses digits."""
    x, *rest = (t.detach() for t in inputs(8, 8))
    x = 1 + x / 30
    exact = cell(x.double(), rest[0].double(), *([t.double() for t in part] for part in (rest[1:4], rest[4:7])))
    errors = [
        (out - exact).norm() / exact.norm()
        for out in (MixedCellFunction.apply(cell, x, *rest), cell(x, rest[0], rest[1:4], rest[4:7]))
    ]
    assert errors[0] < 10 * errors[1] + 1e-6


def test_a_step_of_alpha_runs_no_kernel_of_a_weights_gradient() -> None:
    search = make_search("darts1", Nats(NatsOptions(channels=2, cells=1, image_size=8)))
    batch = make_batch("val")
    with Ran() as ran:
        search.grad_alpha(search.w, batch)
    # Of three cells with three sources the first source of the first cell has nobody before it who wants a gradient;
    # each of the two reductions has three convolutions.
    assert ran.asked == Counter(input=3 * 3 - 1 + 2 * 3, weight=0)
    with Ran() as ran:
        search.grad_w(search.w, batch)
    assert ran.asked == Counter(input=3 * 3 + 2 * 3, weight=3 * 3 + 2 * 3 + 1), "the stem's weight, not the image"


@pytest.mark.parametrize("shape", [(2, 3, 16, 16), (2, 3, 8, 8), (1, 2, 5, 7), (1, 1, 9, 3), (1, 1, 1, 1)])
def test_what_pooling_gives_back_is_its_transpose(double: None, shape: tuple[int, ...]) -> None:
    x, slope = torch.randn(shape), torch.randn(shape)
    there, back = (avg_pool_3x3(x) * slope).sum(), (x * avg_pool_3x3_backward(slope)).sum()
    assert abs(there - back) < 1e-11
