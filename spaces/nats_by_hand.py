"""The mixed NATS cell as autograd sees it where its passes are written by hand: twice differentiable.

The passes are a kernel's: of nats_kernel.py, in torch's products, or of nats_compiled.py, in compiled loops.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor

from spaces import nats_compiled, nats_kernel
from spaces.nats_kernel import SOURCES

Cell = Callable[[Tensor, Tensor, Sequence[Tensor], Sequence[Tensor]], Tensor]
"""The cell in torch's operations: node 3 from node 0, the edges' weights, the sources' 1 × 1 and 3 × 3 kernels."""


class Kernel(Protocol):
    """What both modules have: a cell's passes, and those of one source of it.

    ``kernels`` are the sources' 1 × 1, then their 3 × 3.
    """

    def through(self, x: Tensor, weights: Tensor, kernels: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Node 3 from node 0, (B, C, H, W) each, and what the backward pass reads; ``weights`` (6, 5) by source."""

    def back(
        self,
        saved: Sequence[Tensor],
        slope: Tensor,
        weights: Tensor,
        kernels: Sequence[Tensor],
        needs: Sequence[bool],
    ) -> list[Tensor | None]:
        """The slopes at node 0, the weights and each kernel; ``needs`` says which are wanted."""

    def leave(self, node: Tensor, mix: Tensor, k1: Tensor, k3: Tensor) -> tuple[Tensor, list[Tensor]]:
        """What one source gives its m targets, (B, m, C, H, W), and what the backward pass reads; ``mix`` (m, 5)."""

    def back_to_source(
        self, saved: Sequence[Tensor], slope: Tensor, mix: Tensor, k1: Tensor, k3: Tensor, needs: Sequence[bool]
    ) -> list[Tensor | None]:
        """The slopes at the source, its weights and its two kernels."""


class MixedCellFunction(torch.autograd.Function):
    """Node 3 from node 0, (B, C, H, W) each; twice differentiable."""

    @staticmethod
    def forward(ctx: Any, kernel: Kernel, cell: Cell, x: Tensor, weights: Tensor, *kernels: Tensor) -> Tensor:
        """``weights`` (6, 5) by source, then target; ``kernels`` the sources' 1 × 1, then their 3 × 3."""
        out, saved = kernel.through(x, weights, kernels)
        ctx.kernel, ctx.cell = kernel, cell
        ctx.save_for_backward(x, weights, *kernels, *saved)
        return out

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor | None, ...]:
        """By the kernel, or by autograd through ``cell`` where a second derivative will be asked for."""
        x, weights, *rest = ctx.saved_tensors
        kernels, saved, needs = rest[: 2 * SOURCES], rest[2 * SOURCES :], ctx.needs_input_grad[2:]
        if not torch.is_grad_enabled():
            return None, None, *ctx.kernel.back(saved, slopes[0], weights, kernels, needs)

        def cell(x: Tensor, weights: Tensor, *kernels: Tensor) -> Tensor:
            out: Tensor = ctx.cell(x, weights, kernels[:SOURCES], kernels[SOURCES:])
            return out

        return None, None, *_differentiable(cell, slopes[0], (x, weights, *kernels), needs)


class LeavingFunction(torch.autograd.Function):
    """What one source gives its m targets, (B, m, C, H, W), from (B, C, H, W); twice differentiable."""

    @staticmethod
    def forward(
        ctx: Any, kernel: Kernel, leaving: Callable[..., Tensor], node: Tensor, mix: Tensor, k1: Tensor, k3: Tensor
    ) -> Tensor:
        """``mix`` (m, 5); ``leaving`` is the same in torch's operations."""
        out, saved = kernel.leave(node, mix, k1, k3)
        ctx.kernel, ctx.leaving = kernel, leaving
        ctx.save_for_backward(node, mix, k1, k3, *saved)
        return out

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor | None, ...]:
        """By the kernel, or by autograd through ``leaving`` where a second derivative will be asked for."""
        node, mix, k1, k3, *saved = ctx.saved_tensors
        needs = ctx.needs_input_grad[2:]
        if torch.is_grad_enabled():
            return None, None, *_differentiable(ctx.leaving, slopes[0], (node, mix, k1, k3), needs)
        return None, None, *ctx.kernel.back_to_source(saved, slopes[0], mix, k1, k3, needs)


def kernel(compiled: bool) -> Kernel:
    """The passes in compiled loops, or in torch's products."""
    return nats_compiled if compiled else nats_kernel


def serves(x: Tensor) -> bool:
    """Whether a kernel takes a pass through ``x``: elsewhere than on the CPU autograd's own kernels are fine."""
    return x.device.type == "cpu"


def _differentiable(
    function: Callable[..., Tensor], slope: Tensor, inputs: Sequence[Tensor], needs: Sequence[bool]
) -> list[Tensor | None]:
    """The slopes at ``inputs`` of ``function``, with a graph of their own.

    They are taken at aliases, for x may itself hang on the weights that come after it.
    """
    aliases = [tensor.view_as(tensor) for tensor in inputs]
    wanted = [alias for alias, need in zip(aliases, needs, strict=True) if need]
    slopes = iter(torch.autograd.grad(function(*aliases), wanted, slope, create_graph=True))
    return [next(slopes) if need else None for need in needs]
