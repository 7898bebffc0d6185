"""Layers of networks with gated channels, and the surgery that makes such a network physically slim."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim.swa_utils import update_bn

from results.errors import BadInput
from spaces.base import Mix


class Widths(NamedTuple):
    """Candidate widths at which a layer runs together: their channels, and a weight each, (candidates,)."""

    channels: list[int]
    weights: Tensor


def gate(mix: Mix, layer: str) -> Tensor | Widths:
    """What ``mix`` lays on a gated layer: a gate a channel, or the widths that are active there."""
    weights = mix.weights[layer]
    return weights if mix.active is None else Widths(mix.active[layer][0], weights)


class GatedBatchNorm(nn.BatchNorm2d):
    """Batch norm whose output is multiplied by a gate a channel: gate · BN(x), (B, C, H, W).

    The product is had by scaling batch norm's own affine vectors, gate · (γ x̂ + β) = (gate γ) x̂ + (gate β): no pass
    over the feature map is added. A gate at zero gives an exact zero, as γ = 0 alone would not (β would stay).
    """

    def forward(self, input: Tensor, gate: Tensor | Widths | None = None) -> Tensor:
        """Plain batch norm without a gate; with ``gate`` (C,) always by the statistics of the batch.

        With ``Widths``, their weighted sum (``interpolated``), with zeros for the channels beyond the widest.
        """
        if gate is None:
            return super().forward(input)
        if isinstance(gate, Widths):
            most = max(gate.channels)
            weight, bias = self.weight[:most], self.bias[:most]
            y = F.batch_norm(input[:, :most], None, None, weight, bias, training=True, eps=self.eps)
            return F.pad(interpolated(y, gate), (0, 0, 0, 0, 0, self.num_features - most))
        weight, bias = self.weight * gate, self.bias * gate
        return F.batch_norm(input, None, None, weight, bias, training=True, eps=self.eps)


def interpolated(x: Tensor, widths: Widths) -> Tensor:
    """Σ_k p_k CWI(x's first c_k channels), (B, C, H, W) of the widest candidate's C channels.

    Channel-wise interpolation (TAS, Eq. 4) brings a narrow candidate to C channels by adaptive average pooling over
    channels. Pooled, and not multiplied by the matrix (C, C) that the sum amounts to: that product would cost as many
    multiply-adds as the convolution after it.
    """
    flat = x.flatten(2)
    most = flat.shape[1]
    total = torch.zeros_like(flat)
    for channels, weight in zip(widths.channels, widths.weights, strict=True):
        narrow = flat[:, :channels]
        total = total + weight * (narrow if channels == most else widened(narrow, most))
    return total.view_as(x)


def widened(narrow: Tensor, most: int) -> Tensor:
    """Adaptive average pooling over channels, (B, c, pixels) to (B, most, pixels) with c < most.

    A window then holds one channel or two neighbours. CUDA's pooling adds up its gradient in another order each time;
    the sum of the window's ends does not. The CPU's pooling repeats.
    """
    count, pixels = narrow.shape[1:]
    if narrow.device.type == "cpu":
        return F.adaptive_avg_pool2d(narrow, (most, pixels))
    row = torch.arange(most, device=narrow.device)
    first, last = row * count // most, ((row + 1) * count - 1) // most
    return (narrow.index_select(1, first) + narrow.index_select(1, last)) / 2


class ChannelSelection(nn.Module):
    """The channels that a cut of the residual stream leaves to one block; the stream itself stays whole."""

    index: Tensor

    def __init__(self, kept: Sequence[int], device: torch.device | None = None) -> None:
        super().__init__()
        self.register_buffer("index", torch.tensor(kept, device=device))

    def forward(self, x: Tensor) -> Tensor:
        """(B, kept, H, W) of (B, C, H, W)."""
        return x.index_select(1, self.index)


def selection(kept: Sequence[int], norm: nn.BatchNorm2d) -> nn.Module:
    """What stands before ``norm``, still whole, when only ``kept`` of its channels are left."""
    return nn.Identity() if len(kept) == norm.num_features else ChannelSelection(kept, norm.weight.device)


@torch.no_grad()
def narrow_norm(norm: nn.BatchNorm2d, kept: Sequence[int]) -> nn.BatchNorm2d:
    """``norm`` with the channels ``kept`` alone, running statistics included."""
    slim = nn.BatchNorm2d(len(kept), norm.eps, norm.momentum, norm.affine, norm.track_running_stats).to(norm.weight)
    index = torch.tensor(kept, device=norm.weight.device)
    slim.load_state_dict({name: t[index] if t.dim() else t for name, t in norm.state_dict().items()})
    return slim


@torch.no_grad()
def narrow_conv(
    conv: nn.Conv2d, *, inputs: Sequence[int] | None = None, outputs: Sequence[int] | None = None
) -> nn.Conv2d:
    """``conv`` (without bias) between the input and output channels that are kept; None: all.

    Of a depthwise convolution ``outputs`` names the kept filters, and the inputs are the same channels.
    """
    weight = conv.weight
    if outputs is not None:
        weight = weight[list(outputs)]
    if inputs is not None:
        weight = weight[:, list(inputs)]
    groups = 1 if conv.groups == 1 else len(weight)
    kernel, stride, padding = conv.kernel_size, conv.stride, conv.padding
    slim = nn.Conv2d(weight.shape[1] * groups, len(weight), kernel, stride, padding, groups=groups, bias=False)  # type: ignore[arg-type]  # torch stores them as wider tuples
    slim.weight = nn.Parameter(weight.clone())
    return slim


@torch.no_grad()
def narrow_linear(linear: nn.Linear, inputs: Sequence[int]) -> nn.Linear:
    """``linear`` reading the features ``inputs`` alone."""
    slim = nn.Linear(len(inputs), linear.out_features).to(linear.weight)
    slim.weight.copy_(linear.weight[:, list(inputs)])
    slim.bias.copy_(linear.bias)
    return slim


def initialise(network: nn.Module) -> None:
    """Convolutions normal with variance 2 / (kernel · outputs), batch norms at scale 1 and shift 0; in place."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)


@torch.no_grad()
def estimate_statistics(network: nn.Module, batches: Iterable[Tensor]) -> None:
    """Set every batch norm's running mean and variance to the plain average over ``batches`` of images; in place.

    A search keeps none, and those of a network whose gates moved would be stale: estimate them over unaugmented
    training images, batches of one size, before the network is cut. Leaves the network in evaluation mode. Raises
    BadInput where there is no batch.
    """
    seen = 0

    def counted() -> Iterator[Tensor]:
        nonlocal seen
        for seen, x in enumerate(batches, 1):  # noqa: B007 - counted for whoever called
            yield x

    update_bn(counted(), network)
    network.eval()
    if not seen:
        raise BadInput("there are no images to estimate batch norm's statistics from: give at least one batch")
