"""A run from the user's request to its records: checked first, planned as trials, scheduled, collected."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import torch
from rich.console import Console

from algorithms import ALGORITHMS
from algorithms.search import Search
from harness.board import Board
from harness.config import Environment, Job, Settings, TrialConfig
from harness.data import SPLITS, Dataset, Split, load, split
from harness.data.lookup import lookup
from harness.device import device_here
from harness.latency import conditions, read
from harness.loggers import callbacks
from harness.protocol import Protocol
from harness.record import TRAINED
from harness.schedule import run_ray, run_serial, waves
from harness.stand_alone import check_stream, with_auxiliary
from results.errors import BadInput
from results.store import Store
from spaces import SPACES

FROZEN = ("space", "protocol", "dataset", "eval_datasets", "evaluation", "split", "budget", "overrides", "vary")
"""What may not change when a run is opened again; algorithms and seeds may be added."""

Evaluate = Literal["auto", "table", "train", "none"]


@dataclass
class Request:
    """What the user asked for, as the command line understood it."""

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


@dataclass
class Plan:
    """A request that was checked: its trials, where they run, and what the user should know before."""

    request: Request
    folder: Path
    config: Mapping[str, Any]
    trials: list[Job]
    environment: Environment
    gpus: float
    notes: list[str]


def plan(request: Request) -> Plan:
    """Check everything that can be checked before anything is run. Raises BadInput, in one line, for what is wrong."""
    if not request.algorithms:
        raise BadInput(f"no algorithm is named; there are {', '.join(ALGORITHMS)}")
    for algorithm in request.algorithms:
        lookup("algorithm", algorithm, ALGORITHMS)
    device = device_here(request.device)
    if request.latency:
        request = replace(request, known=_latencies(request, request.latency, device))
    settings = _protocol(request, {}).settings
    space = SPACES[request.space]
    data = load(settings.dataset, request.data_dir, settings.image_size, request.download)
    halves = split(data, settings.split, settings.split_seed, settings.limit)
    table = space.open_table(request.table)
    evaluation, eval_datasets, notes = _evaluation(request, settings, table)
    request = replace(request, eval_datasets=eval_datasets)
    protocol = _protocol(request, {})
    notes = [f"data: {data.source}; split: {halves.description}", *notes]
    trials = _trials(request, evaluation, data)
    _check_batches(trials, request, data, halves)
    folder = request.out or Path("runs") / f"{request.space}-{settings.dataset}-{protocol.name}"
    config = {
        **_frozen(request, protocol, evaluation),
        "algorithms": list(request.algorithms),
        "seeds": list(request.seeds),
        "stands_for": protocol.stands_for,
        "reduced": protocol.reduced,
        "settings": protocol.raw,
        "data": data.source,
        "split_description": halves.description,
        "table": None if table is None else table.description,
        "command": shlex.join(request.command),
    }
    environment = environment_of(request, folder)
    return Plan(request, Path(environment.run), config, list(trials), environment, gpus_of(request, environment), notes)


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


def run(made: Plan, console: Console) -> pd.DataFrame:
    """Run what is missing of a plan and return all its records."""
    request = made.request
    _announce(made, console)
    store = Store.open_run(made.folder, made.config, FROZEN)
    pending = [trial for trial in made.trials if not store.is_done(trial.hash)]
    done = len(made.trials) - len(pending)
    if done:
        console.print(f"{done} of {len(made.trials)} trials are done already; {len(pending)} to run")
    if pending:
        with Board(store, made.trials, console):
            for wave in waves(pending):
                if request.serial:
                    run_serial(wave, made.environment)
                else:
                    run_ray(wave, made.environment, made.gpus, request.address, callbacks(request.log, made.folder))
    for trial in pending:
        folder = store.trial_dir(trial.hash)
        if not store.is_done(trial.hash) and not (folder / "error.txt").exists():
            store.write_error(trial.hash, "the trial's process died again and again (killed, or out of memory?)")
    return store.collect()


def _protocol(request: Request, point: dict[str, Any]) -> Protocol:
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
    for key, value in (request.known | point).items():
        protocol.override(key, value)
    return protocol


def _latencies(request: Request, path: Path, device: str) -> dict[str, Any]:
    """The overrides that a latency table stands for: its figures, so that a trial's hash depends on no path."""
    protocol = _protocol(request, {})
    if protocol.raw["options"].get("latency") is not None:
        raise BadInput("both --latency and --set space.latency give latencies: leave one out")
    here = conditions(request.space, protocol.settings, device, request.cpus_per_trial)
    table = read(path.expanduser(), here, request.any_latency)
    return {"space.latency": table.option(), "space.latency_source": table.description()}


