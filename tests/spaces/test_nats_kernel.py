"""The NATS cell's passes by hand: their formulas against finite differences, and what they leave out."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from functools import partial
from typing import Any

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from searches import make_batch, make_search
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from spaces.nats import Nats, NatsOptions
from spaces.nats_by_hand import Kernel, LeavingFunction, MixedCellFunction, kernel
from spaces.nats_supernet import MixedCell, cell, leaving
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


@pytest.fixture(params=["products", "compiled"])
def passes(request: pytest.FixtureRequest) -> Kernel:
    """The passes by hand, in torch's products and in compiled loops."""
    if request.param == "compiled":
        needs_compiler()
    return kernel(request.param == "compiled")


def needs_compiler() -> None:
    if shutil.which(os.environ.get("CXX", "c++")) is None:
        pytest.skip("there is no C++ compiler here")


def inputs(channels: int = 2, size: int = 4, batch: int = 3) -> list[Tensor]:
    torch.manual_seed(0)
    made = MixedCell(channels)
    x, weights = torch.randn(batch, channels, size, size), torch.rand(6, 5)
    return [t.detach().requires_grad_() for t in (x, weights, *made.conv1, *made.conv3)]


def by_hand(passes: Kernel, *tensors: Tensor) -> Tensor:
    out: Tensor = MixedCellFunction.apply(passes, cell, *tensors)
    return out


def test_backward_by_hand_equals_finite_differences(double: None, passes: Kernel) -> None:
    assert torch.autograd.gradcheck(partial(by_hand, passes), inputs(), fast_mode=True)


def test_second_derivatives_equal_finite_differences(double: None, passes: Kernel) -> None:
    assert torch.autograd.gradgradcheck(partial(by_hand, passes), inputs(), fast_mode=True)


def test_second_derivatives_through_cells_that_share_their_weights_equal_autograds(
    double: None, passes: Kernel
) -> None:
    """A cell's input hangs on the weights too. Its slope once counted that way twice, in 2ⁿ passes for n cells."""
    x, weights, *kernels = inputs()
    ours, plain = x, x
    for _ in range(3):
        ours = by_hand(passes, ours, weights, *kernels)
        plain = cell(plain, weights, kernels[:3], kernels[3:])
    firsts = [torch.autograd.grad(out.square().sum(), weights, create_graph=True)[0] for out in (ours, plain)]
    assert (firsts[0] - firsts[1]).abs().max() < 1e-10 * firsts[1].abs().max()
    slopes, autograds = (torch.autograd.grad(first.square().sum(), [x, weights, *kernels]) for first in firsts)
    assert all((a - b).abs().max() < 1e-9 * b.abs().max() for a, b in zip(slopes, autograds, strict=True))


@pytest.mark.parametrize("wanted", [[0], [1], [2, 5], [0, 1], [3, 4, 6, 7], [0, 2, 7]])
def test_any_subset_of_the_slopes_equals_autograds(double: None, passes: Kernel, wanted: list[int]) -> None:
    tensors = [t.requires_grad_(i in wanted) for i, t in enumerate(inputs(3, 6))]
    slope = torch.randn_like(tensors[0])
    outs = (by_hand(passes, *tensors), cell(tensors[0], tensors[1], tensors[2:5], tensors[5:8]))
    ours, autograds = (torch.autograd.grad(out, [tensors[i] for i in wanted], slope) for out in outs)
    assert (outs[0] - outs[1]).abs().max() < 1e-12
    assert all((a - b).abs().max() < 1e-10 for a, b in zip(ours, autograds, strict=True))


