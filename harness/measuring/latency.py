"""Latencies: of each operation of a space, kept as a table of one device, and of a whole network, measured.

A latency is the time for one image (batch 1), in evaluation mode, without gradients: median and interquartile range of
``torch.utils.benchmark``'s blocks. One thread of a CPU is timed by its own clock, so that other trials beside it do not
count: on two cores shared by six, the rank correlation of two measurements of the same networks is 0.48 by the wall
clock and 0.99 by the thread's. Everything else is timed by the wall clock, the device's queue drained.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

import torch
from pydantic import Field, ValidationError
from torch import nn

from harness.config.protocol import Protocol, validated
from harness.config.sections import Environment, Section, Settings
from harness.measuring.device import share_of, synchronise
from harness.measuring.record import device_name
from results.atomic import write_text
from results.errors import BadInput
from results.schema import CONCAT
from spaces import SPACES
from spaces.base import Space, Timed
from spaces.contracts import Timeable, offers, provides

BATCH = 1
SHORTEST, LONGEST = 0.1, 2.0
"""Seconds that one measurement takes: until its interquartile range is below a tenth of its median, within these."""

Progress = Callable[[Sequence[Timed]], Iterable[Timed]]


class Conditions(Section):
    """What a latency depends on: the device and how it is used, and the stand-alone network's size."""

    device: str
    threads: int
    batch_size: int
    dtype: str
    space: str
    channels: int
    cells: int
    image_size: int


class Row(Section):
    """One operation at one size: ``count`` cells of the network hold it on an edge of this ``kind``."""

    kind: str
    operation: str
    channels: int
    height: int
    width: int
    stride: int
    count: int
    median_ms: float
    iqr_ms: float


class Table(Section):
    """The latencies of a space's operations under one set of conditions."""

    conditions: Conditions
    torch: str
    rows: tuple[Row, ...] = Field(min_length=1)

    def option(self) -> list[float] | dict[str, list[float]]:
        """The space's option ``latency``: milliseconds of each operation, the mean over its occurrences.

        A list in the order of α's columns; where the space has several kinds of edges, one by kind.
        """
        means: dict[str, list[float]] = {}
        for kind, operation in dict.fromkeys((row.kind, row.operation) for row in self.rows):
            own = [row for row in self.rows if (row.kind, row.operation) == (kind, operation)]
            total = sum(row.count * row.median_ms for row in own)
            means.setdefault(kind, []).append(float(f"{total / sum(row.count for row in own):.6g}"))
        return means if len(means) > 1 else next(iter(means.values()))

    @property
    def digest(self) -> str:
        """Twelve hexadecimal digits that tell the table from any other, whatever file holds it."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:12]

    def description(self) -> str:
        """The conditions on one line."""
        c = self.conditions
        size = f"{c.channels} channels, {c.cells} cells, {c.image_size} × {c.image_size}"
        return f"{_use(c.device, c.threads, c.batch_size)}; {size}, {c.dtype}"


def conditions(space: str, settings: Settings, device: str, threads: int, batch_size: int = BATCH) -> Conditions:
    """The conditions of a protocol's stand-alone network on ``device``."""
    return Conditions(
        device=hardware(device),
        threads=threads,
        batch_size=batch_size,
        dtype=str(torch.get_default_dtype()).removeprefix("torch."),
        space=space,
        channels=settings.evaluation.channels,
        cells=settings.evaluation.cells,
        image_size=settings.image_size,
    )


def hardware(device: str) -> str:
    """The device's kind and model; among several of one model, whichever."""
    return f"{torch.device(device).type} {device_name(device).partition(' ')[2]}"


def _use(device: str, threads: int, batch_size: int) -> str:
    return f"{device}, batch {batch_size}, threads {threads}"


def _clock(device: torch.device, threads: int) -> Callable[[], float]:
    """Seconds of the one thread, else of the wall once ``device`` has done its work."""

    def drained() -> float:
        synchronise(device)
        return time.perf_counter()

    return time.thread_time if device.type == "cpu" and threads == 1 else drained


def measure(protocol: Protocol, device: str, threads: int, batch_size: int = BATCH, progress: Progress = iter) -> Table:
    """Time every operation of the protocol's stand-alone network on ``device``. "none" takes 0 ms.

    Raises BadInput for a space that chooses among no operations.
    """
    cls = SPACES[protocol.space]
    if not provides(cls, Timeable):
        have = [name for name, other in SPACES.items() if provides(other, Timeable)]
        raise BadInput(f"the space {protocol.space} has no operations to time; these have: {', '.join(have)}")
    under = conditions(protocol.space, protocol.settings, device, threads, batch_size)
    size = {"channels": under.channels, "cells": under.cells, "image_size": under.image_size}
    space = cls(validated("space", cls.Options, {**protocol.raw["options"], **size}))
    timer = partial(network_latency, device=torch.device(device), threads=threads, batch_size=batch_size)
    rows = []
    for timed in progress(space.timed()):
        median, iqr = (0.0, 0.0) if timed.build is None else timer(_fresh(timed.build), timed.shape)
        channels, height, width = timed.shape
        rows.append(
            Row(
                kind=timed.kind,
                operation=timed.operation,
                channels=channels,
                height=height,
                width=width,
                stride=timed.stride,
                count=timed.count,
                median_ms=median,
                iqr_ms=iqr,
            )
        )
    return Table(conditions=under, torch=torch.__version__, rows=tuple(rows))


