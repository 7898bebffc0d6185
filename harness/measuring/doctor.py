"""What a run relies on, tried on the very device: the same bits twice, the CPU's figures, how fast, how much memory.

Every check is of the searches and the networks that runs use, on random images, so that no data need be here.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from algorithms import ALGORITHMS
from algorithms.base import Evaluated, Setting
from algorithms.search import Search
from harness.config.protocol import Protocol
from harness.data import Shard, generator
from harness.measuring.clock import PeakMemory
from harness.measuring.device import precision, prepare, synchronise
from harness.measuring.record import device_name
from harness.training.distributed import Group, train_on_several
from spaces import SPACES
from spaces.base import Batch

REPEATED = (("nats", "darts1"), ("nats", "gdas"), ("darts", "rarts"), ("resnet164", "tas"))
"""Searches that between them run every kind of kernel: merged and sampled cells, pools, two networks, widths."""

COMPARED = (("nats", "darts1"), ("darts", "darts1"), ("resnet164", "network_slimming"))
"""A supernet of each kind, whose first gradients are compared with those of float64 on the CPU."""

CAPTURED = (("nats", "rarts"), ("nats", "snas"), ("darts", "darts2"), ("resnet164", "network_slimming"))
"""Searches whose passes are tried as CUDA graphs: two networks, a draw of each step, a look-ahead, gates."""

TOLERANCE = 2e-4
"""The largest relative error of a gradient in float32, ‖g − g₆₄‖ / ‖g₆₄‖; TF32's factors have ten bits, 5e-4 each."""

STEPS, IMAGES = 3, 16
"""Steps of a repeated search, and images in a batch of all checks but the timing."""

SECONDS = 3.0
"""How long steps are timed, after one that is not."""


@dataclass(frozen=True)
class Finding:
    """What one check found; ``passed`` is None where there is nothing to pass, or the check was left out."""

    check: str
    passed: bool | None
    said: str


def examine(device: torch.device, protocol: str, spaces: list[str]) -> Iterator[Finding]:
    """Check ``device``; steps are timed at the sizes that ``protocol`` has for each of ``spaces``.

    Yields
    ------
    Finding
        Each as soon as it is known.

    Raises
    ------
    BadInput
        For a protocol or a space that is not there.
    """
    prepare(device)
    timed = [Protocol.load(protocol, space) for space in spaces]
    yield Finding("device", None, f"{device_name(str(device))}, torch {torch.__version__}, {precision(device)}")
    yield from (repeats(device, space, algorithm) for space, algorithm in REPEATED)
    yield from (agrees(device, space, algorithm) for space, algorithm in COMPARED)
    yield from (captured(device, space, algorithm) for space, algorithm in CAPTURED)
    yield from (waits(device, space, algorithm) for space, algorithm in REPEATED)
    yield from (speed(device, settings, graphs) for settings in timed for graphs in _both_ways(device))
    yield processes(device)


def repeats(device: torch.device, space: str, algorithm: str) -> Finding:
    """Whether two runs of a search end at the same bits."""
    ends = [ended(device, space, algorithm) for _ in range(2)]
    return _same("repeats", ends, f"{algorithm} on {space}, {STEPS} steps twice")


def ended(device: torch.device, space: str, algorithm: str, graphs: bool = False) -> Tensor:
    """Every parameter of a search after ``STEPS`` steps."""
    search, batches = small(device, space, algorithm, graphs)
    for _ in range(STEPS):
        search.step(*batches)
    return torch.cat([p.flat.detach().cpu() for p in (*search.networks().values(), search.alpha)])


def _same(check: str, ends: list[Tensor], of: str) -> Finding:
    differ = int((ends[0] != ends[1]).sum())
    said = "the same bits" if not differ else f"{differ:,} of {len(ends[0]):,} parameters differ"
    return Finding(check, not differ, f"{of}: {said}")


def captured(device: torch.device, space: str, algorithm: str) -> Finding:
    """Whether a search whose passes are CUDA graphs ends at the bits of one whose kernels are launched one by one."""
    said = f"{algorithm} on {space}"
    if device.type != "cuda":
        return Finding("captured", None, f"{said}: left out, for CUDA alone has graphs")
    return _same("captured", [ended(device, space, algorithm, graphs) for graphs in (False, True)], f"{said} as graphs")


def agrees(device: torch.device, space: str, algorithm: str) -> Finding:
    """Whether the first gradients are those of float64 on the CPU, but for float32's rounding."""
    found = []
    for there, dtype in ((device, torch.float32), (torch.device("cpu"), torch.float64)):
        search, (_, batch) = small(there, space, algorithm)
        batch = batch._replace(x=batch.x.to(dtype))
        gradients = search.passes.gradient(search.w.flat.to(dtype), search.alpha.flat.to(dtype), batch, "both")
        found.append([gradient.double().cpu() for gradient in gradients])
    errors = [float((mine - exact).norm() / exact.norm()) for mine, exact in zip(*found, strict=True)]
    named = ", ".join(f"{of} {error:.1e}" for of, error in zip(("∇w", "∇α"), errors, strict=True))
    said = f"{algorithm} on {space}, relative error against float64 on the CPU: {named} (at most {TOLERANCE:g})"
    return Finding("agrees", max(errors) <= TOLERANCE, said)


