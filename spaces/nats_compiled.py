"""The mixed NATS cell's passes in the loops of nats_kernel.cpp, on one CPU thread: nats_kernel.py's formulas, faster.

Inside, the batch is the innermost axis, so that a loop over images runs over neighbouring numbers. Outside, tensors
keep the shape (B, C, H, W); between two whole cells they are such views, and the forward pass copies nothing.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from functools import cache
from itertools import product
from pathlib import Path

import torch
from torch import Tensor

from spaces.compiling import library
from spaces.nats_kernel import SOURCES, by_source

NUMBERS = {"float": torch.float32, "double": torch.float64}
"""The kinds of number for which the loops are compiled."""
MOMENTS = torch.float64
SAVED = 5
"""Tensors that the backward pass of one source reads: x, A, P(x), z₃, and the moments in double."""


def through(x: Tensor, weights: Tensor, kernels: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
    """Node 3 from node 0, and what the backward pass reads."""
    channels, node = x.shape[1], _inside(x)
    given = x.new_empty(SOURCES * channels, *node.shape[1:])
    saved: list[Tensor] = []
    for source, mix in enumerate(by_source(weights.contiguous())):
        to = given[source * channels :]
        saved += _leave(node, mix, kernels[source], kernels[SOURCES + source], to, on_top=source > 0)
        node = to[:channels]
    return _outside(node), saved


def back(
    saved: Sequence[Tensor],
    slope: Tensor,
    weights: Tensor,
    kernels: Sequence[Tensor],
    needs: Sequence[bool],
) -> list[Tensor | None]:
    """The slopes at node 0, the weights and each kernel."""
    channels = slope.shape[1]
    rows = slope.new_empty(SOURCES * channels, *saved[0].shape[1:])
    rows[-channels:] = slope.permute(1, 2, 3, 0)
    mixes = by_source(weights.contiguous())
    to_mix = _slot(weights, needs[1])
    to_mixes = [None] * SOURCES if to_mix is None else by_source(to_mix)
    to_kernels = [_slot(kernel, needs[2 + i]) for i, kernel in enumerate(kernels)]
    to_x = _slot(saved[0], needs[0])
    for source in reversed(range(SOURCES)):
        k1, k3 = source, SOURCES + source
        to_node = rows[(source - 1) * channels : source * channels] if source else to_x
        slopes = (to_node, to_mixes[source], to_kernels[k1], to_kernels[k3])
        part = saved[SAVED * source : SAVED * (source + 1)]
        _take_back(part, mixes[source], kernels[k1], kernels[k3], rows[source * channels :], slopes)
    return [None if to_x is None else _outside(to_x), to_mix, *to_kernels]


def leave(node: Tensor, mix: Tensor, k1: Tensor, k3: Tensor) -> tuple[Tensor, list[Tensor]]:
    """What one source gives its m targets, and what the backward pass reads."""
    inside = _inside(node)
    given = node.new_empty(len(mix), *inside.shape)
    saved = _leave(inside, mix.contiguous(), k1, k3, given)
    return given.permute(4, 0, 1, 2, 3), saved


def back_to_source(
    saved: Sequence[Tensor], slope: Tensor, mix: Tensor, k1: Tensor, k3: Tensor, needs: Sequence[bool]
) -> list[Tensor | None]:
    """The slopes at the source, its weights and its two kernels."""
    slopes = [_slot(tensor, need) for tensor, need in zip((saved[0], mix, k1, k3), needs, strict=True)]
    _take_back(saved, mix.contiguous(), k1, k3, slope.permute(1, 2, 3, 4, 0).contiguous(), slopes)
    to_node, *others = slopes
    return [None if to_node is None else _outside(to_node), *others]


def _leave(node: Tensor, mix: Tensor, k1: Tensor, k3: Tensor, to: Tensor, on_top: bool = False) -> list[Tensor]:
    """Writes into ``to`` (adds ``on_top`` of it) what ``node`` (C, H, W, B) gives; returns what is saved of it."""
    assert node.dtype == mix.dtype == k1.dtype == k3.dtype, "the loops take one kind of number"
    active, pooled, z3 = torch.empty_like(node), torch.empty_like(node), torch.empty_like(to)
    channels, targets = node.shape[0], mix.shape[0]
    moments = torch.empty(channels + channels**2 + 3 * targets * channels, dtype=MOMENTS)
    tensors = (active, pooled, z3, moments)
    _call("leave", node, mix, node, k1, k3, mix, int(on_top), to, *tensors)
    return [node, *tensors]


def _take_back(
    saved: Sequence[Tensor], mix: Tensor, k1: Tensor, k3: Tensor, slope: Tensor, slopes: Sequence[Tensor | None]
) -> None:
    """Writes the slopes at x, at the weights, at K₁ and K₃ into those of ``slopes`` that are there."""
    _call("take_back", saved[0], mix, *saved, k1, k3, mix, slope, *slopes)


def _call(name: str, node: Tensor, mix: Tensor, *arguments: Tensor | int | None) -> None:
    """Runs a function of nats_kernel.cpp: five sizes, then addresses, flags, and null for what is not wanted."""
    tensors = [argument for argument in arguments if isinstance(argument, Tensor)]
    assert all(tensor.is_contiguous() for tensor in tensors), "the loops know no strides"
    given = [argument.data_ptr() if isinstance(argument, Tensor) else argument for argument in arguments]
    loops()[name, node.dtype](node.shape[0], mix.shape[0], *node.shape[1:], *given)


@cache
def loops() -> dict[tuple[str, torch.dtype], Callable[..., None]]:
    """The exported functions, by name and kind of number. Raises BadInput where they cannot be compiled."""
    size, flag, address = ctypes.c_int, ctypes.c_int, ctypes.c_void_p
    sizes = [size] * 5
    arguments = {"leave": [*sizes, *[address] * 4, flag, *[address] * 5], "take_back": [*sizes, *[address] * 13]}
    compiled, found = library(Path(__file__).with_name("nats_kernel.cpp")), {}
    for (name, kinds), (suffix, number) in product(arguments.items(), NUMBERS.items()):
        function = getattr(compiled, f"{name}_{suffix}")
        function.argtypes, function.restype = kinds, None
        found[name, number] = function
    return found


def _slot(tensor: Tensor, wanted: bool) -> Tensor | None:
    return torch.empty_like(tensor, memory_format=torch.contiguous_format) if wanted else None


def _inside(x: Tensor) -> Tensor:
    """(B, C, H, W) as (C, H, W, B), copied only where it does not lie so."""
    return x.permute(1, 2, 3, 0).contiguous()


def _outside(x: Tensor) -> Tensor:
    """(C, H, W, B) as (B, C, H, W)."""
    return x.permute(3, 0, 1, 2)
