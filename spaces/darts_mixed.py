"""The mixed cell of the DARTS supernet, with the edges that leave one node merged into one convolution a kind.

Exact, and fast for these reasons, each proved against the plain per-operation form in tests/: the convolutions of one
kind that leave a node are one grouped convolution whose weights are stored merged; the mixing weight is the affine
scale of the last batch norm (mix · BN(z)), so that its gradient is α's; pools and their batch norms run once a source,
not once an edge; and a dilated convolution is an ordinary one on every second pixel.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache, reduce
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from spaces.base import AfterSkip
from spaces.darts_graph import OPERATIONS, edges
from spaces.depthwise import depthwise
from spaces.noise import noise_like
from spaces.pointwise import pointwise

NONE, MAX_POOL, AVG_POOL, SKIP = (
    OPERATIONS.index(name) for name in ("none", "max_pool_3x3", "avg_pool_3x3", "skip_connect")
)
NOISE = len(OPERATIONS)
"""The ninth column, which only a space with noise has: it never runs merged."""
TWICE = ("sep_conv_3x3", "sep_conv_5x5")
DILATED = ("dil_conv_3x3", "dil_conv_5x5")
SIZES = {"sep_conv_3x3": 3, "sep_conv_5x5": 5, "dil_conv_3x3": 3, "dil_conv_5x5": 5}
ALL = slice(None)


class ReLUConvNorm(nn.Module):
    """ReLU, 1 × 1 convolution, batch norm: brings a cell's input to the cell's width."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(channels_in, channels_out, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, channels_in, H, W) to (B, channels_out, H, W)."""
        return norm(pointwise(F.relu(x), self.convolution.weight))


class FactorizedReduce(nn.Module):
    """ReLU, half the channels from the even pixels and half from the odd ones, batch norm; ``edges`` times at once.

    The authors' two convolutions lie in one weight: of each edge's rows the first half reads the even pixels.
    """

    def __init__(self, channels_in: int, channels_out: int, edges: int = 1) -> None:
        super().__init__()
        self.channels = channels_out
        self.weight = nn.Conv2d(channels_in, edges * channels_out, 1, bias=False).weight

    def forward(self, x: Tensor, scale: Tensor | None = None, rows: slice | Tensor = ALL) -> Tensor:
        """(B, channels_in, H, W), H and W even, to (B, m · channels_out, H/2, W/2).

        ``rows`` selects m of the edges by their rows of the weight; ``scale`` (m,) multiplies each one's part.
        """
        active = F.relu(x)
        half = self.channels // 2
        weight = torch.unflatten(self.weight[rows], 0, (-1, 2, half))
        even = torch.split(pointwise(active[..., ::2, ::2], weight[:, 0].flatten(0, 1)), half, 1)
        odd = torch.split(pointwise(active[..., 1::2, 1::2], weight[:, 1].flatten(0, 1)), half, 1)
        return norm(torch.cat([part for edge in zip(even, odd, strict=True) for part in edge], 1), scale)


