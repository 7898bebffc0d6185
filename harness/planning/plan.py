"""A request checked and planned as trials, before anything is run."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import NamedTuple

import torch

from algorithms import ALGORITHMS
from harness.config import plugins
from harness.config.protocol import Protocol
from harness.config.request import Request, asked_protocol, check_request, device_of, environment_of, laid
from harness.config.sections import Comparison, Environment, Settings
from harness.config.trial import Digests, Job, TrialConfig, Way
from harness.config.variation import check_varied
from harness.data import Dataset, Split, load, split
from harness.measuring.device import check_format
from harness.measuring.latency import conditions, read
from harness.measuring.record import TRAINED
from harness.planning import hardware
from harness.planning.fronts import fronts
from harness.planning.hardware import Hardware
from harness.planning.sparsity import l1
from harness.training.stand_alone import check_network, check_stream
from results.errors import BadInput
from results.lookup import lookup
from results.metrics import DEVICE_LATENCY, SIZES
from spaces import SPACES
from spaces.contracts import Described, Tabular, WidthSpace, open_table, provides


@dataclass
class Plan:
    """A request that was checked and resolved: the comparison, its trials, where they run, what to say before."""

    comparison: Comparison
    trials: list[Job]
    environment: Environment
    notes: list[str]

    @property
    def config(self) -> dict[str, object]:
        """The comparison as plain types: what the run's ``config.yaml`` holds."""
        return self.comparison.model_dump(mode="json", exclude_none=True)

    @property
    def folder(self) -> Path:
        """The run's folder."""
        return Path(self.environment.run)


def plan(request: Request) -> Plan:
    """Check everything that can be checked before anything is run, and resolve the request once.

    Raises
    ------
    BadInput
        In one line, for what is wrong.
    """
    plugins.load(request.plugins)
    check_request(request)
    _check_options(request)
    asked = asked_protocol(request)
    check_format(device_of(request), asked.settings.evaluation.channels_last)
    check_varied(request.points, asked, request.algorithms)
    measured = hardware.read(request)
    known = _latencies(request, asked, measured)
    settings = asked.settings
    data = load(settings.dataset, request.data_dir, settings.image_size, request.download)
    table = open_table(SPACES[request.space], request.table)
    evaluation, eval_datasets, notes = _evaluation(request, settings, table)
    base = laid(asked.at(("settings", "eval_datasets"), eval_datasets), known)
    points = _points(request, base, data)
    known |= _shared_l1(points)
    protocol = laid(base, known)
    others = _others(request, settings, eval_datasets) if evaluation in TRAINED else {}
    digests: Digests = {
        "data": data.digest,
        "other_data": {name: other.digest for name, other in others.items()},
        "table": table.digest if table is not None and evaluation == "table" else "",
        "hardware": measured.latencies.digest if measured else "",
        "devices": measured.devices if measured else (),
    }
    trials = _trials(points, request, evaluation, data, digests)
    _check_batches(trials, points, {data.name: data, **others})
    _check_answered(trials)
    if evaluation == "table" and (drawn := sorted({t.algorithm for t in trials if _trains_what_it_draws(t)})):
        notes.append(f"the table has no validation accuracies: {', '.join(drawn)} trains what it draws, briefly")
    notes += _without_effect(request, asked)
    description = " / ".join(dict.fromkeys(point.halves.description for point in points))
    comparison = Comparison(
        space=request.space,
        protocol=protocol.name,
        dataset=settings.dataset,
        eval_datasets=tuple(eval_datasets),
        evaluation=evaluation,
        split=settings.split,
        budget=dict(protocol.raw["budget"]),
        overrides=dict(asked.overrides),
        known=known,
        vary=() if list(request.points) == [{}] else tuple(dict(point) for point in request.points),
        algorithms=tuple(request.algorithms),
        seeds=tuple(request.seeds),
        stands_for=protocol.stands_for,
        reduced=protocol.reduced,
        settings=dict(protocol.raw),
        data=data.source,
        data_digest=data.digest,
        other_data=digests["other_data"] or None,
        changed=tuple(_changes(request, asked, data)),
        split_description=description,
        table=None if table is None else table.description,
        plugins=plugins.used(
            request.plugins, [*(ALGORITHMS[name] for name in request.algorithms), SPACES[request.space]]
        ),
        table_digest=digests["table"] or None,
        hardware=measured.words if measured else None,
        devices=measured.devices if measured else None,
        hardware_digest=digests["hardware"] or None,
        fronts=_fronts(trials, table, measured) or None,
        command=shlex.join(request.command),
    )
    folder = request.out or Path("runs") / f"{request.space}-{settings.dataset}-{protocol.name}"
    notes = [f"data: {data.source}; split: {description}", *notes]
    return Plan(comparison, list(trials), environment_of(request, folder), notes)


