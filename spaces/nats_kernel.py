"""The mixed NATS cell's forward and backward pass by hand, for the CPU: what autograd would do, in fewer passes.

nats_by_hand.py shows these passes to autograd. ``cell`` in nats_supernet.py states the cell's equation. A source x with
m targets gives them, channel by channel,

    y = a₃ z₃ + a₁ z₁ + s x + p P(x),    z₃ = K₃ ∗ A − mean,  z₁ = K₁ A − mean,  A = relu(x),  aₖ = wₖ / σₖ,

where w₃, w₁, s and p are the edge's mixing weights, P is the pool, means are over the n pixels of the batch, and σₖ² is
batch norm's variance of zₖ. z₁ is never written down: with Z = A − mean and the C × C covariance R = Σ Z Zᵀ / n, it is
K₁ Z, its variances are diag(K₁ R K₁ᵀ), and one matrix product adds (a₁ K₁) Z to the targets' sum.

Backward, let G be the loss's slope at y, g = Σ G over pixels, D = Σ G Zᵀ. With q₃ = Σ G z₃ and
q₁ = Σ G z₁ = diag(D K₁ᵀ), batch norm's backward is for either kernel size

    ∂wₖ = qₖ / σₖ,    ∂zₖ = aₖ (G − g / n) + bₖ zₖ,    bₖ = −aₖ qₖ / (n σₖ²),

the first summed over an edge's channels. A convolution takes ∂z₃ back to A and K₃. Again ∂z₁ is never written down:

    K₁ᵀ ∂z₁ = (a₁ K₁)ᵀ G + (K₁ᵀ b₁ K₁) Z − K₁ᵀ a₁ g / n,    ∂K₁ = Σ ∂z₁ Aᵀ = a₁ D + n b₁ K₁ R,

for Σ ∂z₁ = 0, so that A's mean adds nothing. No pass but ∂z₃'s writes as many numbers as the m targets have.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, cast

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


class Left(NamedTuple):
    """What the backward pass through one source reads."""

    pair: Tensor
    """x and P(x) side by side, (B, 2, C, H, W)."""
    centred: Tensor
    """Z, (B, C, H · W)."""
    z3: Tensor
    """(B, m · C, H · W)."""
    covariance: Tensor
    """R, (C, C)."""
    inverse1: Tensor
    """1 / σ₁, (m · C,)."""
    inverse3: Tensor
    """1 / σ₃, (m · C,)."""


def through(x: Tensor, weights: Tensor, kernels: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
    """Node 3 from node 0, and what the backward pass reads."""
    saved: list[Tensor] = []
    node, total = x, cast(Tensor | None, None)
    for source, mix in enumerate(by_source(weights)):
        left = look(node, kernels[source], kernels[SOURCES + source])
        total = give(left, mix, kernels[source], total)
        node, total = total[:, : x.shape[1]].view(x.shape), total[:, x.shape[1] :]
        saved += left
    return node, saved


def back(
    saved: Sequence[Tensor], slope: Tensor, weights: Tensor, kernels: Sequence[Tensor], needs: Sequence[bool]
) -> list[Tensor | None]:
    """The slopes at node 0, the weights and the kernels from the one at node 3; None for what ``needs`` leaves out."""
    width = len(Left._fields)
    lefts = [Left(*saved[i : i + width]) for i in range(0, len(saved), width)]
    return returned(lefts, slope, weights, kernels, needs)


def leave(node: Tensor, mix: Tensor, k1: Tensor, k3: Tensor) -> tuple[Tensor, list[Tensor]]:
    """What one source gives its m targets, (B, m, C, H, W), and what the backward pass reads."""
    left = look(node, k1, k3)
    return give(left, mix, k1).view(len(node), len(mix), *node.shape[1:]), list(left)


def back_to_source(
    saved: Sequence[Tensor], slope: Tensor, mix: Tensor, k1: Tensor, k3: Tensor, needs: Sequence[bool]
) -> list[Tensor | None]:
    """The slopes at the source, its weights and its kernels from those at its targets, (B, m, C, H, W)."""
    rows = slope.flatten(1, 2).flatten(2).contiguous()
    return list(take_back(Left(*saved), mix, k1, k3, rows, total_of(rows), (needs[0], needs[1], needs[2] or needs[3])))


def by_source(weights: Tensor) -> tuple[Tensor, ...]:
    """(6, 5) cut in the rows of each source: (3, 5), (2, 5), (1, 5)."""
    return torch.split(weights, list(range(SOURCES, 0, -1)))


def look(node: Tensor, k1: Tensor, k3: Tensor) -> Left:
    """All that a source's operations compute before their weights come in."""
    batch, channels, height, width = node.shape
    pixels = batch * height * width
    pair = node.new_empty(batch, 2, channels, height, width)
    pair[:, 0] = node
    pair[:, 1] = avg_pool_3x3(node)
    active = F.relu(node)
    z3 = F.conv2d(active, k3, padding=1).flatten(2).contiguous()  # a copy under channels_last alone
    z3.sub_(total_of(z3)[:, None] / pixels)
    rows = active.flatten(2)
    centred = rows - total_of(rows)[:, None] / pixels
    covariance = torch.bmm(centred, centred.transpose(1, 2)).sum(0) / pixels
    kernel = k1.flatten(1)
    variance1 = ((kernel @ covariance) * kernel).sum(1)
    variance3 = torch.linalg.vector_norm(z3, dim=2).square().sum(0) / pixels
    return Left(pair, centred, z3, covariance, (variance1 + EPSILON).rsqrt(), (variance3 + EPSILON).rsqrt())


