"""What a user asks for, as the command line understood it, and the protocol with what was asked laid over it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from harness.config.protocol import Protocol
from harness.config.sections import Environment
from harness.data import SPLITS
from harness.measuring.device import device_here
from results.lookup import lookup

Evaluate = Literal["auto", "table", "train", "none"]


@dataclass
class Request:
    """What the user asked for."""

    algorithms: list[str]
    space: str
    seeds: list[int]
    protocol: str = "quick"
    dataset: str | None = None
    eval_datasets: list[str] | None = None
    overrides: list[str] = field(default_factory=list)
    points: list[dict[str, Any]] = field(default_factory=lambda: [{}])
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
    log: list[str] = field(default_factory=list)
    command: Sequence[str] = ()
    known: dict[str, Any] = field(default_factory=dict)
    """Overrides that planning found out, not the user."""


def protocol_of(request: Request, point: Mapping[str, Any]) -> Protocol:
    """The request's protocol with everything asked for, and with the values of one ``point`` of a sweep."""
    protocol = Protocol.load(request.protocol, request.space)
    if request.dataset:
        protocol.raw["settings"]["dataset"] = request.dataset
        protocol.raw["settings"].setdefault("eval_datasets", [request.dataset])
        if request.dataset not in protocol.raw["settings"]["eval_datasets"]:
            protocol.raw["settings"]["eval_datasets"] = [request.dataset]
    if request.eval_datasets:
        protocol.raw["settings"]["eval_datasets"] = request.eval_datasets
    if request.split:
        lookup("split", request.split, SPLITS)
        protocol.raw["settings"]["split"] = request.split
    if request.budget:
        protocol.set_budget(request.budget)
    protocol.set(request.overrides)
    for key, value in (request.known | dict(point)).items():
        protocol.override(key, value)
    return protocol


def environment_of(request: Request, folder: Path) -> Environment:
    """Where and on what the request's trials run. Raises BadInput for a device that is not here."""
    return Environment(
        run=str(folder.expanduser().resolve()),
        data_dir=str(request.data_dir.expanduser().resolve()) if request.data_dir else None,
        download=request.download,
        table=str(request.table.expanduser().resolve()) if request.table else None,
        device=device_here(request.device),
        threads=request.cpus_per_trial,
    )


def gpus_of(request: Request, environment: Environment, processes: int = 1) -> float:
    """GPUs of each trial: as asked, else one for each of its processes where it runs on one."""
    asked = request.gpus_per_trial
    return asked if asked is not None else processes * float(environment.device.startswith("cuda"))
