"""Parameters and multiply-adds of a network, counted as NATS-Bench's tables count them.

One convention for every space, so that columns of different spaces compare: a multiply-add is one multiplication with
its addition (half of torch's flop); convolutions without their bias and linear layers with theirs count (one
multiply-add per output for the bias); batch norm, activations, pooling, additions and relaxation weights do not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from spaces.base import Mix

_BATCH = 2  # batch norm in training mode refuses a single value per channel; the count is linear in the batch


def parameters(module: nn.Module) -> int:
    """The number of parameters of ``module``, batch norm's scales and shifts among them, buffers not."""
    return sum(p.numel() for p in module.parameters())


def multiply_adds(module: nn.Module, input_shape: Sequence[int], *extra: Any) -> int:
    """Multiply-adds of ``module(x, *extra)`` for one image x of ``input_shape``, (channels, height, width).

    Runs on the meta device: nothing is computed, the count is that of every device, and the module and ``extra``
    (tensors, dictionaries of them, a Mix) stay as they are. Works in either mode, with the same count.
    """
    counter = FlopCounterMode(display=False, custom_mapping={torch.ops.aten.addmm: _linear_with_bias})
    tensors: dict[str, Tensor] = {
        name: t.to("meta") for name, t in (*module.named_parameters(), *module.named_buffers())
    }
    x = torch.empty((_BATCH, *input_shape), device="meta")
    with torch.no_grad(), counter:
        torch.func.functional_call(module, tensors, (x, *map(_on_meta, extra)))
    return counter.get_total_flops() // (2 * _BATCH)


def _on_meta(value: Any) -> Any:
    if isinstance(value, Mix):
        return replace(value, weights=_on_meta(value.weights))
    if isinstance(value, dict):
        return {name: _on_meta(entry) for name, entry in value.items()}
    return value.to("meta") if isinstance(value, Tensor) else value


def _linear_with_bias(
    bias: Sequence[int], x: Sequence[int], weight: Sequence[int], out_shape: Sequence[int], **_: Any
) -> int:
    """Torch's flops of a linear layer from its shapes, plus two per output for the bias, which torch leaves out."""
    return 2 * (x[1] + 1) * out_shape[0] * out_shape[1]
