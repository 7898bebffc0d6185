"""What a user asks for, in the terms of the command line and of ``harness.compare``; resolved once, by a plan."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_type_hints

from pydantic import TypeAdapter, ValidationError

from harness.config import plugins
from harness.config.names import SPLIT_NAMES, WAYS, Evaluate, check_names, is_pruned
from harness.config.protocol import Protocol, validated
from harness.config.sections import Environment
from harness.data import DATASETS
from harness.execution.loggers import check_loggers
from results.errors import BadInput
from results.lookup import lookup

ALSO_KEYS = {
    "prc": ("prc", "space.prc"),
    "split": ("split",),
    "budget": ("epochs",),
    "latency": ("latency", "space.latency"),
    "hardware": ("latency", "space.latency"),
}
"""Fields whose value can be given by an override as well, and the keys that it has there."""

SEEDS_END = 10**18
"""Where seeds end: 18 digits stay below the 64 bits of a generator's seed."""


@dataclass(frozen=True)
class Request:
    """What the user asked for. Fields are named and explained as the options of ``run`` are."""

    algorithms: Sequence[str]
    space: str
    seeds: Sequence[int]
    protocol: str = "quick"
    dataset: str | None = None
    eval_datasets: Sequence[str] | None = None
    overrides: Sequence[str] | Mapping[str, object] = ()
    points: Sequence[Mapping[str, object]] = field(default_factory=lambda: [{}])
    prc: float | None = None
    split: str | None = None
    budget: str | None = None
    latency: Path | None = None
    hardware: str | None = None
    any_latency: bool = False
    evaluate: Evaluate = "auto"
    out: Path | None = None
    data_dir: Path | None = None
    download: bool = False
    table: Path | None = None
    device: str = "auto"
    cpus_per_trial: int = 1
    gpus_per_trial: float | None = None
    cuda_graphs: bool = False
    keep_supernet: bool = False
    address: str | None = None
    serial: bool = False
    log: Sequence[str] = ()
    plugins: Sequence[str] = ()
    command: Sequence[str] = ()


def check_request(request: Request) -> None:
    """Refuse what can be refused by names alone: nothing heavy is imported, so that a misspelt name is told at once.

    Raises
    ------
    BadInput
        In one line, for an unknown name, for a value given twice, and for a share that is none.
    """
    check_names(request.algorithms, request.space, request.protocol)
    _check_types(request)
    for dataset in [request.dataset, *(request.eval_datasets or ())]:
        if dataset is not None:
            DATASETS.known(dataset)
    if request.split is not None:
        lookup("split", request.split, dict.fromkeys(SPLIT_NAMES))
    lookup("--evaluate", request.evaluate, dict.fromkeys(WAYS))
    _check_seeds(request.seeds)
    check_loggers(request.log)
    check_serial(request)
    _check_prc(request)
    for option, keys in ALSO_KEYS.items():
        if getattr(request, option) is not None:
            _check_alone(request, option, keys)


def _check_types(request: Request) -> None:
    """Refuse what is of another type than its field, which only Python can give."""
    for name, kind in get_type_hints(Request).items():
        value = getattr(request, name)
        if name in ("seeds", "evaluate"):
            continue  # which are told in words of their own
        try:
            TypeAdapter(kind).validate_python(value, strict=True)
        except ValidationError as error:
            fault = error.errors()[0]["msg"]
            raise BadInput(f"{name} = {value!r}: {fault[:1].lower()}{fault[1:]}") from None


def _check_seeds(seeds: Sequence[int]) -> None:
    """Refuse what is no list of whole numbers from 0 on."""
    if wrong := [seed for seed in seeds if not isinstance(seed, int) or isinstance(seed, bool)]:
        raise BadInput(f"the seed {wrong[0]!r} is no whole number: give numbers such as 0, 1, 2")
    if not seeds or not all(0 <= seed < SEEDS_END for seed in seeds):
        raise BadInput(
            "the seeds are none, or one is negative or of more than 18 digits: write whole numbers such as 0,1,2 or 0-4"
        )


def check_serial(request: Request) -> None:
    """Refuse what goes through Ray where nothing does."""
    if request.serial and request.log:
        raise BadInput("--log goes through Ray's callbacks, and --serial runs without Ray: leave one out")
    if request.serial and request.address is not None:
        raise BadInput("--address is of a Ray cluster, and --serial runs without Ray: leave one out")


