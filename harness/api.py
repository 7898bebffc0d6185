"""The public functions: a comparison from Python, as the command line makes it.

    import harness

    run = harness.compare(["darts1", "rarts"], space="nats", seeds=range(3), serial=True)
    run.records

The way is the same as the command line's: a request, checked and resolved once by ``plan``, and run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import index
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from rich.console import Console

from harness.config import defaults, plugins
from harness.config.names import Evaluate, check_names
from results.errors import BadInput

if TYPE_CHECKING:
    from harness.config.request import Request
    from harness.config.variation import Variations
    from harness.planning.plan import Plan
    from results.store import Run

PATHS = ("out", "data_dir", "table", "latency")
LISTS = ("eval_datasets", "overrides", "log", "plugins")


class Options(TypedDict, total=False):
    """What can be asked besides algorithms, space, seeds and protocol; as the options of ``harness run``.

    Attributes
    ----------
    dataset : str
        Data set that is searched on; by default the protocol's.
    eval_datasets : sequence of str
        Data sets that the found architectures are judged on.
    overrides : mapping or sequence of str
        Values by key, as ``--set`` takes them: ``{"rarts.lam": 2}`` or ``["rarts.lam=2"]``.
    prc : float
        Share of the channels to prune, between 0 and 1.
    split : str
        How the training data are divided between w and α: ``halves``, ``nats`` or ``all``.
    budget : str
        ``epochs=N``, ``macs=N`` (executed multiply-adds) or ``seconds=N`` a search.
    latency : str or Path
        Latency table of this device, written by ``harness latency``.
    hardware : str
        ``FILE:DEVICE,DEVICE…``, measured latencies of the space's cells: the penalty gets the fit to the first, and
        records hold what was measured of the found cell on each.
    any_latency : bool
        Take a latency table of another device, thread count or network size.
    evaluate : str
        How the found architecture is judged: ``auto``, ``table``, ``train`` or ``none``.
    out : str or Path
        The run's folder; by default ``runs/SPACE-DATASET-PROTOCOL``.
    data_dir : str or Path
        Folder of the data sets; by default ``$HARNESS_DATA``, else ``./data``.
    download : bool
        Let torchvision download what is missing.
    table : str or Path
        NATS-Bench: the official archive's folder, or a table file.
    device : str
        ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.
    cpus_per_trial : int
        CPU threads of each trial.
    gpus_per_trial : float
        GPUs of each trial, fractions too.
    cuda_graphs : bool
        Capture a search's passes as CUDA graphs: the same bits, sooner.
    keep_supernet : bool
        Leave each search's trained supernet in its trial's folder, for ``correlate --supernet``.
    address : str
        Address of a Ray cluster.
    serial : bool
        One trial after the other in this process, without Ray.
    log : sequence of str
        ``tensorboard``, ``wandb``, ``mlflow``.
    plugins : sequence of str
        Modules or ``.py`` files with algorithms and spaces of one's own.
    command : sequence of str
        What the report names as the command; the command line's own words.
    """

    dataset: str | None
    eval_datasets: Sequence[str] | None
    overrides: Mapping[str, object] | Sequence[str]
    prc: float | None
    split: str | None
    budget: str | None
    latency: str | Path | None
    hardware: str | None
    any_latency: bool
    evaluate: Evaluate
    out: str | Path | None
    data_dir: str | Path | None
    download: bool
    table: str | Path | None
    device: str
    cpus_per_trial: int
    gpus_per_trial: float | None
    cuda_graphs: bool
    keep_supernet: bool
    address: str | None
    serial: bool
    log: Sequence[str]
    plugins: Sequence[str]
    command: Sequence[str]


def compare(
    algorithms: Sequence[str],
    space: str = defaults.SPACE,
    seeds: Iterable[int] = range(3),
    protocol: str = defaults.PROTOCOL,
    *,
    quiet: bool = False,
    **options: Unpack[Options],
) -> Run:
    """Search with each algorithm and seed, judge what was found, and give the run.

    Called again with the same arguments, it finishes what is missing. Exactly the algorithms that are named run: the
    command line adds the random-search row, here one names it.

    Parameters
    ----------
    algorithms : sequence of str
        Names, as ``harness list algos`` gives them; parts compose, ``"rarts+es"``.
    space : str
        The search space.
    seeds : iterable of int
        A trial of each algorithm for each of these seeds.
    protocol : str
        The named settings: ``quick``, ``mini``, ``paper``.
    quiet : bool
        Print nothing.
    **options : Options
        What else can be asked.

    Returns
    -------
    results.Run
        ``records``, one row a trial and evaluation data set, and ``history``, one row a trial and epoch. A trial that
        failed is a row whose ``status`` says so.

    Raises
    ------
    results.errors.BadInput
        In one line, for what is wrong, before anything is run.
    """
    return run(plan(algorithms, space, seeds, protocol, **options), quiet=quiet)


def sweep(
    algorithm: str,
    vary: Variations,
    samples: int = 1,
    space: str = defaults.SPACE,
    seeds: Iterable[int] = range(3),
    protocol: str = defaults.PROTOCOL,
    *,
    quiet: bool = False,
    **options: Unpack[Options],
) -> Run:
    """Vary hyperparameters of an algorithm: every point over every seed.

    Parameters
    ----------
    algorithm : str
        Its name; several, comma separated, share the points.
    vary : mapping or sequence of str
        By key, a list of values or a sampler of Ray Tune's as text: ``{"rarts.lam": [0.1, 1], "arch_lr":
        "loguniform(1e-4,1e-2)"}``; or the command line's ``["rarts.lam=0.1,1"]``. Lists are crossed with each other.
    samples : int
        Draws of the samplers.
    space, seeds, protocol, quiet, **options
        As for ``compare``.

    Returns
    -------
    results.Run
        As ``compare`` does; what is varied is in the columns ``hp.KEY``.

    Raises
    ------
    results.errors.BadInput
        In one line, for what is wrong, before anything is run.
    """
    return run(plan_sweep(algorithm, vary, samples, space, seeds, protocol, **options), quiet=quiet)


def plan(
    algorithms: Sequence[str],
    space: str = defaults.SPACE,
    seeds: Iterable[int] = range(3),
    protocol: str = defaults.PROTOCOL,
    **options: Unpack[Options],
) -> Plan:
    """Check everything that can be checked, and resolve the request into trials; nothing is run or written.

    Parameters
    ----------
    algorithms, space, seeds, protocol, **options
        As for ``compare``.

    Returns
    -------
    harness.planning.plan.Plan
        ``config``, the frozen description; ``trials``, each with its ``hash``; ``notes``, what to say of them.

    Raises
    ------
    results.errors.BadInput
        In one line, for what is wrong.
    """
    algorithms = [algorithms] if isinstance(algorithms, str) else algorithms
    check(algorithms, space, protocol, options.get("plugins", ()))
    return resolved(request_of(algorithms, space, seeds, protocol, **options))


def plan_sweep(
    algorithm: str,
    vary: Variations,
    samples: int = 1,
    space: str = defaults.SPACE,
    seeds: Iterable[int] = range(3),
    protocol: str = defaults.PROTOCOL,
    **options: Unpack[Options],
) -> Plan:
    """What ``sweep`` runs; arguments and faults as there."""
    if not isinstance(algorithm, str):
        raise BadInput(f"algorithm = {algorithm!r}: give its name as text; several, comma separated")
    algorithms = [name.strip() for name in algorithm.split(",") if name.strip()]
    check(algorithms, space, protocol, options.get("plugins", ()))
    from dataclasses import replace

    from harness.config.request import check_request
    from harness.config.variation import points

    request = request_of(algorithms, space, seeds, protocol, **options)
    check_request(request)
    out = request.out or Path("runs") / f"sweep-{algorithm}-{space}-{protocol}"
    return resolved(replace(request, points=points(vary, samples), out=out))


def run(made: Plan, *, quiet: bool = False, console: Console | None = None) -> Run:
    """Run what is missing of a plan.

    Parameters
    ----------
    made : harness.planning.plan.Plan
        What ``plan`` gave.
    quiet : bool
        Print nothing.
    console : rich.console.Console or None
        Where progress is printed; by default standard output.

    Returns
    -------
    results.Run
        All of the run's records and histories, earlier ones included.
    """
    import results
    from harness.execution.run import run as run_plan

    run_plan(made, Console(quiet=True) if quiet else console or Console())
    return results.load(made.folder)


def request_of(
    algorithms: Sequence[str],
    space: str,
    seeds: Iterable[int],
    protocol: str,
    **options: Unpack[Options],
) -> Request:
    """The request behind the arguments of ``compare``."""
    from harness.config.request import Request

    fields: dict[str, Any] = dict(options)
    fields |= {name: _path(name, fields[name]) for name in PATHS if fields.get(name) is not None}
    fields |= {name: _listed(fields[name]) for name in LISTS if name in fields}
    return Request(list(algorithms), space, _seeds(seeds), protocol, **fields)


def check(algorithms: Sequence[str], space: str, protocol: str, named: Sequence[str]) -> None:
    """Import the plug-ins that are named and refuse a misspelt name, before anything slow is imported."""
    listed = isinstance(algorithms, Iterable)
    if not listed or not all(isinstance(name, str) for name in [*algorithms, space, protocol]):
        raise BadInput(
            f"algorithms {algorithms!r}, space {space!r}, protocol {protocol!r}: name each by a text, and algorithms "
            "by a list of them"
        )
    plugins.load(_listed(named))
    check_names(algorithms, space, protocol)


def _listed(value: Any) -> Any:  # as the user gave it; what is neither is refused with the other types
    """One text as a list of it, which a sequence of texts would take for its letters."""
    return [value] if isinstance(value, str) else value


def _path(name: str, value: Any) -> Path:  # as the user gave it
    """A path. Raises BadInput for what is none."""
    try:
        return Path(value)
    except TypeError:
        raise BadInput(f"{name} = {value!r}: give a path, as text or as a Path") from None


def _seeds(given: Any) -> list[int]:  # as the user gave it
    """The seeds, numpy's whole numbers as Python's own. Raises BadInput where they are no list."""
    try:
        return [index(seed) if hasattr(seed, "__index__") and not isinstance(seed, bool) else seed for seed in given]
    except TypeError:
        raise BadInput(f"seeds = {given!r}: give a list of whole numbers, such as range(3)") from None


def resolved(request: Request) -> Plan:
    """A request, refused where that can be told without torch, and planned."""
    from harness.config.request import check_request

    check_request(request)
    from harness.planning.plan import plan as make_plan

    return make_plan(request)
