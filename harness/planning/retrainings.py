"""``evaluate`` from request to plan: architectures of a run, or given ones, each trained with several seeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

import results
from harness.config import defaults
from harness.config.protocol import Protocol, pairs, validated
from harness.config.request import Request, check_serial, environment_of
from harness.config.sections import Comparison, Evaluation, Settings
from harness.config.trial import Retraining, TrialConfig
from harness.data import load, open_streamed
from harness.measuring.device import check_format
from harness.planning.plan import Plan
from harness.training.stand_alone import AnyDataset, check_network, check_stream
from results.errors import BadInput
from results.lookup import lookup
from results.records import searches
from results.store import Run, Store
from spaces import SPACES
from spaces.base import SpaceOptions
from spaces.contracts import WidthSpace, provides

GIVEN = "given"
"""The algorithm of an architecture that no search of ours found; its name is the variant."""


@dataclass(frozen=True)
class Candidate:
    """An architecture to train, and what its retrainings have in common."""

    genotype: str
    algorithm: str
    seed: int
    parent: str
    variant: str
    settings: Settings
    protocol: str
    space: str
    options: SpaceOptions


def plan_retrainings(request: Request, run: Path | None, genotypes: Sequence[str]) -> Plan:
    """Check the request and make its plan. Raises BadInput, in one line, for what is wrong."""
    check_serial(request)
    if (run is None) == (not genotypes):
        raise BadInput("name either a finished run or --genotype (repeatable), to say what is to be trained")
    if run is not None and run.is_file():
        raise BadInput(f"{run} is an archive, which new records cannot join: name the run's folder, or use --genotype")
    found = results.load(run) if run is not None else None
    if found is None:
        request = replace(
            request, space=request.space or defaults.TRAINED_SPACE, protocol=request.protocol or defaults.PROTOCOL
        )
    _check_what(request, found)
    if found is None:
        candidates = list(_given(request, genotypes))
    else:
        candidates = [_under(request.protocol, c) for c in _from_run(found, request.algorithms)]
    datasets = request.eval_datasets or [request.dataset or candidates[0].settings.dataset]
    overrides = _overrides(request)
    trials = [
        _retraining(candidate, dataset, seed, overrides)
        for candidate in candidates
        for dataset in datasets
        for seed in request.seeds
    ]
    data = {name: _data(request, name, trials[0].settings) for name in datasets}
    if found is not None:
        _check_same(found, data)
    trials = [trial.model_copy(update={"data": data[trial.dataset].digest}) for trial in trials]
    first = candidates[0]
    folder = request.out or run or Path("runs") / f"evaluate-{first.space}-{datasets[0]}-{first.protocol}"
    environment = environment_of(request, folder, max(trial.settings.evaluation.processes for trial in trials))
    for trial in trials:
        _check_processes(trial.settings.evaluation, environment.device, request)
        check_format(environment.device, trial.settings.evaluation.channels_last)
    changed = tuple(f"{key} = {value} (retraining)" for key, value in overrides.items())
    if found is None:
        comparison = _comparison(request, first, data)
    else:
        comparison = validated("config", Comparison, {**found.config, "changed": changed})
    notes = [f"{len(candidates)} architectures × {len(request.seeds)} seeds"]
    notes += [f"data: {known.source}" for known in data.values()]
    return Plan(comparison, list(trials), environment, notes)


def _check_what(request: Request, found: Run | None) -> None:
    """Refuse options without effect, and networks cut from a search's, whose protocols have settings to fine-tune."""
    space = request.space if found is None else _of_run(found, "space")
    if found is None and request.algorithms:
        raise BadInput("--algos chooses among what a run found, and --genotype is no run: leave --algos out")
    if request.space not in ("", space):
        raise BadInput(f"--space {request.space}: the run was on {space}, and its architectures are; leave --space out")
    if provides(SPACES.named(space), WidthSpace):
        raise BadInput(
            f"evaluate trains from scratch, but a network of the space {space} is cut from the searched one and "
            "fine-tuned by its own run: give that run other seeds or settings instead"
        )


def _of_run(run: Run, key: str) -> str:
    """What the run's configuration says. Raises BadInput where it does not."""
    if not isinstance(value := run.config.get(key), str):
        raise BadInput(f"the config.yaml of {run.path} has no {key}: restore it, or launch the run in another folder")
    return value


def _from_run(run: Run, algorithms: Sequence[str]) -> Iterator[Candidate]:
    """What the run's finished searches found; only by ``algorithms``, where any is named."""
    records = run.records
    found = searches(records)
    if found.empty:
        raise BadInput(f"{run.path} holds no finished search: launch the run again, it goes on where it was")
    for name in algorithms:
        lookup("algorithm of this run", name, dict.fromkeys(found["algorithm"]))
    chosen = found[found["algorithm"].isin(algorithms)] if algorithms else found
    for row in chosen.to_dict("records"):
        config = TrialConfig.parse(Store(run.path).read_config(row["trial"]))
        yield Candidate(
            row["genotype"],
            config.algorithm,
            config.seed,
            row["trial"],
            row["variant"],
            config.settings,
            config.protocol,
            config.space,
            config.options,
        )