class _Point(NamedTuple):
    """One point of a sweep, or all of a run: the protocol under its values, and what they make of the data."""

    protocol: Protocol
    halves: Split

    def at(self, algorithm: str) -> Protocol:
        """The protocol with the weight of ℓ1 that its distance stands for in a search by ``algorithm``."""
        return laid(self.protocol, l1(self.protocol, self.halves, algorithm))


def _dividing(settings: Settings) -> tuple[str, int, int | None]:
    """What of the settings divides the data."""
    return settings.split, settings.split_seed, settings.limit


def _points(request: Request, base: Protocol, data: Dataset) -> list[_Point]:
    """The request's points. Raises BadInput where one of them makes nothing of the data."""
    protocols = [laid(base, point) for point in request.points]
    divided = {by: split(data, *by) for by in dict.fromkeys(_dividing(made.settings) for made in protocols)}
    return [_Point(made, divided[_dividing(made.settings)]) for made in protocols]


def _shared_l1(points: Sequence[_Point]) -> dict[str, object]:
    """The weight of ℓ1 at the rate that all searches share; none where a point or what is set of one search differs.

    Which searches are named has no say: a run may be opened again with more of them, and keeps what it knows.
    """
    set_apart = {key.rpartition(".")[0] for point in points for key in point.protocol.overrides}
    searches = ["", *(name for name in sorted(set_apart) if name in ALGORITHMS)]
    first, *others = [l1(point.protocol, point.halves, name) for point in points for name in searches]
    return first if all(other == first for other in others) else {}


def _without_effect(request: Request, asked: Protocol) -> list[str]:
    """What is said of overrides for algorithms that are not named: a run opened again to add one repeats them."""
    idle = [key for key in asked.overrides if not asked.concerns(key, request.algorithms)]
    verb = "concern" if len(idle) > 1 else "concerns"
    return [f"--set {', '.join(idle)} {verb} no algorithm that is named here: nothing changes by it"] if idle else []


def _check_options(request: Request) -> None:
    """Refuse what has no meaning on the request's space."""
    space = SPACES[request.space]
    for option, given in (("table", request.table is not None), ("evaluate table", request.evaluate == "table")):
        if given and not provides(space, Tabular):
            raise BadInput(f"--{option}: the space {space.name} has no table; leave it out")
    if request.evaluate == "train" and provides(space, WidthSpace):
        raise BadInput(
            f"--evaluate train: what is found on the space {space.name} is cut from the searched network and "
            "fine-tuned, not trained from scratch; leave it out"
        )


def _latencies(request: Request, protocol: Protocol, measured: Hardware | None) -> dict[str, object]:
    """The overrides that a latency table stands for: its figures, so that a trial's hash depends on no path."""
    if measured is not None:
        if request.latency or protocol.raw["options"].get("latency") is not None:
            raise BadInput("both --hardware and another source give latencies: leave one out")
        first = measured.latencies.device(measured.devices[0])
        return {"space.latency": list(first.operations), "space.latency_source": first.words}
    if not request.latency:
        return {}
    if protocol.raw["options"].get("latency") is not None:
        raise BadInput("both --latency and --set space.latency give latencies: leave one out")
    here = conditions(request.space, protocol.settings, device_of(request), request.cpus_per_trial)
    table = read(request.latency.expanduser(), here, request.any_latency)
    return {"space.latency": table.option(), "space.latency_source": f"{table.description()}; table {table.digest}"}


def _fronts(
    trials: Sequence[TrialConfig], table: Described | None, measured: Hardware | None
) -> dict[str, dict[str, str]]:
    """The exact fronts that found cells are compared with; none where no table judges."""
    first = trials[0]
    if first.evaluation != "table":
        return {}
    return fronts(SPACES[first.space](first.options, table), first.settings.eval_datasets, measured)


