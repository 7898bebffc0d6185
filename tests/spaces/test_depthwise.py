"""A depthwise convolution as a product of matrices is torch's, with its slopes and theirs, in its memory format."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from spaces.depthwise import Depthwise, depthwise

FORMATS = [torch.contiguous_format, torch.channels_last]


def products(x: Tensor, weight: Tensor) -> bool:
    """Whether the convolution of ``x`` is a batched product: by what autograd would go back through."""
    node, found = depthwise(x, weight).grad_fn, set[str]()
    while node is not None:
        found.add(node.name())
        node = node.next_functions[0][0] if node.next_functions else None
    return "BmmBackward0" in found


@settings(max_examples=60, deadline=None)
@given(
    batch=st.integers(1, 3),
    channels=st.integers(1, 3),
    sides=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    size=st.sampled_from([1, 3, 5]),
    stride=st.integers(1, 2),
    dilation=st.integers(1, 2),
    memory=st.sampled_from(FORMATS),
)
def test_equals_torch_with_first_and_second_slopes(
    batch: int,
    channels: int,
    sides: tuple[int, int],
    size: int,
    stride: int,
    dilation: int,
    memory: torch.memory_format,
) -> None:
    torch.manual_seed(0)
    x = torch.randn(batch, channels, *sides, dtype=torch.float64).contiguous(memory_format=memory).requires_grad_()
    weight = torch.randn(channels, 1, size, size, dtype=torch.float64, requires_grad=True)
    ours = depthwise(x, weight, stride, dilation)
    torchs = F.conv2d(x, weight, None, stride, dilation * (size // 2), dilation, channels)
    torch.testing.assert_close(ours, torchs, rtol=0, atol=1e-12)
    assert ours.is_contiguous(memory_format=memory)
    slope = torch.randn_like(torchs)
    firsts = [torch.autograd.grad((out**2 * slope).sum(), (x, weight), create_graph=True) for out in (ours, torchs)]
    seconds = [torch.autograd.grad(sum((g**2).sum() for g in first), (x, weight)) for first in firsts]
    for mine, wanted in zip((*firsts[0], *seconds[0]), (*firsts[1], *seconds[1]), strict=True):
        torch.testing.assert_close(mine, wanted, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("side", "size", "memory", "expected"), [
    (8, 5, FORMATS[0], True), (9, 5, FORMATS[0], False), (4, 3, FORMATS[0], True), (5, 3, FORMATS[0], False),
    (4, 5, FORMATS[1], True), (5, 5, FORMATS[1], False), (2, 3, FORMATS[1], True), (3, 3, FORMATS[1], False),
])  # fmt: skip
def test_only_small_images_whose_weights_are_trained_become_products(
    side: int, size: int, memory: torch.memory_format, expected: bool
) -> None:
    x = torch.randn(2, 3, side, side).contiguous(memory_format=memory).requires_grad_()
    weight = torch.randn(3, 1, size, size, requires_grad=True)
    assert products(x, weight) == expected
    assert not products(x, weight.detach())


def test_an_exported_network_keeps_its_convolution() -> None:
    program = torch.export.export(Depthwise(3, 5), (torch.randn(2, 3, 4, 4),))
    called = {str(node.target) for node in program.graph.nodes if node.op == "call_function"}
    assert called == {"aten.conv2d.default"}