def _under(protocol: str, candidate: Candidate) -> Candidate:
    """The candidate under another protocol's training, where one is named: that is what its record then says."""
    if not protocol:
        return candidate
    other = Protocol.load(protocol, candidate.space).settings
    settings = candidate.settings.model_copy(
        update={"evaluation": other.evaluation, "augmentation": other.augmentation, "image_size": other.image_size}
    )
    return replace(candidate, settings=settings, protocol=protocol)


def _given(request: Request, genotypes: Sequence[str]) -> Iterator[Candidate]:
    """Architectures by name or text, under the request's protocol."""
    protocol = Protocol.load(request.protocol, request.space)
    settings = protocol.settings
    if request.dataset:
        settings = settings.model_copy(update={"dataset": request.dataset})
    model = SPACES[request.space].Options
    options = validated("space", model, {**protocol.raw["options"], "image_size": settings.image_size})
    space = SPACES[request.space](options)
    for text in genotypes:
        genotype = space.canonical(text)
        name = text if len(text) < len(genotype) else genotype
        yield Candidate(genotype, GIVEN, 0, "", name, settings, protocol.name, request.space, options)


def _retraining(candidate: Candidate, dataset: str, seed: int, overrides: Mapping[str, object]) -> Retraining:
    evaluation = {**candidate.settings.evaluation.model_dump(), **overrides, "seed": seed}
    fields = validated("evaluation", Evaluation, evaluation)
    check_network(SPACES[candidate.space](candidate.options), fields)
    settings = candidate.settings.model_copy(update={"evaluation": fields})
    return Retraining(
        algorithm=candidate.algorithm,
        seed=candidate.seed,
        space=candidate.space,
        protocol=candidate.protocol,
        settings=settings,
        options=candidate.options,
        parent=candidate.parent,
        variant=candidate.variant,
        genotype=candidate.genotype,
        dataset=dataset,
    )


def _overrides(request: Request) -> dict[str, object]:
    """``epochs=20`` or ``evaluation.epochs=20``. Raises BadInput for a field that the evaluation does not have."""
    found = {}
    known = dict.fromkeys(name for name in Evaluation.model_fields if name != "seed")
    for key, value in pairs(request.overrides):
        name = key.removeprefix("evaluation.")
        lookup("key of the evaluation", name, known)
        found[name] = value
    return found


def _data(request: Request, dataset: str, settings: Settings) -> AnyDataset:
    """The data that are trained on. Raises BadInput where they are not here, or too few for a batch."""
    fields, size = settings.evaluation, settings.evaluation.image_size or settings.image_size
    check_stream(settings, [dataset])
    if fields.stream:
        data: AnyDataset = open_streamed(dataset, request.data_dir, size)
    else:
        data = load(dataset, request.data_dir, size, request.download)
    if fields.batch_size > len(data.train_y):
        raise BadInput(
            f"evaluation.batch_size = {fields.batch_size} is more than the {len(data.train_y):,} training images of "
            f"{dataset}; set at most {len(data.train_y)}"
        )
    return data


def _check_same(found: Run, data: Mapping[str, AnyDataset]) -> None:
    """Refuse, under the name of the data that the run searched, other data."""
    name, searched = _of_run(found, "dataset"), found.config.get("data_digest")
    if searched and name in data and data[name].digest != searched:
        raise BadInput(
            f"{found.path} was searched on other {name} data ({found.config['data']}) than {data[name].source}: "
            "name the same with --data-dir"
        )


def _check_processes(fields: Evaluation, device: str, request: Request) -> None:
    """Refuse processes that cannot share a batch evenly, or that have no device each."""
    n, size = fields.processes, fields.batch_size
    if n == 1:
        return
    if size % n:
        raise BadInput(
            f"evaluation.batch_size = {size} cannot be shared evenly by evaluation.processes = {n}; set a multiple"
        )
    if device not in ("cpu", "cuda"):
        raise BadInput(f"evaluation.processes = {n} run on --device cpu or cuda, not on {device}")
    if device == "cuda":
        here = torch.cuda.device_count() if request.address is None else n
        lent = here if request.gpus_per_trial is None else min(here, request.gpus_per_trial)
        if lent < n:
            raise BadInput(f"evaluation.processes = {n} need a GPU each, but a trial has {lent:g}; set at most that")


def _comparison(request: Request, first: Candidate, data: Mapping[str, AnyDataset]) -> Comparison:
    """The description of a run that holds retrainings alone."""
    protocol = Protocol.load(first.protocol, first.space)
    return Comparison(
        space=first.space,
        protocol=first.protocol,
        dataset=first.settings.dataset,
        eval_datasets=tuple(data),
        evaluation="trained",
        split=first.settings.split,
        budget={},
        overrides=_overrides(request),
        known={},
        vary=(),
        algorithms=(GIVEN,),
        seeds=tuple(request.seeds),
        stands_for=protocol.stands_for,
        reduced=protocol.reduced,
        settings=dict(protocol.raw),
        data="; ".join(known.source for known in data.values()),
        data_digest=", ".join(known.digest for known in data.values()),
        changed=("a sample of the data",) * any(known.sample for known in data.values()),
        command=" ".join(request.command),
    )