def _check_prc(request: Request) -> None:
    """Refuse a share to prune where nothing can be pruned, or that is no share."""
    if request.prc is None:
        return
    if not is_pruned(request.space):
        raise BadInput(f"--prc {request.prc:g}: the space {request.space} has no channels to prune")
    if not 0 < request.prc < 1:
        raise BadInput(f"--prc {request.prc:g} is not between 0 and 1: give the share to prune, 0.4 for 40 %")


def _check_alone(request: Request, option: str, keys: Collection[str]) -> None:
    """Refuse an override or a variation of what ``option`` gives."""
    named = {"--set": keys_of(request.overrides), "--vary": [key for point in request.points for key in point]}
    for other, given in named.items():
        if both := [key for key in given if key in keys]:
            raise BadInput(f"both --{option} and {other} {both[0]} are given, and one alone can hold: leave one out")


def keys_of(overrides: Iterable[str] | Mapping[str, object]) -> list[str]:
    """The keys that overrides name, be they a mapping or texts ``key=value``."""
    return [text.partition("=")[0].strip() for text in overrides]


def asked_protocol(request: Request) -> Protocol:
    """The request's protocol with everything that was asked for laid on it.

    Raises
    ------
    BadInput
        For what the protocol, its space or a field does not take.
    """
    protocol = Protocol.load(request.protocol, request.space)
    if request.dataset is not None:
        judged = protocol.raw["settings"].get("eval_datasets", [request.dataset])
        protocol = protocol.at(("settings", "dataset"), request.dataset)
        protocol = protocol.at(
            ("settings", "eval_datasets"),
            judged if isinstance(judged, list) and request.dataset in judged else [request.dataset],
        )
    if request.eval_datasets:
        protocol = protocol.at(("settings", "eval_datasets"), list(request.eval_datasets))
    if request.split is not None:
        protocol = protocol.at(("settings", "split"), lookup("split", request.split, {n: n for n in SPLIT_NAMES}))
    if request.budget is not None:
        protocol = protocol.with_budget(request.budget)
    protocol = protocol.set(request.overrides)
    return protocol if request.prc is None else protocol.override("space.prc", request.prc)


def laid(protocol: Protocol, values: Mapping[str, object]) -> Protocol:
    """The protocol with each value in every place that its key names: what planning knows, or a sweep's point."""
    for key, value in values.items():
        protocol = protocol.override(key, value)
    return protocol


def hardware_of(request: Request) -> tuple[Path, tuple[str, ...]] | None:
    """The file and the devices that ``hardware`` names. Raises BadInput where it names no file or no device."""
    if request.hardware is None:
        return None
    file, _, names = request.hardware.rpartition(":")
    devices = tuple(dict.fromkeys(name.strip() for name in names.split(",")))
    if not file or "" in devices:
        raise BadInput(
            f"--hardware {request.hardware!r} names no device: write FILE:DEVICE or FILE:DEVICE,DEVICE; "
            "`list devices FILE` names them"
        )
    return Path(file).expanduser(), devices


def device_of(request: Request) -> str:
    """The device that the request's trials run on. Raises BadInput for one that is not here."""
    from harness.measuring.device import device_here

    return device_here(request.device, serial=request.serial, elsewhere=request.address is not None)


def environment_of(request: Request, folder: Path, processes: int = 1) -> Environment:
    """Where and on what the request's trials, of so many processes each, run.

    A trial has the GPUs that were asked for, else one for each of its processes where it runs on CUDA.

    Raises
    ------
    BadInput
        For a device that is not here, or a share of it that no trial can have.
    """
    from harness.measuring.device import check_gpus, check_graphs

    device, gpus = device_of(request), request.gpus_per_trial
    check_gpus(device, gpus)
    check_graphs(device, request.cuda_graphs)
    plain = {
        "run": absolute(folder),
        "data_dir": absolute(request.data_dir) if request.data_dir else None,
        "download": request.download,
        "table": absolute(request.table) if request.table else None,
        "hardware": absolute(measured[0]) if (measured := hardware_of(request)) else None,
        "device": device,
        "threads": request.cpus_per_trial,
        "gpus": gpus if gpus is not None else processes * float(device.startswith("cuda")),
        "cuda_graphs": request.cuda_graphs,
        "keep_supernet": request.keep_supernet,
        "address": request.address,
        "serial": request.serial,
        "log": tuple(request.log),
        "plugins": tuple(plugin.where for plugin in plugins.load(request.plugins)),
    }
    return validated("", Environment, plain)


def absolute(path: Path) -> str:
    """A path as another process finds it."""
    return str(path.expanduser().resolve())