class Separable(nn.Module):
    """A depthwise and a 1 × 1 convolution; those of ``edges`` edges are one grouped convolution each."""

    def __init__(self, channels: int, edges: int, size: int) -> None:
        super().__init__()
        self.channels = channels
        width = edges * channels
        self.depthwise = nn.Conv2d(width, width, size, groups=width, bias=False)
        self.pointwise = nn.Conv2d(width, width, 1, groups=edges, bias=False)

    def forward(self, x: Tensor, stride: int = 1, dilation: int = 1, rows: slice | Tensor = ALL) -> Tensor:
        """(B, m · C, H, W) to (B, m · C, H/stride, W/stride); ``rows`` selects m of the edges by their channels."""
        mixing = self.pointwise.weight[rows]
        z = depthwise(x, self.depthwise.weight[rows], stride, dilation)
        return pointwise(z, mixing, len(mixing) // self.channels)


class Leaving(nn.Module):
    """The edges that leave one node, each the mixture of all operations. Batch norm: batch statistics, no affine.

    With ``skipping`` each edge adds a skip that is no choice; at stride 2 it has weights of its own.
    """

    def __init__(self, channels: int, edges: int, stride: int, skipping: bool = False) -> None:
        super().__init__()
        self.channels, self.stride, self.skipping = channels, stride, skipping
        self.first = nn.ModuleDict({name: Separable(channels, edges, size) for name, size in SIZES.items()})
        self.second = nn.ModuleDict({name: Separable(channels, edges, SIZES[name]) for name in TWICE})
        self.reduce = FactorizedReduce(channels, channels, edges) if stride == 2 else None
        self.always = FactorizedReduce(channels, channels, edges) if stride == 2 and skipping else None

    def forward(self, node: Tensor, weights: Tensor, skips: Tensor | None = None) -> Tensor:
        """What ``node`` (B, C, H, W) gives its m targets, (B, m · C, H/stride, W/stride); ``weights`` (m, 8).

        ``skips`` (m,), by default 1 each, weighs the skips that are no choice.
        """
        scales = weights.unbind(1)
        total = self.separable(node, {name: scales[OPERATIONS.index(name)] for name in TWICE})
        total = total + self.dilated(node, {name: scales[OPERATIONS.index(name)] for name in DILATED})
        pooled = norm(torch.cat([self.pool(node, kind) for kind in (MAX_POOL, AVG_POOL)], 1))
        total = total + _weigh(pooled, weights[:, MAX_POOL : AVG_POOL + 1])
        if self.reduce is None:
            total = total + _weigh(node, weights[:, SKIP, None])
        else:
            total = total + self.reduce(node, scales[SKIP])
        if not self.skipping:
            return total
        return total + self.skip(node, torch.ones_like(scales[SKIP]) if skips is None else skips)

    def skip(self, node: Tensor, skips: Tensor, rows: slice | Tensor = ALL) -> Tensor:
        """The skips that are no choice, (B, m · C, H/stride, W/stride), weighed by ``skips`` (m,)."""
        if self.always is None:
            return _weigh(node, skips[:, None])
        reduced: Tensor = self.always(node, skips, rows)
        return reduced

    def operation(self, node: Tensor, kind: int, positions: list[int], weights: Tensor) -> Sequence[Tensor]:
        """One weighted operation of the edges at ``positions``, (B, C, H/stride, W/stride) each; ``weights`` (m,)."""
        if kind == NOISE:
            seen = node[..., :: self.stride, :: self.stride]
            return [weight * noise_like(seen, position) for weight, position in zip(weights, positions, strict=True)]
        if kind in (MAX_POOL, AVG_POOL):
            return self.shared(norm(self.pool(node, kind)), weights)
        if kind == SKIP and self.reduce is None:
            return self.shared(node, weights)
        rows = _rows(tuple(positions), self.channels, node.device)
        if self.reduce is not None and kind == SKIP:
            given: Tensor = self.reduce(node, weights, rows)
        else:
            name = OPERATIONS[kind]
            given = (self.separable if name in TWICE else self.dilated)(node, {name: weights}, rows)
        return torch.split(given, self.channels, 1)

    def shared(self, given: Tensor, weights: Tensor) -> list[Tensor]:
        """The same for every edge but for its weight."""
        return [weight * given for weight in weights]

    def separable(self, node: Tensor, scales: dict[str, Tensor], rows: slice | Tensor = ALL) -> Tensor:
        """The sum of the named separable convolutions, (B, m · C, H/stride, W/stride); ``scales`` (m,) each."""
        x = _tile(F.relu(node), next(iter(scales.values())))
        parts = []
        for name, scale in scales.items():
            z = norm(self.first[name](x, self.stride, rows=rows))
            parts.append(norm(self.second[name](F.relu(z), rows=rows), scale))
        return reduce(torch.add, parts)

    def dilated(self, node: Tensor, scales: dict[str, Tensor], rows: slice | Tensor = ALL) -> Tensor:
        """The sum of the named dilated convolutions, (B, m · C, H/stride, W/stride); ``scales`` (m,) each.

        At dilation 2 an output reads only pixels of its own parity. At stride 2 these are the even ones: the rest is
        dropped. At stride 1 the four parities become four images: torch's CPU kernels are slow at dilation alone.
        """
        active, dilation = F.relu(node), 1
        split = self.stride == 1 and node.device.type == "cpu" and not any(side % 2 for side in node.shape[2:])
        if self.stride == 2:
            active = active[..., ::2, ::2]
        elif split:
            active = _parities(active)
        else:
            dilation = 2
        x = _tile(active, next(iter(scales.values())))
        parts = [norm(self.first[name](x, 1, dilation, rows), scale) for name, scale in scales.items()]
        total = reduce(torch.add, parts)
        return _interleave(total) if split else total

    def pool(self, node: Tensor, kind: int) -> Tensor:
        """Maximum or average of each 3 × 3 neighbourhood inside the image, (B, C, H/stride, W/stride)."""
        if kind == MAX_POOL:
            return F.max_pool2d(node, 3, self.stride, 1)
        return F.avg_pool2d(node, 3, self.stride, 1, count_include_pad=False)


class MixedCell(nn.Module):
    """One cell of ``nodes`` intermediate nodes in which every edge is the mixture of the eight operations.

    ``inputs`` are the channels of the two cells before; in a reduction cell the edges from both have stride 2.
    ``reduced`` says that the cell before was a reduction, so that the first input is twice as large. The operations are
    1/``parts`` as wide as the nodes. The last ``concat`` nodes, by default all, make the
    output. ``skipping``: see Leaving.
    """

    def __init__(
        self,
        inputs: tuple[int, int],
        channels: int,
        nodes: int,
        reduction: bool,
        reduced: bool,
        parts: int = 1,
        concat: int | None = None,
        skipping: bool = False,
    ) -> None:
        super().__init__()
        self.preprocess0 = (FactorizedReduce if reduced else ReLUConvNorm)(inputs[0], channels)
        self.preprocess1 = ReLUConvNorm(inputs[1], channels)
        width = channels // parts
        self.channels, self.parts, self.nodes, self.concat = width, parts, nodes, concat or nodes
        self.kind, self.stride = ("reduce", 2) if reduction else ("normal", 1)
        self.edges, self.outgoing = edges(nodes), leaving(nodes)
        self.sources = nn.ModuleList(
            Leaving(width, len(rows), self.stride if source < 2 else 1, skipping)
            for source, rows in enumerate(self.outgoing)
        )

    def forward(self, x0: Tensor, x1: Tensor, outgoing: list[Tensor]) -> Tensor:
        """(B, concat · channels, H', W') from the two cells before; ``outgoing`` holds each source's weights (m, 8)."""
        states = [self.preprocess0(x0), self.preprocess1(x1)]
        given: list[tuple[Tensor, ...]] = []
        for target in range(2, self.nodes + 2):
            for source in range(len(given), target):
                given.append(self.sources[source](states[source], outgoing[source]).split(self.channels, 1))
            states.append(reduce(torch.add, (parts[target - self.nodes - 2] for parts in given)))
        return torch.cat(states[-self.concat :], 1)

    def active_only(
        self,
        x0: Tensor,
        x1: Tensor,
        weights: Tensor,
        active: list[list[int]],
        after_skip: AfterSkip | None = None,
    ) -> Tensor:
        """The same cell, running only the operations that ``active`` lists for each edge; ``weights`` (E, 8)."""
        states = [self.preprocess0(x0), self.preprocess1(x1)]
        nothing = torch.zeros_like(states[0][..., :: self.stride, :: self.stride])
        totals = [nothing] * self.nodes
        for source in range(self.nodes + 1):
            if source >= len(states):
                states.append(totals[source - 2])
            for edge, part in self.given(source, states[source], weights, active, after_skip):
                target = self.edges[edge][0] - 2
                totals[target] = totals[target] + part
        return torch.cat(totals[-self.concat :], 1)

    def given(
        self,
        source: int,
        node: Tensor,
        weights: Tensor,
        active: list[list[int]],
        after_skip: AfterSkip | None,
    ) -> Iterator[tuple[int, Tensor]]:
        """What a node gives by its active operations, a kind at a time for all its edges: each edge, and its part."""
        leaving, outgoing = cast(Leaving, self.sources[source]), self.outgoing[source]
        if leaving.skipping:
            skips = leaving.skip(node, weights.new_ones(len(outgoing)))
            yield from zip(outgoing, torch.split(skips, self.channels, 1), strict=True)
        for kind in range(weights.shape[1]):
            edges = [edge for edge in outgoing if kind in active[edge]]
            if not edges or kind == NONE:
                continue
            if kind == SKIP and after_skip is not None and leaving.reduce is None:
                yield from ((edge, weights[edge, SKIP] * after_skip(node)) for edge in edges)
                continue
            positions = [outgoing.index(edge) for edge in edges]
            own = torch.stack([weights[edge, kind] for edge in edges])
            yield from zip(edges, leaving.operation(node, kind, positions, own), strict=True)


def leaving(nodes: int) -> list[list[int]]:
    """For each source that has targets the indices of its edges, by target."""
    graph = edges(nodes)
    return [[edge for edge, (_, s) in enumerate(graph) if s == source] for source in range(nodes + 1)]


def norm(z: Tensor, scale: Tensor | None = None) -> Tensor:
    """BN(z), or scale · BN(z) with a scale (m,) for each group of channels: batch norm's affine weight is the mix."""
    if scale is not None:
        scale = scale.repeat_interleave(z.shape[1] // len(scale))
    return F.batch_norm(z, None, None, weight=scale, training=True)


@cache
def _rows(positions: tuple[int, ...], channels: int, device: torch.device) -> slice | Tensor:
    """Which rows of a merged weight belong to these edges, in ascending order: a slice where they are one piece."""
    first, last = positions[0], positions[-1]
    if last - first + 1 == len(positions):
        return slice(first * channels, (last + 1) * channels)
    rows = torch.tensor(positions)[:, None] * channels + torch.arange(channels)
    return rows.flatten().to(device)


def _tile(x: Tensor, per_edge: Tensor) -> Tensor:
    """x once for each edge, side by side in channels: torch.cat keeps channels_last, which repeat does not."""
    return torch.cat([x] * len(per_edge), 1)


def _weigh(x: Tensor, weights: Tensor) -> Tensor:
    """Σ_k weights[j, k] · x_k for each target j, (B, m · C, H, W), of K maps side by side; ``weights`` (m, K)."""
    channels = x.shape[1] // weights.shape[1]
    if x.device.type == "cpu":  # a 1 × 1 convolution is three times as fast there as products and their sums
        identity = torch.eye(channels, device=x.device, dtype=weights.dtype)
        return pointwise(x, torch.kron(weights, identity)[..., None, None])
    by_target = weights.view(*weights.shape, 1, 1, 1)
    terms = [by_target[:, k] * part.unsqueeze(1) for k, part in enumerate(torch.split(x, channels, 1))]
    return reduce(torch.add, terms).flatten(1, 2)


def _parities(x: Tensor) -> Tensor:
    """(B, C, H, W) to (4B, C, H/2, W/2), channels_last: the pixels of one parity of row and column form one image."""
    batch, channels, height, width = x.shape
    pixels = x.permute(0, 2, 3, 1).reshape(batch, height // 2, 2, width // 2, 2, channels)
    images = pixels.permute(0, 2, 4, 1, 3, 5).reshape(4 * batch, height // 2, width // 2, channels)
    return images.permute(0, 3, 1, 2)


def _interleave(x: Tensor) -> Tensor:
    """The inverse of ``_parities``."""
    batch, channels, height, width = x.shape
    pixels = x.permute(0, 2, 3, 1).reshape(batch // 4, 2, 2, height, width, channels)
    images = pixels.permute(0, 3, 1, 4, 2, 5).reshape(batch // 4, 2 * height, 2 * width, channels)
    return images.permute(0, 3, 1, 2)
