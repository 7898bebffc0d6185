"""The columns of a record that are known before a trial runs, and those that its search leaves."""

from __future__ import annotations

import json
import math
import platform
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import metadata
from pathlib import Path

import torch

from algorithms import ALGORITHMS
from algorithms.base import Algorithm
from algorithms.hyper import Hyper
from harness.config.sections import Environment
from harness.config.trial import Job, Retraining, TrialConfig
from harness.measuring.device import precision, share_of
from results.metrics import DEVICE_LATENCY, HYPER
from results.schema import skip_ratios
from spaces.base import Space
from spaces.contracts import CellSpace, Latencies, offers

SECONDS_A_DAY = 86_400

PACKAGES = ("algorithms", "harness", "reports", "results", "spaces", "pyproject.toml")
"""Where in a checkout lies what a record hangs on."""

TRAINED = ("trained", "pruned")
"""Kinds of evaluation that train a network."""


def identity_columns(config: Job, environment: Environment) -> dict[str, object]:
    """What a job is: name, protocol, data, device and versions."""
    settings = config.settings
    return {
        "trial": config.hash,
        "algorithm": config.algorithm,
        **method_columns(config.algorithm),
        "space": config.space,
        "protocol": config.protocol,
        "search_dataset": settings.dataset,
        "data_digest": config.data or None,
        "table_digest": config.table or None,
        "hardware_digest": config.hardware or None,
        "seed": config.seed,
        "split_seed": settings.split_seed,
        "device": used_device(environment),
        "threads": environment.threads,
        "code_version": code_version(),
        "library_versions": library_versions(),
    }


def method_columns(algorithm: str) -> dict[str, object]:
    """How an algorithm is shown: title, order and role. One that is none, as ``given`` genotypes, has its own name."""
    known = ALGORITHMS.get(algorithm)
    return {
        "title": getattr(known, "title", algorithm),
        "order": getattr(known, "order", Algorithm.order),
        "role": getattr(known, "role", ""),
    }


def static_columns(config: TrialConfig, environment: Environment) -> dict[str, object]:
    """What a search is: its identity and every hyperparameter."""
    trained = config.evaluation in TRAINED
    return identity_columns(config, environment) | {
        "parent": "",
        "variant": "",
        "evaluation": config.evaluation,
        "eval_seed": config.settings.evaluation.seed if trained else None,
        **hyperparameters(config),
    }


def retraining_columns(config: Retraining, environment: Environment) -> dict[str, object]:
    """What a retraining is: its identity, the search it belongs to, and the training's own hyperparameters."""
    return identity_columns(config, environment) | {
        "parent": config.parent,
        "variant": config.variant,
        "evaluation": "trained",
        "eval_dataset": config.dataset,
        "eval_seed": config.settings.evaluation.seed,
        **evaluation_hyperparameters(config),
    }


def evaluation_hyperparameters(config: Job) -> dict[str, object]:
    """How a found network is trained, a column each."""
    return {f"{HYPER}evaluation.{n}": v for n, v in config.settings.evaluation.model_dump(exclude={"seed"}).items()}


def hyperparameters(config: TrialConfig) -> dict[str, object]:
    """Every hyperparameter as a column: after the prefix, shared ones bare, all others with what they belong to."""
    shared = Hyper.model_fields
    columns = {
        name if name in shared else f"{config.algorithm}.{name}": value
        for name, value in config.hyper.model_dump().items()
    }
    skipped = {"classes", "image_size", "in_channels"}
    columns |= {f"space.{n}": v for n, v in config.options.model_dump(mode="json").items() if n not in skipped}
    settings = config.settings.model_dump(mode="json", exclude={"dataset", "eval_datasets", "split_seed", "evaluation"})
    for name, value in settings.items():
        columns |= {f"{name}.{n}": v for n, v in value.items()} if isinstance(value, dict) else {name: value}
    columns[f"budget.{config.budget.kind}"] = config.budget.amount
    columns = {HYPER + name: value for name, value in columns.items()}
    return columns | (evaluation_hyperparameters(config) if config.evaluation in TRAINED else {})