def _evaluation(request: Request, settings: Settings, table: Any) -> tuple[str, list[str], list[str]]:
    """The kind of evaluation; on which data sets (what is trained is the searched one); and what to say."""
    space, wanted = SPACES[request.space], list(settings.eval_datasets)
    missing = [d for d in wanted if d not in space.table_datasets]
    if request.evaluate == "none":
        return "none", wanted, ["evaluation: none, as asked; records hold what was found, its size and its latency"]
    if request.evaluate == "auto" and space.inherits:
        if wanted != [settings.dataset]:
            raise BadInput(f"a pruned network keeps its weights, so only {settings.dataset} can be --eval-dataset")
        return "pruned", wanted, ["evaluation: the found network is cut from the searched one and fine-tuned"]
    if request.evaluate in ("auto", "table") and table is not None and not missing:
        return "table", wanted, [f"evaluation: {table.description}"]
    if request.evaluate == "table":
        if table is None:
            raise BadInput(f"--evaluate table, but there is no table: {space.how_to_get_table()}")
        has = ", ".join(space.table_datasets)
        raise BadInput(f"the table has no {', '.join(missing)}; it has: {has} (--eval-dataset)")
    notes = ["evaluation: the found cell is trained from scratch under the protocol"]
    if table is None and space.table_datasets:
        notes.append(f"for the benchmark's own figures: {space.how_to_get_table()}, or give it with --nats")
    if not request.eval_datasets and wanted != [settings.dataset]:
        wanted = [settings.dataset]
        notes.append(f"without a table only {settings.dataset} is evaluated; name others with --eval-dataset")
    return "trained", wanted, notes


def _trials(request: Request, evaluation: str, data: Dataset) -> list[TrialConfig]:
    image = {"classes": data.classes, "in_channels": data.channels}
    protocols = [_protocol(request, point) for point in request.points]
    chosen = product(protocols, request.seeds, request.algorithms)
    trials = [protocol.trial(algorithm, seed, image, evaluation) for protocol, seed, algorithm in chosen]
    for trial in trials:
        space = SPACES[trial.space](trial.options)
        algorithm = ALGORITHMS[trial.algorithm]
        algorithm.check(space, trial.hyper)
        space.discretise(space.alphas(torch.Generator()))  # raises where its rule cannot be kept
        with_auxiliary(space, trial.settings.evaluation.auxiliary)
        _check_pruned(trial)
        check_stream(trial.settings, trial.settings.eval_datasets)
        if trial.settings.evaluation.processes > 1:
            raise BadInput("evaluation.processes is for `evaluate RUN --set processes=…`: leave it out of a search")
        if (other := algorithm.after(trial.hyper)) and other not in request.algorithms:
            raise BadInput(f"{trial.algorithm} needs the record of {other}: name {other} among the algorithms as well")
    return list({trial.hash: trial for trial in trials}.values())


def _check_pruned(trial: TrialConfig) -> None:
    """Refuse what a network cut from the searched one cannot have."""
    if trial.evaluation != "pruned":
        return
    if not issubclass(ALGORITHMS[trial.algorithm], Search):
        raise BadInput(f"{trial.algorithm} has no trained network to prune: leave it out, or judge by --evaluate train")
    if trial.settings.evaluation.image_size not in (None, trial.settings.image_size):
        raise BadInput("a pruned network is fine-tuned at the search's image size: leave out evaluation.image_size")
    if trial.settings.evaluation.stream:
        raise BadInput("a pruned network is fine-tuned on the search's resident images: leave out evaluation.stream")


def _check_batches(trials: list[TrialConfig], request: Request, data: Dataset, halves: Split) -> None:
    """Refuse now what would show when a search is over: data only the evaluation reads, batches too large for them."""
    settings, evaluation = trials[0].settings, trials[0].evaluation
    images = {data.name: len(data.train_y)}
    for name in settings.eval_datasets if evaluation in TRAINED else ():
        if name not in images:
            images[name] = len(load(name, request.data_dir, settings.image_size, request.download).train_y)
    for trial in trials:
        asked, size = trial.settings.batch_size, trial.settings.evaluation.batch_size
        limits = [("batch_size", asked, min(halves.n_train, halves.n_val))]
        if evaluation in TRAINED:
            limits += [("evaluation.batch_size", size, images[name]) for name in settings.eval_datasets]
        if evaluation != "table" and not issubclass(ALGORITHMS[trial.algorithm], Search):
            # Without a table, a search without gradients trains what it draws on the half for w.
            limits.append(("evaluation.batch_size", size, halves.n_train))
        for name, wanted, most in limits:
            if wanted > most:
                raise BadInput(
                    f"{name} = {wanted} is more than the {most:,} images it is drawn from; set at most {most}"
                )


def _frozen(request: Request, protocol: Protocol, evaluation: str) -> dict[str, Any]:
    settings = protocol.raw["settings"]
    return {
        "space": request.space,
        "protocol": protocol.name,
        "dataset": settings["dataset"],
        "eval_datasets": list(settings["eval_datasets"]),
        "evaluation": evaluation,
        "split": settings["split"],
        "budget": dict(protocol.raw["budget"]),
        "overrides": dict(protocol.overrides),
        "vary": [] if request.points == [{}] else request.points,
    }


def _announce(made: Plan, console: Console) -> None:
    reduced = "a reduced protocol" if made.config["reduced"] else "the paper's protocol"
    console.print(f"protocol [b]{made.config['protocol']}[/b] ({reduced}): {made.config['stands_for']}")
    for note in made.notes:
        console.print(note, markup=False, highlight=False, soft_wrap=True)
    names = ", ".join(dict.fromkeys(trial.algorithm for trial in made.trials))
    seeds = ", ".join(str(seed) for seed in dict.fromkeys(trial.seed for trial in made.trials))
    where = f"{made.environment.device}, {made.environment.threads} thread(s) a trial"
    console.print(
        f"{len(made.trials)} trials: {names}; seeds {seeds}; {where}; run folder {made.folder}", soft_wrap=True
    )
