"""CUDA graphs on the pretended device: the kernels of a capture, run again on the very tensors that they had."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch
from pretended.devices import leaves
from pretended.kernels import hidden
from torch import Tensor

if TYPE_CHECKING:
    from pretended.cuda import PretendedCuda


class PretendedGraph:
    """As on CUDA: what a capture read on the host stays as it was, and only what its kernels write is new."""

    owner: PretendedCuda
    """Set while there is a pretended device."""

    def __init__(self) -> None:
        self.tape: list[tuple[Any, Any, Any, Any]] = []

    def replay(self) -> None:
        """Every kernel in its order; one launch."""
        self.owner.launches += 1
        with torch.no_grad(), torch._C.DisableTorchFunction(), hidden(self.owner.kernels):
            for function, args, kwargs, made in self.tape:
                _again(function, args, kwargs, made)


def _again(function: Any, args: Any, kwargs: Any, made: Any) -> None:
    mine = {t.untyped_storage().data_ptr() for t in leaves(args, kwargs) if isinstance(t, Tensor)}
    for before, now in zip(leaves(made), leaves(function(*args, **kwargs)), strict=True):
        # A view, and what was written in place, is new already.
        if isinstance(before, Tensor) and before.untyped_storage().data_ptr() not in mine:
            before.copy_(now)


@contextlib.contextmanager
def capturing(owner: PretendedCuda, graph: PretendedGraph, pool: Any = None) -> Iterator[None]:
    """``torch.cuda.graph``: until the block ends, kernels go on the graph's tape, and the host may wait for none."""
    owner.tape = graph.tape
    try:
        yield
    finally:
        owner.tape = None


class PretendedStream:
    """The only one there is."""

    def wait_stream(self, stream: PretendedStream) -> None:
        """Nothing is ahead of anything."""


@contextlib.contextmanager
def on_stream(stream: PretendedStream) -> Iterator[None]:
    """``torch.cuda.stream``."""
    yield