def search_columns(algorithm: Algorithm, seconds: float, memory_mb: float, share: float = 1.0) -> dict[str, object]:
    """What a search cost. Of a GPU that it had a ``share`` of, its device days are that share of its time."""
    counts = algorithm.counts
    return {
        "search_seconds": seconds,
        "search_device_days": seconds * share / SECONDS_A_DAY,
        "search_macs": counts.macs,
        "forwards": counts.forwards,
        "weight_backwards": counts.weight_backwards,
        "alpha_backwards": counts.alpha_backwards,
        "peak_memory_mb": memory_mb,
    }


def found_columns(space: Space, row: Mapping[str, object]) -> dict[str, object]:
    """What a search found, from its last history row."""
    last = {name: row.get(name) for name in ("alpha_entropy", "lambda_max", "latency_expected")}
    return architecture_columns(space, str(row["genotype"])) | last


def device_columns(latencies: Latencies, devices: Sequence[str], genotype: str) -> dict[str, float | None]:
    """What was measured of the found cell on each device; missing where no path leads through it."""
    return {f"{DEVICE_LATENCY}{device}": latencies.of(genotype, device) for device in devices}


def architecture_columns(space: Space, genotype: str) -> dict[str, object]:
    """A genotype, its edges, what its space knows of it and, where edges choose an operation, its skip ratios.

    ``collapsed``: no edge computes any more, each is a skip or none.
    """
    edges = [edge.as_dict() for edge in space.edges(genotype)]
    columns: dict[str, object] = {"genotype": genotype, "edges": json.dumps(edges), **space.columns(genotype)}
    if not offers(space, CellSpace):
        return columns
    skip, skip_all, none = skip_ratios(edges)
    return columns | {
        "skip_ratio": skip,
        "skip_ratio_all_edges": skip_all,
        "none_edges": none,
        "collapsed": bool(math.isnan(skip) or skip == 1),
    }


def device_name(device: str) -> str:
    """The device with its model, as far as the system tells."""
    if device.startswith("cuda"):
        if not torch.cuda.is_available():
            return f"{device} (of the cluster)"
        return f"{device} ({torch.cuda.get_device_name(torch.device(device))})"
    return f"{device} ({_processor()})"


def used_device(environment: Environment) -> str:
    """The device with its model and, of a GPU, how it is used and the share that a trial has of it."""
    name, share = device_name(environment.device), share_of(environment.device, environment.gpus)
    if not environment.device.startswith("cuda"):
        return name
    used = [precision(torch.device(environment.device)), *(["CUDA graphs"] if environment.cuda_graphs else [])]
    used += [f"{share:g} of it"] if share < 1 else []
    return f"{name[:-1]}; {', '.join(used)})"


@cache
def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line.partition(":")[2].strip() for line in info.read_text().splitlines() if "model name" in line]
        if names:
            return names[0]
    return platform.processor() or platform.machine()


@cache
def code_version() -> str:
    """The package's version and, in a checkout, its commit; ``+`` where its code was changed or added to since."""
    version = metadata.version("diffnas-harness")
    here = Path(__file__).resolve().parents[2]
    if not (here / ".git").exists():
        return version
    git = ["git", "-C", str(here)]
    commit = subprocess.run([*git, "rev-parse", "--short=10", "HEAD"], capture_output=True, text=True, check=False)
    if commit.returncode:
        return version
    status = [*git, "status", "--porcelain", "--", *PACKAGES]
    changed = subprocess.run(status, capture_output=True, text=True, check=False).stdout
    return f"{version} {commit.stdout.strip()}{'+' if changed else ''}"


@cache
def library_versions() -> str:
    """JSON of the versions that decide figures."""
    names = ("torch", "torchvision", "numpy", "scipy", "nats_bench", "ray")
    return json.dumps({"python": platform.python_version()} | {name: metadata.version(name) for name in names})
