"""The mixed NATS cell's forward and backward pass by hand, for the CPU: what autograd would do, in fewer passes.

``MixedCell`` in nats_supernet.py states the cell's equation. A source x with m targets gives them, channel by channel,

    y = a₃ (z₃ − μ₃) + a₁ (z₁ − μ₁) + s x + p P(x),    z₃ = K₃ ∗ A,  z₁ = K₁ A,  A = relu(x),  aₖ = wₖ / σₖ,

where w₃, w₁, s and p are the edge's mixing weights, P is the pool, and μₖ, σₖ are batch norm's statistics of zₖ over
the n pixels of the batch. z₁ is never written down: with Ā the mean of A and R = Σ (A − Ā)(A − Ā)ᵀ over pixels, a
C × C matrix, its statistics are μ₁ = K₁ Ā and n var₁ = diag(K₁ R K₁ᵀ), and (a₁ K₁) A is added to the targets' sum by
one matrix product.

Backward, let G be the loss's slope at y, g = Σ G over pixels, D = Σ G Aᵀ. With q₃ = Σ G (z₃ − μ₃) and
q₁ = Σ G (z₁ − μ₁) = diag(D K₁ᵀ) − g μ₁, batch norm's backward is for either kernel size

    ∂wₖ = qₖ / σₖ,    ∂zₖ = aₖ (G − g / n) + bₖ (zₖ − μₖ),    bₖ = −aₖ qₖ / (n σₖ²),

the first summed over an edge's channels. A convolution takes ∂z₃ back to A and K₃. Again ∂z₁ is never written down:

    K₁ᵀ ∂z₁ = (a₁ K₁)ᵀ G + (K₁ᵀ b₁ K₁) A − K₁ᵀ (a₁ g / n + b₁ μ₁),    ∂K₁ = Σ ∂z₁ Aᵀ = a₁ (D − g Āᵀ) + b₁ (K₁ R).

Products and sums run over pixels, so that no pass but ∂z₃'s writes as many numbers as the m targets have. Sums of
products over pixels are put together in float64, for a variance is the difference of two of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, cast

import torch
import torch.nn.functional as F
from torch import Tensor

from spaces.nats_cell import OPERATIONS
from spaces.pooling import avg_pool_3x3, avg_pool_3x3_backward

EPSILON = 1e-5
"""What batch norm adds to a variance."""
SOURCES = 3
"""The nodes that have targets: source s has SOURCES − s of them."""

SKIP, CONV1, CONV3, POOL = (
    OPERATIONS.index(name) for name in ("skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
)
PASSED = slice(SKIP, POOL + 1, POOL - SKIP)
"""The columns of the two operations without weights; a slice, for indexing by a list is slow."""

Cell = Callable[[Tensor, Tensor, Sequence[Tensor], Sequence[Tensor]], Tensor]
"""The cell as autograd sees it: node 3 from node 0, the edges' weights, the sources' 1 × 1 and 3 × 3 kernels."""


class Statistics(NamedTuple):
    """Mean (m · C,) and 1/σ (m · C,) of a convolution's channels over the batch, float64."""

    mean: Tensor
    inverse: Tensor


class Left(NamedTuple):
    """What the backward pass through one source reads."""

    pair: Tensor
    """x and P(x) side by side, (B, 2, C, H, W)."""
    active: Tensor
    """A, (B, C, H, W)."""
    z3: Tensor
    """(B, m · C, H · W)."""
    mean: Tensor
    """Ā, (C,), float64."""
    spread: Tensor
    """R, (C, C), float64."""
    one: Statistics
    three: Statistics


