"""The RARTS paper's own figures and tables: Fig. 1 from the solvable model, Tables 2 and 4 from searches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
import pandas as pd
import torch
from rich.console import Console

import results
from algorithms import ALGORITHMS
from algorithms.base import Evaluated, Setting
from algorithms.parameters import Parameters
from algorithms.search import Search
from harness.config.protocol import Protocol
from harness.config.request import Request
from harness.data import generator
from harness.execution.run import run
from harness.measuring.device import device_here
from harness.measuring.latency import measure, write
from harness.planning.plan import plan
from reports import page, trajectories
from results.atomic import replacing
from results.errors import BadInput
from results.published import published
from spaces.base import Batch
from spaces.bilevel import Bilevel, BilevelOptions

PLAIN = {
    "lr": 0.01,
    "lr_min": 0.01,
    "momentum": 0.0,
    "weight_decay": 0.0,
    "clip": 0.0,
    "arch_optimiser": "sgd",
    "arch_lr": 0.01,
    "arch_weight_decay": 0.0,
}
"""The paper's settings for Fig. 1: plain gradient descent, every learning rate 0.01."""

STEPS = 3_000
"""Enough for every run to stand still; `limits.csv` shows where."""

Y0 = 0.0


class Shared(TypedDict, total=False):
    """The options that every run of a target shares, as ``Request`` has them."""

    protocol: str
    seeds: Sequence[int]
    overrides: Sequence[str]
    latency: Path | None
    hardware: str | None
    data_dir: Path | None
    download: bool
    table: Path | None
    device: str
    cpus_per_trial: int
    gpus_per_trial: float | None
    cuda_graphs: bool
    address: str | None
    serial: bool
    command: Sequence[str]


@dataclass
class Wanted:
    """Where the results go, and the options that every run of a target shares."""

    out: Path
    shared: Shared


def fig1(wanted: Wanted, console: Console) -> None:
    """Trajectories and limits of the solvable model: fig1.png, fig1.svg, trajectories.csv, limits.csv."""
    try:
        wanted.out.mkdir(parents=True, exist_ok=True)
        before = torch.get_default_dtype()
        torch.set_default_dtype(torch.float64)
        try:
            paths = pd.concat(list(_panels()), ignore_index=True)
            limits = pd.DataFrame(_limits())
        finally:
            torch.set_default_dtype(before)
        for name, frame in (("trajectories", paths), ("limits", limits)):
            with replacing(wanted.out / f"{name}.csv") as temporary:
                frame.to_csv(temporary, index=False)
        pictures = trajectories.draw(paths, wanted.out)
    except OSError as error:
        raise BadInput(f"cannot write {wanted.out} ({error.strerror}): give --out a folder you can write") from None
    console.print(limits.to_string(index=False, na_rep="–"), markup=False, highlight=False)
    for picture in pictures:
        console.print(f"drawn: {picture}", markup=False, highlight=False, soft_wrap=True)


def descend(algorithm: str, y0: float = Y0, steps: int = STEPS, **own: float) -> pd.DataFrame:
    """One search of the solvable model as a frame of step, alpha, w, y; step 0 is the start (2, −2, y₀).

    Both losses are quadratic and the descent is plain, so a step is one affine map of (α, w, y). It is read off the
    search's own steps from the start and from a unit beside it in each coordinate, then applied over and over: the same
    path as by that many steps of the search (a test compares them), in a thousandth of the time.
    """
    cls = ALGORITHMS[algorithm]
    space = Bilevel(BilevelOptions(y0=y0))
    search = cls(Setting(space, cls.Hyper(**PLAIN, **own), partial(generator, 0), torch.device("cpu"), _nobody)).search
    assert search is not None
    state = {"alpha": search.alpha, **search.networks()}
    start = np.array([parameters.flat.item() for parameters in state.values()])
    first = _step(search, state, start)
    slopes = np.column_stack([_step(search, state, start + unit) - first for unit in np.eye(len(start))])
    path = [start]
    for _ in range(steps):
        path.append(first + slopes @ (path[-1] - start))
    return pd.DataFrame(path, columns=list(state)).rename_axis("step").reset_index()


def _step(search: Search, state: Mapping[str, Parameters], at: np.ndarray) -> np.ndarray:
    """Where one step of the search leads from ``at``, by the names of ``state``."""
    with torch.no_grad():
        for parameters, value in zip(state.values(), at, strict=True):
            parameters.flat.fill_(value)
    search.step(Batch(NOTHING, NOTHING, "train"), Batch(NOTHING, NOTHING, "val"))
    return np.array([parameters.flat.item() for parameters in state.values()])


NOTHING = torch.zeros(1, 1)


def _nobody(genotype: str) -> Evaluated:
    raise AssertionError("the solvable model's searches ask no evaluator")


def _rarts(beta: float, lam: float, y0: float = Y0) -> pd.DataFrame:
    return descend("rarts", y0, beta=beta, lam=lam, shared_init=False)


