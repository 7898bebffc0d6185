"""What a user asks for, as the command line understood it; resolved once, by a plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from harness.config.protocol import Protocol
from harness.config.sections import Environment
from harness.data import SPLITS
from harness.measuring.device import check_gpus, device_here
from results.lookup import lookup

Evaluate = Literal["auto", "table", "train", "none"]


@dataclass(frozen=True)
class Request:
    """What the user asked for."""

    algorithms: Sequence[str]
    space: str
    seeds: Sequence[int]
    protocol: str = "quick"
    dataset: str | None = None
    eval_datasets: Sequence[str] | None = None
    overrides: Sequence[str] = ()
    points: Sequence[Mapping[str, Any]] = field(default_factory=lambda: [{}])
    split: str | None = None
    budget: str | None = None
    latency: Path | None = None
    any_latency: bool = False
    evaluate: Evaluate = "auto"
    out: Path | None = None
    data_dir: Path | None = None
    download: bool = False
    table: Path | None = None
    device: str = "auto"
    cpus_per_trial: int = 1
    gpus_per_trial: float | None = None
    address: str | None = None
    serial: bool = False
    log: Sequence[str] = ()
    command: Sequence[str] = ()


def asked_protocol(request: Request) -> Protocol:
    """The request's protocol with everything that was asked for laid on it.

    Raises
    ------
    BadInput
        For what the protocol, its space or a field does not take.
    """
    protocol = Protocol.load(request.protocol, request.space)
    if request.dataset:
        judged = protocol.raw["settings"].get("eval_datasets", [request.dataset])
        protocol = protocol.at(("settings", "dataset"), request.dataset)
        protocol = protocol.at(
            ("settings", "eval_datasets"), judged if request.dataset in judged else [request.dataset]
        )
    if request.eval_datasets:
        protocol = protocol.at(("settings", "eval_datasets"), list(request.eval_datasets))
    if request.split:
        lookup("split", request.split, SPLITS)
        protocol = protocol.at(("settings", "split"), request.split)
    if request.budget:
        protocol = protocol.with_budget(request.budget)
    return protocol.set(request.overrides)


def laid(protocol: Protocol, values: Mapping[str, Any]) -> Protocol:
    """The protocol with each value in every place that its key names: what planning knows, or a sweep's point."""
    for key, value in values.items():
        protocol = protocol.override(key, value)
    return protocol


def device_of(request: Request) -> str:
    """The device that the request's trials run on. Raises BadInput for one that is not here."""
    return device_here(request.device, serial=request.serial, elsewhere=request.address is not None)


def environment_of(request: Request, folder: Path, processes: int = 1) -> Environment:
    """Where and on what the request's trials, of so many processes each, run.

    A trial has the GPUs that were asked for, else one for each of its processes where it runs on CUDA.

    Raises
    ------
    BadInput
        For a device that is not here, or a share of it that no trial can have.
    """
    device, gpus = device_of(request), request.gpus_per_trial
    check_gpus(device, gpus)
    return Environment(
        run=str(folder.expanduser().resolve()),
        data_dir=str(request.data_dir.expanduser().resolve()) if request.data_dir else None,
        download=request.download,
        table=str(request.table.expanduser().resolve()) if request.table else None,
        device=device,
        threads=request.cpus_per_trial,
        gpus=gpus if gpus is not None else processes * float(device.startswith("cuda")),
        address=request.address,
        serial=request.serial,
        log=tuple(request.log),
    )