def give(left: Left, mix: Tensor, k1: Tensor, before: Tensor | None = None) -> Tensor:
    """A source's part of its m targets, (B, m · C, H · W), on top of what they had ``before``."""
    a1, a3 = _scales(left, mix)
    # Not in place: a slice, which ``before`` is, is no operand of a batched product.
    total = left.z3 * a3 if before is None else torch.addcmul(before, left.z3, a3)
    batch = len(total)
    total.baddbmm_((a1 * k1.flatten(1)).expand(batch, -1, -1), left.centred)
    passed = mix[:, PASSED].contiguous().expand(batch, -1, -1)
    total.view(batch, len(mix), -1).baddbmm_(passed, left.pair.flatten(2))
    return total


def _scales(left: Left, mix: Tensor) -> tuple[Tensor, Tensor]:
    """a₁ and a₃, (m · C, 1) each."""
    a1 = mix[:, CONV1, None] * left.inverse1.view(len(mix), -1)
    a3 = mix[:, CONV3, None] * left.inverse3.view(len(mix), -1)
    return a1.view(-1, 1), a3.view(-1, 1)


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
        wanted = (bool(source) or needs[0], needs[1], needs[2 + source] or needs[2 + SOURCES + source])
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

    ``slope`` is G, (B, m · C, H · W), ``sums`` g, (m · C,).
    """
    to_node, to_mix, to_kernels = wanted
    kernel, (a1, a3) = k1.flatten(1), _scales(left, mix)
    pixels = left.centred[:, 0].numel()
    product = torch.bmm(slope, left.centred.transpose(1, 2)).sum(0)
    q1, q3 = (product * kernel).sum(1), torch.linalg.vecdot(slope, left.z3).sum(0)
    mix_slope = _to_mix(left, mix, slope, q1, q3) if to_mix else None
    if not to_node and not to_kernels:
        return None, mix_slope, None, None
    b1, b3 = (
        -a * (q * inverse.square())[:, None] / pixels
        for a, q, inverse in ((a1, q1, left.inverse1), (a3, q3, left.inverse3))
    )
    mean = sums[:, None] / pixels
    z3_slope = torch.addcmul(-a3 * mean, left.z3, b3).addcmul_(slope, a3)
    x = left.pair[:, 0]
    active = F.relu(x)
    active_slope, k3_slope, _ = torch.ops.aten.convolution_backward(
        z3_slope.view(len(x), -1, *x.shape[2:]), active, k3, None,
        [1, 1], [1, 1], [1, 1], False, [0, 0], 1, [to_node, to_kernels, False],
    )  # fmt: skip
    k1_slope = (a1 * product + pixels * b1 * (kernel @ left.covariance)).view_as(k1) if to_kernels else None
    if not to_node:
        return None, mix_slope, k1_slope, k3_slope
    inner, outer = kernel.T @ (b1 * kernel), (a1 * kernel).T
    back = torch.baddbmm(-kernel.T @ (a1 * mean), inner.expand(len(x), -1, -1), left.centred)
    back.baddbmm_(outer.expand(len(x), -1, -1), slope).add_(active_slope.flatten(2))
    back = torch.ops.aten.threshold_backward(back.view_as(active), active, 0)
    passed = torch.bmm(mix[:, PASSED].T.contiguous().expand(len(x), -1, -1), slope.view(len(x), len(mix), -1))
    passed = passed.view_as(left.pair)
    return back.add_(passed[:, 0]).add_(avg_pool_3x3_backward(passed[:, 1])), mix_slope, k1_slope, k3_slope


def _to_mix(left: Left, mix: Tensor, slope: Tensor, q1: Tensor, q3: Tensor) -> Tensor:
    """The slope at a source's weights, (m, 5); zero for what adds nothing."""
    targets = len(mix)
    to_mix = torch.zeros_like(mix)
    to_mix[:, CONV1] = (q1 * left.inverse1).view(targets, -1).sum(1)
    to_mix[:, CONV3] = (q3 * left.inverse3).view(targets, -1).sum(1)
    dots = torch.bmm(slope.view(len(slope), targets, -1), left.pair.flatten(2).transpose(1, 2))
    to_mix[:, PASSED] = dots.sum(0)
    return to_mix


def total_of(rows: Tensor) -> Tensor:
    """The sum of each channel over the batch and its pixels, (C,), of (B, C, H · W)."""
    return rows.sum(2).sum(0)
