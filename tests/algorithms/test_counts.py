"""Multiply-adds of convolutions' backward passes, grouped ones among them."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch.utils.flop_counter import FlopCounterMode

from algorithms.executed import GROUPED, Executed


@pytest.mark.parametrize(("groups", "stride"), [(1, 1), (1, 2), (2, 1), (8, 1), (8, 2)])
@pytest.mark.parametrize("of", ["input", "weight", "both"])
def test_each_gradient_of_a_convolution_costs_what_its_forward_pass_costs(groups: int, stride: int, of: str) -> None:
    x = torch.randn(2, 8, 12, 12, requires_grad=of != "weight")
    weight = torch.randn(16, 8 // groups, 3, 3, requires_grad=of != "input")
    forward = 2 * 16 * (12 // stride) ** 2 * (8 // groups) * 9
    wanted = [t for t in (x, weight) if t.requires_grad]
    with FlopCounterMode(display=False, custom_mapping=GROUPED) as counter:
        torch.autograd.grad(F.conv2d(x, weight, None, stride, 1, 1, groups).sum(), wanted)
    assert counter.get_total_flops() // 2 == forward * (1 + len(wanted))
    with Executed() as executed:
        loss = F.conv2d(x, weight, None, stride, 1, 1, groups).sum()
    torch.autograd.grad(loss, wanted)
    assert executed.macs == forward * (1 + len(wanted))
