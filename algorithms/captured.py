"""A pass of a supernet captured as a CUDA graph, which launches all of its kernels at once.

A search's kernels are small, so that on a GPU a step takes as long as the host needs to launch them one by one. A
captured pass is replayed on the same addresses: what it reads is copied there first, what it gives is copied away. It
runs the kernels of the pass that was captured, in their order, so that its bits are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import torch
from torch import Tensor

Pass = Callable[[Sequence[Tensor]], list[Tensor]]
"""From the tensors that a pass reads to those that it gives: nothing else may change from one call to the next."""

WARM_UP = 3
"""Calls before a capture, so that what libraries do once, such as cuDNN's plans, is done (torch, "CUDA Graphs")."""


class Captured:
    """One pass at one shape of its inputs."""

    def __init__(self, run: Pass, inputs: Sequence[Tensor], pool: Any) -> None:
        self.inputs = [tensor.clone() for tensor in inputs]
        here, aside = torch.cuda.current_stream(), torch.cuda.Stream()  # type: ignore[no-untyped-call]  # torch's own is untyped
        aside.wait_stream(here)
        with torch.cuda.stream(aside):
            for _ in range(WARM_UP):
                run(self.inputs)
        here.wait_stream(aside)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph, pool=pool):
            self.outputs = run(self.inputs)

    def __call__(self, inputs: Sequence[Tensor]) -> list[Tensor]:
        """What the pass gives for ``inputs``."""
        for mine, given in zip(self.inputs, inputs, strict=True):
            mine.copy_(given)
        self.graph.replay()
        # Copies, for the next replay of any graph of the pool may write over them.
        return [output.clone() for output in self.outputs]


class Graphs:
    """The captured passes of one search, by what tells them apart; one pool of memory, for they run in turn."""

    def __init__(self) -> None:
        self._pool: Any = None
        self._captured: dict[Hashable, Captured] = {}

    def run(self, key: Hashable, run: Pass, inputs: Sequence[Tensor]) -> list[Tensor]:
        """What ``run`` gives for ``inputs``; captured where ``key`` is met first."""
        inputs = [tensor.detach() for tensor in inputs]
        if key not in self._captured:
            self._pool = self._pool or torch.cuda.graph_pool_handle()
            self._captured[key] = Captured(run, inputs, self._pool)
        return self._captured[key](inputs)
