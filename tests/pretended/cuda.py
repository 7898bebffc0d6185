"""CUDA devices that are not there: tensors of the CPU that claim to be on one, and raise where CUDA's would.

Every tensor is an ordinary one of the CPU, so that values, autograd and checkpoints are real. Two modes keep where it
claims to be: one answers ``.device`` and moves tensors, one sees every kernel, raises where one mixes devices or does
not repeat, and counts the kernels and the places where the host would wait. Generators and ``torch.cuda`` pretend
likewise. What is not seen: CUDA's own arithmetic, its speed and its memory (a peak is the largest single tensor), nccl.

    with PretendedCuda(devices=2) as cuda:
        ...                                # devices "cuda" and "cuda:1"; torch.cuda.is_available() is True
    cuda.launches, cuda.waits              # kernels, a graph's as one; Counter of (what, file:line)
"""

from __future__ import annotations

import contextlib
import sys
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from pretended.devices import Devices, PretendedGenerator, claim, device_of, index_of, whole
from pretended.functions import Functions
from pretended.graphs import PretendedGraph, PretendedStream, capturing, on_stream
from pretended.kernels import Kernels, hidden
from torch import Tensor

OURS = ("algorithms", "spaces", "harness")
HERE = str(Path(__file__).parent)


class Moved(torch.autograd.Function):
    """A copy on another device; its gradient travels back."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, device: torch.device, dtype: torch.dtype, owner: PretendedCuda) -> Tensor:
        ctx.back, ctx.dtype, ctx.owner = device_of(x), x.dtype, owner
        return owner.copied(x, device, dtype)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:  # type: ignore[override]
        return ctx.owner.copied(gradient, ctx.back, ctx.dtype), None, None, None


class PretendedCuda:
    """See the module."""

    def __init__(self, devices: int = 1) -> None:
        self.devices = devices
        self.launches = 0
        self.by_operation: Counter[str] = Counter()
        self.waits: Counter[tuple[str, str]] = Counter()
        self.explicit: list[Any] = []
        self.tape: list[Any] | None = None
        """The kernels of the graph that is being captured."""
        self.broken = False
        """Whether every synchronisation fails, as after an error that CUDA does not recover from."""
        self._stack = contextlib.ExitStack()

    def reset(self) -> None:
        """Count from here."""
        self.launches = 0
        self.by_operation.clear()
        self.waits.clear()

    def wait(self, what: str) -> None:
        """The host waits for the device here."""
        if self.tape is not None:
            raise RuntimeError(f"{what}: not permitted while a graph is captured [{self.place()}]")
        self.waits[what, self.place()] += 1

    def place(self) -> str:
        """The innermost line of our own code."""
        frame = sys._getframe(2)
        while frame is not None:
            name = frame.f_code.co_filename
            mine = any(f"/{part}/" in name for part in OURS) and "site-packages" not in name
            if mine and not name.startswith(HERE):
                return "/".join(name.rsplit("/", 2)[-2:]) + f":{frame.f_lineno}"
            frame = frame.f_back  # type: ignore[assignment]
        return "?"

    def copied(self, x: Tensor, device: torch.device, dtype: torch.dtype, non_blocking: bool = False) -> Tensor:
        with torch.no_grad(), torch._C.DisableTorchFunction(), hidden(self.kernels):
            made = x.detach().to(dtype, copy=True)
        before = device_of(x)
        claim(made, device)
        if before != device and "cuda" in (before.type, device.type) and not non_blocking:
            way = {("cpu", "cuda"): "host to device", ("cuda", "cpu"): "device to host"}
            self.wait(way.get((before.type, device.type), "device to device"))
        return made

    def to(
        self, x: Tensor, device: Any, dtype: Any, non_blocking: bool, copy: bool, kept: torch.memory_format
    ) -> Tensor:
        here = device_of(x)
        there, dtype = here if device is None else whole(device), dtype or x.dtype
        if "meta" in (here.type, there.type):
            return x.to(there, dtype, non_blocking, copy)
        if there == here:
            return x.to(dtype, copy=copy, **({} if kept is torch.preserve_format else {"memory_format": kept}))
        tracked = x.requires_grad and torch.is_grad_enabled()
        moved = Moved.apply(x, there, dtype, self) if tracked else self.copied(x, there, dtype, non_blocking)
        return moved if kept is torch.preserve_format else moved.contiguous(memory_format=kept)

    def __enter__(self) -> PretendedCuda:
        Devices.count, Devices.current = self.devices, 0
        Devices.largest = [0] * self.devices
        Devices.defaults = [PretendedGenerator(f"cuda:{i}") for i in range(self.devices)]
        self.kernels, self.functions = Kernels(self), Functions(self)
        PretendedGraph.owner = self
        for where, name, value in (*self._torch(), *((torch.cuda, *named) for named in self._cuda().items())):
            self._stack.enter_context(mock.patch.object(where, name, value))
        self._stack.enter_context(self.kernels)
        self._stack.enter_context(self.functions)
        return self

    def __exit__(self, *details: Any) -> None:
        self._stack.__exit__(*details)

    def _torch(self) -> Iterator[tuple[Any, str, Any]]:
        """What reads the real device outside both modes' sight."""
        parse, autocast = torch._C._nn._parse_to, torch.autocast.__init__
        group = torch._C._group_tensors_by_device_and_dtype

        def parse_to(*args: Any, **kwargs: Any) -> Any:
            if args and isinstance(args[0], Tensor):
                return device_of(args[0]), args[0].dtype, False, None
            return parse(*args, **kwargs)

        def cast(this: Any, device_type: str, *args: Any, **kwargs: Any) -> None:
            autocast(this, "cpu" if device_type == "cuda" else device_type, *args, **kwargs)

        def grouped(lists: Any, with_indices: bool = False) -> Any:
            found: dict[Any, Any] = {}
            for (_, dtype), (parts, indices) in group(lists, True).items():
                for i, first in enumerate(parts[0]):
                    columns, rows = found.setdefault((device_of(first), dtype), ([[] for _ in parts], []))
                    for column, part in zip(columns, parts, strict=True):
                        if part:
                            column.append(part[i])
                    rows.append(indices[i])
            return found if with_indices else {key: (columns, []) for key, (columns, _) in found.items()}

        yield torch._C, "_group_tensors_by_device_and_dtype", grouped
        yield torch.optim.Optimizer, "_accelerator_graph_capture_health_check", lambda this: None
        yield torch.accelerator, "is_available", lambda: True
        yield torch.accelerator, "device_count", lambda: Devices.count
        yield torch.accelerator, "synchronize", self._synchronize
        yield torch, "Generator", PretendedGenerator
        yield torch._C._nn, "_parse_to", parse_to
        yield torch.autocast, "__init__", cast

    def _synchronize(self, device: Any = None) -> None:
        if self.broken:
            raise torch.AcceleratorError("CUDA error: device-side assert triggered", 710)
        self.wait(f"synchronize {index_of(device)}")

    def _cuda(self) -> dict[str, Any]:
        """``torch.cuda``'s functions."""

        def set_device(device: Any) -> None:
            Devices.current = int(whole(device).index)

        def seed_all(value: int) -> None:
            for generator in Devices.defaults:
                generator.manual_seed(value)

        def forget_peak(device: Any = None) -> None:
            Devices.largest[index_of(device)] = 0

        def set_rng_state(state: Tensor, device: Any = "cuda") -> None:
            Devices.defaults[index_of(device)].set_state(state)

        return {
            "is_available": lambda: True,
            "is_initialized": lambda: True,
            "device_count": lambda: Devices.count,
            "current_device": lambda: Devices.current,
            "set_device": set_device,
            "get_device_name": lambda device=None: f"Pretended {index_of(device)}",
            "get_device_capability": lambda device=None: (9, 0),
            "synchronize": self._synchronize,
            "empty_cache": lambda: None,
            "reset_peak_memory_stats": forget_peak,
            "max_memory_allocated": lambda device=None: Devices.largest[index_of(device)],
            "memory_allocated": lambda device=None: 0,
            "get_rng_state": lambda device="cuda": Devices.defaults[index_of(device)].get_state(),
            "set_rng_state": set_rng_state,
            "manual_seed": lambda value: Devices.defaults[Devices.current].manual_seed(value),
            "manual_seed_all": seed_all,
            "_is_in_bad_fork": lambda: False,
            "is_current_stream_capturing": lambda: self.tape is not None,
            "CUDAGraph": PretendedGraph,
            "graph": partial(capturing, self),
            "graph_pool_handle": lambda: (0, 0),
            "Stream": PretendedStream,
            "current_stream": PretendedStream,
            "stream": on_stream,
            "_lazy_init": lambda: None,
        }