class MixedCellFunction(torch.autograd.Function):
    """Node 3 from node 0, (B, C, H, W) each; twice differentiable."""

    @staticmethod
    def forward(ctx: Any, cell: Cell, x: Tensor, weights: Tensor, *kernels: Tensor) -> Tensor:
        """``weights`` (6, 5) by source, then target; ``kernels`` the sources' 1 × 1, then their 3 × 3."""
        channels = x.shape[1]
        saved: list[Tensor] = []
        node, before = x, None
        for source, mix in enumerate(by_source(weights)):
            left = look(node, kernels[source], kernels[SOURCES + source])
            total, shift = give(left, mix, kernels[source], before)
            node = total[:, :channels].view(x.shape) + shift[:channels].view(-1, 1, 1)
            before = total[:, channels:], shift[channels:]
            saved += [*left[:-2], *left.one, *left.three]
        ctx.cell = cell
        ctx.save_for_backward(x, weights, *kernels, *saved)
        return node

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor | None, ...]:
        """By the module's formulas, or by autograd through ``cell`` where a second derivative will be asked for."""
        x, weights, *rest = ctx.saved_tensors
        kernels, saved = rest[: 2 * SOURCES], rest[2 * SOURCES :]
        if torch.is_grad_enabled():
            return None, *differentiated(ctx.cell, slope, x, weights, kernels, ctx.needs_input_grad[1:])
        width = len(saved) // SOURCES
        pieces = [saved[i * width : (i + 1) * width] for i in range(SOURCES)]
        lefts = [_kept(piece) for piece in pieces]
        return None, *returned(lefts, slope, weights, kernels, ctx.needs_input_grad[1:])


class LeavingFunction(torch.autograd.Function):
    """What one source gives its m targets, (B, m, C, H, W), from (B, C, H, W); twice differentiable."""

    @staticmethod
    def forward(ctx: Any, leaving: Callable[..., Tensor], node: Tensor, mix: Tensor, k1: Tensor, k3: Tensor) -> Tensor:
        """``mix`` (m, 5); ``leaving`` is the same as autograd sees it."""
        left = look(node, k1, k3)
        total, shift = give(left, mix, k1)
        ctx.leaving = leaving
        ctx.save_for_backward(node, mix, k1, k3, *left[:-2], *left.one, *left.three)
        return total.add_(shift[:, None]).view(len(node), len(mix), *node.shape[1:])

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor | None, ...]:
        """By the module's formulas, or by autograd through ``leaving`` where a second derivative will be asked for."""
        node, mix, k1, k3, *saved = ctx.saved_tensors
        needs = ctx.needs_input_grad[1:]
        if torch.is_grad_enabled():
            return None, *_slopes(ctx.leaving(node, mix, k1, k3), slope, (node, mix, k1, k3), needs)
        left = _kept(saved)
        rows = slope.reshape(len(node), -1, left.z3.shape[2])
        return None, *take_back(left, mix, k1, k3, rows, total_of(rows), (needs[0], needs[1], needs[2]))


def _kept(saved: Sequence[Tensor]) -> Left:
    """What a forward pass saved, as the backward pass reads it."""
    pair, active, z3, mean, spread, *two = saved
    return Left(pair, active, z3, mean, spread, Statistics(*two[:2]), Statistics(*two[2:]))


def by_source(weights: Tensor) -> tuple[Tensor, ...]:
    """(6, 5) cut in the rows of each source: (3, 5), (2, 5), (1, 5)."""
    return torch.split(weights, list(range(SOURCES, 0, -1)))


def look(node: Tensor, k1: Tensor, k3: Tensor) -> Left:
    """All that a source's operations compute before their weights come in."""
    batch, channels, height, width = node.shape
    pair = node.new_empty(batch, 2, channels, height, width)
    pair[:, 0] = node
    pair[:, 1] = avg_pool_3x3(node)
    active = F.relu(node)
    z3 = F.conv2d(active, k3, padding=1).flatten(2)
    rows, pixels = active.flatten(2), batch * height * width
    mean = total_of(rows) / pixels
    spread = torch.bmm(rows, rows.transpose(1, 2)).sum(0, dtype=torch.float64) - pixels * torch.outer(mean, mean)
    kernel = k1.flatten(1).double()
    one = Statistics(kernel @ mean, _inverse(((kernel @ spread) * kernel).sum(1) / pixels))
    mean3 = total_of(z3) / pixels
    squares = torch.linalg.vector_norm(z3, dim=2).double().square().sum(0)
    return Left(pair, active, z3, mean, spread, one, Statistics(mean3, _inverse(squares / pixels - mean3.square())))