def network_latency(
    network: nn.Module, shape: Sequence[int], device: torch.device, threads: int, batch_size: int = BATCH
) -> tuple[float, float]:
    """Median and interquartile range, ms, of ``network`` on random images of ``shape`` (channels, height, width).

    Leaves the network in evaluation mode on ``device`` and draws from no generator but its own.
    """
    # Its import warns of a machine without CUDA, on every command.
    logging.getLogger("torch.utils.cpp_extension").setLevel(logging.ERROR)
    from torch.utils.benchmark import Timer

    generator = torch.Generator().manual_seed(0)
    x = torch.randn(batch_size, *shape, generator=generator).to(device)
    known = {"network": network.to(device).eval(), "x": x}
    timer = Timer("network(x)", timer=_clock(device, threads), globals=known, num_threads=threads)
    with torch.no_grad():
        measured = timer.adaptive_autorange(min_run_time=SHORTEST, max_run_time=LONGEST)
    return 1000 * measured.median, 1000 * measured.iqr


def latency_columns(network: nn.Module, space: Space, genotype: str, environment: Environment) -> dict[str, object]:
    """Record columns: how fast ``genotype``'s ``network`` is here, and how fast a latency table says it is.

    On a GPU that trials share, nothing is measured: a kernel's time there is its neighbours' as well.
    """
    measured: dict[str, object] = {"latency_ms": None, "latency_iqr_ms": None}
    source = f"not measured: {environment.gpus:g} of a GPU, beside other trials"
    if not shares(environment):
        o, device = space.options, torch.device(environment.device)
        shape = (o.in_channels, o.image_size, o.image_size)
        median, iqr = network_latency(network, shape, device, environment.threads)
        measured = {"latency_ms": median, "latency_iqr_ms": iqr}
        source = f"measured: {_use(hardware(environment.device), environment.threads, BATCH)}"
    return measured | {"latency_source": source, "latency_predicted_ms": predicted(space, genotype)}


def shares(environment: Environment) -> bool:
    """Whether other trials may run on this one's GPU."""
    return share_of(environment.device, environment.gpus) < 1


def predicted(space: Space, genotype: str) -> float | None:
    """Σ over the edges of ``genotype``'s network of its operations' latencies, ms.

    None without a latency table, or where an operation is not in it (a published cell may have others than the space).
    What is the same for every genotype is not in the sum: the stem, what joins and prepares cells, the classifier.
    """
    given = space.options.model_dump().get("latency")
    if not space.options.latency_source or given is None or not offers(space, Timeable):
        return None
    timed = space.timed()
    operations = list(dict.fromkeys(t.operation for t in timed))
    cells: dict[str, int] = {}
    for t in timed:
        cells[t.kind] = cells.get(t.kind, 0) + t.count * (t.operation == operations[0])
    by_kind = given if isinstance(given, dict) else dict.fromkeys(cells, given)
    edges = [edge for edge in space.edges(genotype) if edge.operation != CONCAT]
    if not {edge.operation for edge in edges} <= set(operations):
        return None
    kinds = [(space.kind(edge), operations.index(edge.operation)) for edge in edges]
    return float(sum(cells[kind] * by_kind[kind][column] for kind, column in kinds))


def write(table: Table, path: Path) -> None:
    """Write ``table`` as JSON. Raises BadInput where ``path`` cannot be written."""
    try:
        write_text(path, json.dumps(table.model_dump(), indent=1, ensure_ascii=False))
    except OSError as error:
        raise BadInput(f"cannot write {path} ({error.strerror}): give --out a path you can write") from None


def read(path: Path, here: Conditions, any_conditions: bool = False) -> Table:
    """The table at ``path``, measured under the conditions ``here``.

    Raises BadInput for what is no latency table, one of another space, and, unless ``any_conditions``, one of another
    device, thread count or network size.
    """
    try:
        table = Table.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"cannot read the latency table {path} ({error.strerror}); `latency` writes one") from None
    except (ValidationError, UnicodeDecodeError):
        raise BadInput(f"{path} is no latency table: `python -m harness latency --out FILE` writes one") from None
    theirs, ours = table.conditions.model_dump(), here.model_dump()
    wrong = {name for name in ours if theirs[name] != ours[name]}
    if "space" in wrong:
        raise BadInput(f"the latency table {path} is of the space {theirs['space']}, not of {ours['space']}")
    if wrong and not any_conditions:
        text = "; ".join(f"{name} {theirs[name]}, here {ours[name]}" for name in ours if name in wrong)
        raise BadInput(
            f"the latency table {path} was measured elsewhere ({text}): measure one with `python -m harness latency "
            f"--space {here.space} --threads {here.threads}` and this protocol, or take it as it is with --any-latency"
        )
    return table


def _fresh(build: Callable[[], nn.Module]) -> nn.Module:
    """A module made without a trace in torch's own generator."""
    with torch.random.fork_rng(devices=[]):
        return build()