def waits(device: torch.device, space: str, algorithm: str) -> Finding:
    """How often the host waits for the device in a step, by torch's own debug mode; CUDA alone has it."""
    said = f"{algorithm} on {space}"
    if device.type != "cuda":
        return Finding("waits", None, f"{said}: left out, for the host is the device")
    search, batches = small(device, space, algorithm)
    search.step(*batches)
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        torch.cuda.set_sync_debug_mode("warn")
        search.step(*batches)
        torch.cuda.set_sync_debug_mode("default")
    count = sum("synchroniz" in str(warning.message) for warning in heard)
    return Finding("waits", count <= 2, f"{said}: the host waits {count} times a step (at most 2)")


def _both_ways(device: torch.device) -> tuple[bool, ...]:
    return (False, True) if device.type == "cuda" else (False,)


def speed(device: torch.device, protocol: Protocol, graphs: bool = False) -> Finding:
    """Seconds of a step of first-order DARTS and its peak memory; passes nothing."""
    gates = "prc" in SPACES[protocol.space].Options.model_fields
    algorithm = "network_slimming" if gates else "darts1"
    search, batches = made(device, protocol, algorithm, protocol.settings.batch_size, graphs)
    memory, steps = PeakMemory(device, interval=0.01), 0
    with memory.running():
        search.step(*batches)
        synchronise(device)
        start = time.perf_counter()
        while time.perf_counter() - start < SECONDS:
            search.step(*batches)
            synchronise(device)
            steps += 1
        seconds = (time.perf_counter() - start) / steps
    images = 2 * protocol.settings.batch_size / seconds
    how = " as graphs" if graphs else ""
    said = f"{algorithm} on {protocol.space}, {protocol.name}{how}: {1000 * seconds:,.1f} ms a step, "
    return Finding(
        "speed", None, f"{said}{images:,.0f} images a second, n = {steps}; peak memory {memory.peak_mb:,.0f} MB"
    )


def processes(device: torch.device) -> Finding:
    """Whether processes meet and add, as those of one training: two over gloo, over nccl as many as there are GPUs."""
    cuda = device.type == "cuda"
    count, heard = torch.cuda.device_count() if cuda else 2, list[str]()
    with TemporaryDirectory() as folder:
        group = Group(_add, (cuda,), count, device, Path(folder) / "meeting", ValueError)
        train_on_several(group, heard.append, lambda epoch, epochs: None)
    wanted = [f"{count * (count + 1) / 2:g}"]
    said = f"{count} over {'nccl' if cuda else 'gloo'} add 1 to {count}: {', '.join(heard)}"
    return Finding("processes", heard == wanted, said)


def _add(shard: Shard, say: Callable[[str], None], tick: Callable[[int, int], None], cuda: bool) -> None:
    total = torch.tensor(float(shard.rank + 1), device=f"cuda:{shard.rank}" if cuda else "cpu")
    dist.all_reduce(total)
    say(f"{float(total):g}")


def small(device: torch.device, space: str, algorithm: str, graphs: bool = False) -> tuple[Search, list[Batch]]:
    """A search of the size of the protocol ``quick``, and a batch of each half."""
    overrides = ["space.prc=0.4"] if "prc" in SPACES[space].Options.model_fields else []
    return made(device, Protocol.load("quick", space).set(overrides), algorithm, IMAGES, graphs)


def made(
    device: torch.device, protocol: Protocol, algorithm: str, images: int, graphs: bool = False
) -> tuple[Search, list[Batch]]:
    """A search as a trial makes it, and a batch of random images of each half: the same on every device."""
    config = protocol.trial(algorithm, 0, {"classes": 10, "in_channels": 3}, "none")
    space = SPACES[protocol.space](config.options)
    setting = Setting(space, config.hyper, partial(generator, 0), device, _nobody, cuda_graphs=graphs)
    search: Any = ALGORITHMS[algorithm](setting)
    search.on_epoch(0, 0.0)
    size = protocol.settings.image_size
    return search, [_batch(half, images, size, device) for half in ("train", "val")]


def _batch(half: str, images: int, size: int, device: torch.device) -> Batch:
    random = generator(0, f"doctor.{half}")
    x: Tensor = torch.randn(images, 3, size, size, generator=random)
    return Batch(x.to(device), torch.randint(10, (images,), generator=random).to(device), half)


def _nobody(genotype: str) -> Evaluated:
    raise AssertionError(f"a search by gradients asked for {genotype}")