def _evaluation(request: Request, settings: Settings, table: Described | None) -> tuple[Way, list[str], list[str]]:
    """The kind of evaluation; on which data sets (what is trained is the searched one); and what to say."""
    space, wanted = SPACES[request.space], list(settings.eval_datasets)
    tabular = space if provides(space, Tabular) else None
    missing = [d for d in wanted if tabular is None or d not in tabular.table_datasets]
    if request.evaluate == "none":
        return "none", wanted, ["evaluation: none, as asked; records hold what was found, its size and its latency"]
    if request.evaluate == "auto" and provides(space, WidthSpace):
        if wanted != [settings.dataset]:
            raise BadInput(f"a pruned network keeps its weights, so only {settings.dataset} can be --eval-dataset")
        return "pruned", wanted, ["evaluation: the found network is cut from the searched one and fine-tuned"]
    if request.evaluate in ("auto", "table") and table is not None and not missing:
        return "table", wanted, [f"evaluation: {table.description}"]
    if request.evaluate == "table" and tabular is not None:
        if table is None:
            raise BadInput(f"--evaluate table, but there is no table: {tabular.how_to_get_table()}")
        has = ", ".join(tabular.table_datasets)
        raise BadInput(f"the table has no {', '.join(missing)}; it has: {has} (--eval-dataset)")
    notes = ["evaluation: the found cell is trained from scratch under the protocol"]
    if table is None and tabular is not None:
        notes.append(f"for the benchmark's own figures: {tabular.how_to_get_table()}, or give it with --table")
    if not request.eval_datasets and wanted != [settings.dataset]:
        wanted = [settings.dataset]
        notes.append(f"without a table only {settings.dataset} is evaluated; name others with --eval-dataset")
    return "trained", wanted, notes


def _others(request: Request, settings: Settings, eval_datasets: Sequence[str]) -> dict[str, Dataset]:
    """The data sets besides the searched one that an evaluation trains on, by name."""
    names = [name for name in eval_datasets if name != settings.dataset]
    return {name: load(name, request.data_dir, settings.image_size, request.download) for name in names}


def _trials(
    points: Sequence[_Point], request: Request, evaluation: Way, data: Dataset, digests: Digests
) -> list[TrialConfig]:
    image = {"classes": data.classes, "in_channels": data.channels}
    chosen = product(points, request.seeds, request.algorithms)
    trials = [point.at(name).trial(name, seed, image, evaluation, **digests) for point, seed, name in chosen]
    for trial in trials:
        check(trial)
        SPACES[trial.space](trial.options).check_device(device_of(request))
        check_stream(trial.settings, trial.settings.eval_datasets)
        if trial.settings.evaluation.processes > 1:
            raise BadInput("evaluation.processes is for `evaluate RUN --set processes=…`: leave it out of a search")
    trials = list({trial.hash: trial for trial in trials}.values())
    for trial in trials:
        _check_needed(trial, trials)
    return trials


def _check_needed(trial: TrialConfig, trials: list[TrialConfig]) -> None:
    """Refuse a trial that reads another search's record where there will be none, or several."""
    other = trial.hyper.after()
    if not other:
        return
    lookup(f"algorithm of {trial.algorithm}.of", other, ALGORITHMS)
    if other == trial.algorithm:
        raise BadInput(f"{other}.of = {other}, but it takes another search's ratios: name one, or leave it empty")
    wanted = trial.alike(other)
    found = [t for t in trials if t.algorithm == other and t.alike(other) == wanted]
    if not found:
        raise BadInput(f"{trial.algorithm} needs the record of {other}: name {other} among the algorithms as well")
    if len(found) > 1:
        raise BadInput(
            f"{trial.algorithm} reads the record of one search by {other}, but {len(found)} with seed {trial.seed} "
            f"differ in their hyperparameters: vary none, leave {trial.algorithm} out, or set {trial.algorithm}.of="
        )