def _panels() -> Iterator[pd.DataFrame]:
    """Fig. 1's three panels: λ, β and y₀ vary, the other two fixed at 10, 10 and 0; DARTS-1 in each."""
    darts1 = descend("darts1")
    values = {"lam": (2, 5, 10, 15, 20), "beta": (2, 5, 10, 15, 20), "y0": (-2, 0, 2, 5)}
    symbols = {"lam": "λ", "beta": "β", "y0": "y₀"}
    for panel, varied in values.items():
        yield darts1.assign(panel=panel, algorithm="darts1", label="DARTS-1")
        for value in varied:
            fields = {"beta": 10.0, "lam": 10.0, "y0": Y0} | {panel: float(value)}
            yield _rarts(**fields).assign(panel=panel, algorithm="rarts", label=f"{symbols[panel]} = {value}")


def _limits() -> Iterator[dict[str, object]]:
    """Where each search of the paper's text ends."""
    runs: list[tuple[str, dict[str, Any]]] = [
        ("rarts", {"beta": 15.0, "lam": 15.0}),
        ("rarts", {"beta": 10.0, "lam": 10.0}),
        ("darts1", {}),
        ("milenas", {}),
        ("darts2", {"xi": 0.1}),
    ]
    for algorithm, own in runs:
        path = _rarts(**own) if algorithm == "rarts" else descend(algorithm, **own)
        last = path.iloc[-1]
        found = {"alpha": last["alpha"], "w": last["w"], "y": last.get("y")}
        blank = {"beta": None, "lam": None, "xi": None}
        yield {"algorithm": algorithm} | blank | own | {"y0": Y0 if algorithm == "rarts" else None} | found


def table4(wanted: Wanted, console: Console) -> None:
    """Search on each data set of the paper's table, judged on itself, into one report beside the published rows."""
    folders = []
    for dataset in published("table4")["dataset"].unique().tolist():
        folders.append(wanted.out / dataset)
        request = Request(
            algorithms=["darts1", "darts2", "milenas", "rarts", "random"],
            space="nats",
            dataset=dataset,
            eval_datasets=[dataset],
            out=folders[-1],
            **wanted.shared,
        )
        run(plan(request), console)
    index = page.write([results.load(folder) for folder in folders], wanted.out / "report")
    console.print(f"report: {index}", markup=False, highlight=False, soft_wrap=True)


def table2(wanted: Wanted, console: Console) -> None:
    """RARTS around its baseline, one hyperparameter at a time, and the measured latency of what it finds.

    Nothing is trained from scratch. The penalty's latencies are this device's: given, or measured first. With measured
    latencies of all of NATS-Bench's cells the question is asked there; a table that is given judges what is found.
    """
    request = Request(algorithms=["rarts"], space="darts", evaluate="none", out=wanted.out, **wanted.shared)
    if request.hardware is not None:
        request = replace(request, space="nats", evaluate="none" if request.table is None else "table")
    protocol = Protocol.load(request.protocol, request.space).set(request.overrides)
    if request.hardware is None:
        request = replace(request, latency=request.latency or _latencies(wanted.out, request, protocol, console))
    # The points hold the baseline's values, those that were asked for among them.
    held = {place for key in TABLE2 for place in protocol.places(key)}
    others = {key: value for key, value in protocol.overrides.items() if held.isdisjoint(protocol.places(key))}
    records = run(plan(replace(request, overrides=others, points=list(_around(protocol)))), console)
    index = page.write([results.load(wanted.out)], wanted.out / "report")
    console.print(f"report: {index} ({len(records)} records)", markup=False, highlight=False, soft_wrap=True)


def _latencies(out: Path, request: Request, protocol: Protocol, console: Console) -> Path:
    """The latency table of this device in ``out``, measured now if it is not there."""
    latency = out / "latency.json"
    if not latency.exists():
        console.print("measuring the operations' latencies on this device", highlight=False)
        write(measure(protocol, device_here(request.device), request.cpus_per_trial), latency)
    return latency


LATENCY_WEIGHT = 2e-3
"""κ of Table 2's baseline, where the protocol has none."""

TABLE2 = {
    "rarts.latency_weight": (10, 0.1),
    "rarts.arch_lr": (10, 0.1),
    "rarts.arch_weight_decay": (0.1, 10),
    "batch_size": (1 / 2, 1 / 4),
}
"""Table 2's rows: by what each hyperparameter of the baseline is multiplied."""


def _around(protocol: Protocol) -> Iterator[dict[str, object]]:
    """The baseline's point, then Table 2's others, in the table's order."""
    settings = protocol.settings
    hyper = protocol.hyper("rarts").model_dump()
    base = {key: hyper[key.removeprefix("rarts.")] for key in TABLE2 if key != "batch_size"}
    base["rarts.latency_weight"] = base["rarts.latency_weight"] or LATENCY_WEIGHT
    base["batch_size"] = settings.batch_size
    yield base
    for key, factors in TABLE2.items():
        for factor in factors:
            value = base[key] * factor
            yield base | {key: int(value) if key == "batch_size" else float(f"{value:.6g}")}


TARGETS: dict[str, Callable[[Wanted, Console], None]] = {"fig1": fig1, "table2": table2, "table4": table4}