def give(left: Left, mix: Tensor, k1: Tensor, before: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor]:
    """A source's part of its m targets on top of what they had ``before``.

    As (B, m · C, H · W) without the constant of each channel, and that, (m · C,). A target gets its constant when its
    sum is complete.
    """
    a1, a3, shift = _factors(left, mix)
    if before is None:
        total = left.z3 * a3[:, None]
    else:  # not in place: a slice is no operand of a batched product
        total, shift = torch.addcmul(before[0], left.z3, a3[:, None]), shift + before[1]
    batch = len(total)
    total.baddbmm_((a1[:, None] * k1.flatten(1)).expand(batch, -1, -1), left.active.flatten(2))
    passed = mix[:, PASSED].contiguous().expand(batch, -1, -1)
    total.view(batch, len(mix), -1).baddbmm_(passed, left.pair.flatten(2))
    return total, shift


def _factors(left: Left, mix: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """a₁, a₃ and −a₁ μ₁ − a₃ μ₃, (m · C,) each."""
    a1, a3 = (_scale(left, mix, kind) for kind in (CONV1, CONV3))
    return a1.to(mix), a3.to(mix), -(a1 * left.one.mean + a3 * left.three.mean).to(mix)


def _scale(left: Left, mix: Tensor, kind: int) -> Tensor:
    """a = w / σ of each channel, (m · C,), float64."""
    inverse = (left.one if kind == CONV1 else left.three).inverse
    return (mix[:, kind, None] * inverse.view(len(mix), -1)).flatten()


def returned(
    lefts: Sequence[Left], slope: Tensor, weights: Tensor, kernels: Sequence[Tensor], needs: Sequence[bool]
) -> list[Tensor | None]:
    """The slopes at node 0, the weights and the kernels from the one at node 3; None for what ``needs`` leaves out."""
    batch, channels = slope.shape[:2]
    rows = slope.new_empty(batch, SOURCES * channels, slope[0, 0].numel())
    rows[:, -channels:] = slope.flatten(2)
    sums = total_of(rows[:, -channels:])
    mixes = by_source(weights)
    to_mixes: list[Tensor | None] = []
    to_k1: list[Tensor | None] = []
    to_k3: list[Tensor | None] = []
    to_node: Tensor | None = None
    for source in reversed(range(SOURCES)):
        k1, k3, given = kernels[source], kernels[SOURCES + source], rows[:, source * channels :]
        wanted = (bool(source) or needs[0], needs[1], needs[2 + source])
        to_node, to_mix, *to_kernels = take_back(lefts[source], mixes[source], k1, k3, given, sums, wanted)
        if source:
            before = rows[:, (source - 1) * channels : source * channels]
            before.copy_(cast(Tensor, to_node).flatten(2))
            sums = torch.cat([total_of(before), sums])
        to_mixes.insert(0, to_mix)
        to_k1.insert(0, to_kernels[0])
        to_k3.insert(0, to_kernels[1])
    return [to_node, torch.cat(cast(list[Tensor], to_mixes)) if needs[1] else None, *to_k1, *to_k3]


def take_back(
    left: Left, mix: Tensor, k1: Tensor, k3: Tensor, slope: Tensor, sums: Tensor, wanted: tuple[bool, bool, bool]
) -> tuple[Tensor | None, Tensor | None, Tensor | None, Tensor | None]:
    """The slopes at x, at the weights and at both kernels; ``wanted``: x's, the weights', the kernels'.

    ``slope`` is G, (B, m · C, H · W), ``sums`` g, (m · C,) float64.
    """
    to_node, to_mix, to_kernels = wanted
    rows, kernel = left.active.flatten(2), k1.flatten(1).double()
    pixels = len(rows) * rows.shape[2]
    product = torch.bmm(slope, rows.transpose(1, 2)).sum(0, dtype=torch.float64)
    q1 = (product * kernel).sum(1) - sums * left.one.mean
    q3 = torch.linalg.vecdot(slope, left.z3).sum(0, dtype=torch.float64) - sums * left.three.mean
    a1, a3 = (_scale(left, mix, kind) for kind in (CONV1, CONV3))
    b1, b3 = (-a * q * s.inverse.square() / pixels for a, q, s in ((a1, q1, left.one), (a3, q3, left.three)))
    mix_slope = _to_mix(left, mix, slope, q1, q3) if to_mix else None
    if not to_node and not to_kernels:
        return None, mix_slope, None, None
    z3_slope = torch.addcmul(
        -(a3 * sums / pixels + b3 * left.three.mean).to(slope)[:, None], left.z3, b3.to(slope)[:, None]
    )
    z3_slope.addcmul_(slope, a3.to(slope)[:, None])
    active_slope, k3_slope, _ = torch.ops.aten.convolution_backward(
        z3_slope.view(len(rows), -1, *left.active.shape[2:]), left.active, k3, None,
        [1, 1], [1, 1], [1, 1], False, [0, 0], 1, [to_node, to_kernels, False],
    )  # fmt: skip
    k1_slope = None
    if to_kernels:
        k1_slope = a1[:, None] * (product - torch.outer(sums, left.mean)) + b1[:, None] * (kernel @ left.spread)
        k1_slope = k1_slope.to(k1).view_as(k1)
    if not to_node:
        return None, mix_slope, k1_slope, k3_slope
    inner = (kernel.T @ (b1[:, None] * kernel)).to(slope)
    constant = -(kernel.T @ (a1 * sums / pixels + b1 * left.one.mean)).to(slope)
    outer = (a1[:, None] * kernel).to(slope).T
    back = torch.baddbmm(constant[:, None], inner.expand(len(rows), -1, -1), rows)
    back.baddbmm_(outer.expand(len(rows), -1, -1), slope).add_(active_slope.flatten(2))
    back = torch.ops.aten.threshold_backward(back.view_as(left.active), left.active, 0)
    passed = torch.bmm(mix[:, PASSED].T.contiguous().expand(len(rows), -1, -1), slope.view(len(rows), len(mix), -1))
    passed = passed.view_as(left.pair)
    return back.add_(passed[:, 0]).add_(avg_pool_3x3_backward(passed[:, 1])), mix_slope, k1_slope, k3_slope


def _to_mix(left: Left, mix: Tensor, slope: Tensor, q1: Tensor, q3: Tensor) -> Tensor:
    """The slope at a source's weights, (m, 5); zero for what adds nothing."""
    targets = len(mix)
    to_mix = torch.zeros_like(mix)
    to_mix[:, CONV1] = (q1 * left.one.inverse).view(targets, -1).sum(1).to(mix)
    to_mix[:, CONV3] = (q3 * left.three.inverse).view(targets, -1).sum(1).to(mix)
    dots = torch.bmm(slope.view(len(slope), targets, -1), left.pair.flatten(2).transpose(1, 2))
    to_mix[:, PASSED] = dots.sum(0)
    return to_mix


def differentiated(
    cell: Cell, slope: Tensor, x: Tensor, weights: Tensor, kernels: Sequence[Tensor], needs: Sequence[bool]
) -> list[Tensor | None]:
    """The same slopes through ``cell``, with a graph of their own."""
    out = cell(x, weights, kernels[:SOURCES], kernels[SOURCES:])
    return _slopes(out, slope, (x, weights, *kernels), needs)


def _slopes(out: Tensor, slope: Tensor, inputs: Sequence[Tensor], needs: Sequence[bool]) -> list[Tensor | None]:
    wanted = [tensor for tensor, need in zip(inputs, needs, strict=True) if need]
    slopes = iter(torch.autograd.grad(out, wanted, slope, create_graph=True))
    return [next(slopes) if need else None for need in needs]


def total_of(rows: Tensor) -> Tensor:
    """The sum of each channel over the batch and its pixels, (C,) float64, of (B, C, H · W)."""
    return rows.sum(2).sum(0, dtype=torch.float64)


def _inverse(variance: Tensor) -> Tensor:
    return (variance.clamp_min(0) + EPSILON).rsqrt()