def check(trial: TrialConfig) -> None:
    """Raise BadInput where this algorithm, under its settings, cannot search this space."""
    space = SPACES[trial.space](trial.options)
    algorithm = ALGORITHMS[trial.algorithm]
    algorithm.check(space, trial.hyper)
    known = [*SIZES, *(f"{DEVICE_LATENCY}{device}" for device in trial.devices)]
    for cost in trial.hyper.costs():
        lookup(f"cost of {trial.algorithm} (--hardware names devices)", cost, dict.fromkeys(known))
    least = algorithm.least_epochs(trial.hyper)
    if trial.budget.kind == "epochs" and trial.budget.amount < least:
        raise BadInput(
            f"{trial.algorithm} can do nothing in {trial.budget.amount:g} epochs: it needs {least}, or other settings "
            f"of its own (`python -m harness list keys --space {trial.space}`)"
        )
    space.discretise(space.alphas(torch.Generator()))  # raises where its rule cannot be kept
    check_network(space, trial.settings.evaluation)
    _check_pruned(trial)


def _check_pruned(trial: TrialConfig) -> None:
    """Refuse what a network cut from the searched one cannot have."""
    if trial.evaluation != "pruned":
        return
    if ALGORITHMS[trial.algorithm].queries:
        raise BadInput(f"{trial.algorithm} has no trained network to prune: leave it out")
    if trial.settings.evaluation.image_size not in (None, trial.settings.image_size):
        raise BadInput("a pruned network is fine-tuned at the search's image size: leave out evaluation.image_size")
    if trial.settings.evaluation.stream:
        raise BadInput("a pruned network is fine-tuned on the search's resident images: leave out evaluation.stream")


def _check_batches(trials: list[TrialConfig], points: Sequence[_Point], read: Mapping[str, Dataset]) -> None:
    """Refuse now what would show when a search is over: data only the evaluation reads, batches too large for them."""
    settings, evaluation = trials[0].settings, trials[0].evaluation
    images = {name: len(data.train_y) for name, data in read.items()}
    divided = {_dividing(point.protocol.settings): point.halves for point in points}
    for trial in trials:
        asked, size = trial.settings.batch_size, trial.settings.evaluation.batch_size
        halves = divided[_dividing(trial.settings)]
        limits = [("batch_size", asked, min(halves.n_train, halves.n_val))]
        if evaluation in TRAINED:
            limits += [("evaluation.batch_size", size, images[name]) for name in settings.eval_datasets]
        if _trains_what_it_draws(trial):
            # Without a table, a search without gradients trains what it draws on the half for w.
            limits.append(("evaluation.batch_size", size, halves.n_train))
        for name, wanted, most in limits:
            if wanted > most:
                raise BadInput(
                    f"{name} = {wanted} is more than the {most:,} images it is drawn from; set at most {most}"
                )


def _trains_what_it_draws(trial: TrialConfig) -> bool:
    """Whether a trial's search asks for validation accuracies that no table has."""
    space = SPACES[trial.space]
    asked = trial.evaluation == "table" and provides(space, Tabular) and space.validates
    return ALGORITHMS[trial.algorithm].queries and not asked


def _check_answered(trials: Sequence[TrialConfig]) -> None:
    """Refuse searches that ask a table for validation accuracies on a data set of which it has none."""
    space, dataset = SPACES[trials[0].space], trials[0].settings.dataset
    if trials[0].evaluation != "table" or not provides(space, Tabular) or dataset in space.table_datasets:
        return
    asking = sorted({t.algorithm for t in trials if ALGORITHMS[t.algorithm].queries and not _trains_what_it_draws(t)})
    if asking:
        raise BadInput(
            f"{', '.join(asking)} would read validation accuracies on {dataset}, and the table has them on "
            f"{', '.join(space.table_datasets)}: search on one of these (--dataset), take --evaluate train, or leave "
            f"{', '.join(asking)} out (of `run`, random by --no-random)"
        )


def _changes(request: Request, asked: Protocol, data: Dataset) -> list[str]:
    """What beside the overrides makes this another comparison than the protocol it is named after."""
    own = Protocol.load(request.protocol, request.space)
    changed = []
    if request.budget and asked.raw["budget"] != own.raw["budget"]:
        changed.append(f"budget = {request.budget}")
    if request.split and request.split != own.settings.split:
        changed.append(f"split = {request.split}")
    if data.sample:
        changed.append("a sample of the data")
    return changed