@pytest.mark.parametrize("wanted", [[0], [1], [2], [0, 1], [1, 3]])
def test_any_subset_of_one_sources_slopes_equals_autograds(double: None, passes: Kernel, wanted: list[int]) -> None:
    x, weights, *kernels = inputs(3, 5)
    tensors = [t.detach().requires_grad_(i in wanted) for i, t in enumerate((x, weights[:3], kernels[0], kernels[3]))]
    outs = (LeavingFunction.apply(passes, leaving, *tensors), leaving(*tensors))
    slope = torch.randn_like(outs[1])
    ours, autograds = (torch.autograd.grad(out, [tensors[i] for i in wanted], slope) for out in outs)
    assert (outs[0] - outs[1]).abs().max() < 1e-12
    assert all((a - b).abs().max() < 1e-10 for a, b in zip(ours, autograds, strict=True))


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 40), st.integers(1, 7), st.integers(1, 9), st.integers(1, 9))
def test_compiled_loops_equal_autograd_at_every_size(batch: int, channels: int, height: int, width: int) -> None:
    """Vectors of images, blocks of four channels and borders, with what is left over of each."""
    needs_compiler()
    assume(batch * height * width > 1)  # one number has no variance, which torch's batch norm refuses
    torch.manual_seed(batch)
    kernels = [t.detach().double().requires_grad_() for t in (*MixedCell(channels).conv1, *MixedCell(channels).conv3)]
    x = torch.randn(batch, channels, height, width, dtype=torch.float64, requires_grad=True)
    weights = torch.rand(6, 5, dtype=torch.float64, requires_grad=True)
    tensors = [x, weights, *kernels]
    outs = (by_hand(kernel(compiled=True), *tensors), cell(x, weights, kernels[:3], kernels[3:]))
    ours, autograds = (torch.autograd.grad(out, tensors, torch.ones_like(x) + x.detach()) for out in outs)
    assert (outs[0] - outs[1]).abs().max() < 1e-9
    # Where a channel hardly varies, batch norm divides by its ε alone, and slopes are large.
    assert all((a - b).abs().max() <= 1e-8 * (1 + b.abs().max()) for a, b in zip(ours, autograds, strict=True))


def test_float32_is_as_near_the_truth_as_autograds_own_kernels(passes: Kernel) -> None:
    """Where a channel's mean is thirty times its deviation, so that a variance from a sum of squares loses digits."""
    x, *rest = (t.detach() for t in inputs(8, 8))
    x = 1 + x / 30
    exact = cell(x.double(), rest[0].double(), *([t.double() for t in part] for part in (rest[1:4], rest[4:7])))
    errors = [
        (out - exact).norm() / exact.norm()
        for out in (by_hand(passes, x, *rest), cell(x, rest[0], rest[1:4], rest[4:7]))
    ]
    assert errors[0] < 10 * errors[1] + 1e-6


@pytest.mark.parametrize("batch", [40, 64])
def test_float32_slopes_are_as_near_the_truth_as_autograds(passes: Kernel, batch: int) -> None:
    """Whole blocks of images, and what is left over of one."""
    tensors = inputs(4, 8, batch)
    exact = [t.detach().double().requires_grad_() for t in tensors]
    slope = torch.randn_like(tensors[0])

    def slopes(out: Tensor, of: list[Tensor]) -> list[Tensor]:
        return [found.double() for found in torch.autograd.grad(out, of, slope.to(out.dtype))]

    true = slopes(cell(exact[0], exact[1], exact[2:5], exact[5:8]), exact)
    theirs = slopes(cell(tensors[0], tensors[1], tensors[2:5], tensors[5:8]), tensors)
    for ours, autograds, right in zip(slopes(by_hand(passes, *tensors), tensors), theirs, true, strict=True):
        assert (ours - right).norm() < 5 * (autograds - right).norm() + 1e-6 * right.norm()


@pytest.mark.parametrize("algorithm", ["darts1", "darts2", "rarts", "pcdarts", "gdas"])
def test_a_search_through_compiled_loops_is_the_search(double: None, algorithm: str) -> None:
    needs_compiler()
    ends = []
    for compiled in (False, True):
        search = make_search(algorithm, Nats(NatsOptions(channels=4, cells=1, image_size=8, compiled=compiled)))
        for _ in range(5):
            search.step(make_batch("train", 6, 8), make_batch("val", 6, 8))
        ends.append((search.alpha.flat, search.w.flat))
    assert all((a - b).abs().max() < 1e-9 for a, b in zip(*ends, strict=True))


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
