"""Multiply-adds of a pass that runs what was sampled, counted while it runs.

A pass through all operations costs the same every time and is counted once, on the meta device. Each sample costs
something else, and a meta pass of its own would cost several times the real one; this costs a few microseconds a layer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode


class Executed(TorchFunctionMode):
    """Counts the convolutions and linear layers run inside it, and their backward passes where one reaches them.

    ``macs`` grows during the forward pass inside the context and during the backward pass after it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.macs = 0

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """``func`` itself; of a layer, its output and weight say what it costs."""
        out = func(*args, **(kwargs or {}))
        if func is F.conv2d or func is F.linear:
            self._layer(args[0], args[1], out)
        return out

    def _layer(self, x: Tensor, weight: Tensor, out: Tensor) -> None:
        macs = out.numel() * weight[0].numel()
        self.macs += macs
        # As many again for the gradient of each of the two that wants one, if a gradient arrives at all.
        backward = macs * (x.requires_grad + weight.requires_grad)

        def arrived(gradient: Tensor) -> None:
            self.macs += backward

        if backward and torch.is_grad_enabled():
            out.register_hook(arrived)  # type: ignore[no-untyped-call]


def _convolution_backward(grad: Sequence[int], x: Sequence[int], weight: Sequence[int], *rest: Any, **_: Any) -> int:
    """Flops of a convolution's backward pass: the forward's for each gradient, of input and of weight, that is asked.

    Torch's own formula forgets the groups in the weight's gradient: C times too many for a depthwise convolution.
    """
    wanted = rest[7]
    return 2 * math.prod(grad) * math.prod(weight[1:]) * (int(wanted[0]) + int(wanted[1]))


GROUPED = {torch.ops.aten.convolution_backward: _convolution_backward}
"""What torch's counter must be told to count grouped convolutions right: its ``custom_mapping``."""
