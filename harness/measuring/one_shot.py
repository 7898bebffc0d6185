"""One-shot accuracy: a cell run inside the trained supernet that a search left, with the weights that all cells share.

Guo et al. (ECCV 2020) and Yu et al. (ICLR 2020) ask by its rank correlation whether shared weights can rank cells.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pandas as pd
import torch

from algorithms import ALGORITHMS
from algorithms.base import Evaluated, Setting
from algorithms.sampling import through
from algorithms.search import Search
from harness.config.request import absolute
from harness.config.sections import Environment
from harness.config.trial import TrialConfig
from harness.execution.checkpoint import SUPERNET, Checkpoint
from harness.measuring.correlation import Progress
from harness.training.task import Task
from results.errors import BadInput
from results.store import Store
from spaces.base import Batch
from spaces.contracts import CellSpace, need

SCORE = "supernet"
"""What the score of one supernet is called; of several each is named after its search."""


def kept_by(named: str) -> tuple[Path, TrialConfig]:
    """The run's folder and the one trial in it that ``RUN[:ALGORITHM[:SEED]]`` names and that left a supernet.

    Raises
    ------
    BadInput
        Where there is none, or several.
    """
    where, *which = [named] if Path(named).is_dir() else named.split(":")
    folder = Path(where).expanduser()
    if len(which) > 2 or not (folder / "config.yaml").is_file():
        raise BadInput(f"--supernet {named}: write RUN, RUN:ALGORITHM or RUN:ALGORITHM:SEED; RUN is a run's folder")
    store = Store(folder)
    trials = {path.parent.name for path in folder.glob(f"trials/*/{SUPERNET}.pt") if store.is_done(path.parent.name)}
    if not trials:
        raise BadInput(
            f"--supernet {named}: no trial of {folder} left one; search with --keep-supernet, in a new --out"
        )
    configs = [TrialConfig.parse(store.read_config(trial)) for trial in sorted(trials)]
    names = [f"{config.algorithm}:{config.seed}" for config in configs]
    found = [c for c, name in zip(configs, names, strict=True) if name.split(":")[: len(which)] == which]
    if len(found) != 1:
        raise BadInput(f"--supernet {named}: {len(found)} trials that left one; name one of {', '.join(names)}")
    return folder, found[0]


def all_kept_by(names: Sequence[str]) -> list[tuple[Path, TrialConfig]]:
    """``kept_by`` of each.

    Raises
    ------
    BadInput
        Where one is not there or named twice, or they searched different spaces or data sets.
    """
    found = [kept_by(name) for name in names]
    first = found[0][1]
    for name, (_, config) in zip(names, found, strict=True):
        if (config.space, config.settings.dataset) != (first.space, first.settings.dataset):
            raise BadInput(f"--supernet {name} searched another space or data set than {names[0]}: leave one out")
    if len({config.label for _, config in found}) < len(found):
        raise BadInput("two of --supernet are of one algorithm and seed: leave one out")
    return found


def score_in(
    kept: Sequence[tuple[Path, TrialConfig]],
    environment: Environment,
    genotypes: Sequence[str],
    images: int,
    progress: Progress,
) -> tuple[list[pd.DataFrame], dict[str, object]]:
    """Each genotype's accuracy inside the supernet of each trial, a frame a trial, and what the frames are of.

    On as many ``images`` of a trial's own validation half; ``environment`` says where its data are, and the device.
    """
    frames, supernets, count = [], {}, 0
    for folder, config in kept:
        task, search = trained(config, environment.model_copy(update={"run": absolute(folder)}))
        held_out = task.fixed(images, config.settings.batch_size)
        score = SCORE if len(kept) == 1 else f"supernet of {config.label}"
        frames.append(score_all(search, genotypes, held_out, progress, score))
        supernets[score], count = f"{config.label} ({config.hash})", sum(len(batch.y) for batch in held_out)
    return frames, {"images": count, "supernets": supernets}


def trained(config: TrialConfig, environment: Environment) -> tuple[Task, Search]:
    """The trial's task and its search as it ended.

    Raises
    ------
    BadInput
        Where the file is damaged or another trial's, the data or the table are other ones, or the supernet is not the
        whole space's: one of part of the channels, or of the operations that stages left.
    """
    store, task = Store(Path(environment.run)), Task(config, environment)
    store.verify(config.hash)
    need(task.space, CellSpace, "--supernet")
    algorithm = ALGORITHMS[config.algorithm](
        Setting(
            task.space, config.hyper, task.seeded, task.device, _nobody, lambda name: store.found(config.alike(name))
        )
    )
    said: list[str] = []
    checkpoint = Checkpoint(store.trial_dir(config.hash), SUPERNET)
    state = checkpoint.load(said.append)
    if state is None:
        raise BadInput(f"{checkpoint.current} is damaged: search again with --keep-supernet, in a new --out")
    with checkpoint.taken():
        algorithm.load_state_dict(state["algorithm"])
    if algorithm.search is None or algorithm.search.space is not task.space:
        raise BadInput(f"--supernet: {config.algorithm} searches a supernet that does not run every cell whole")
    return task, algorithm.search


def _nobody(genotype: str) -> Evaluated:
    raise AssertionError("a search that has a supernet asks nobody")


@torch.no_grad()
def score_all(
    search: Search, genotypes: Sequence[str], batches: Sequence[Batch], progress: Progress, score: str = SCORE
) -> pd.DataFrame:
    """A row a genotype: ``arch``, ``score`` (accuracy on ``batches``, percent) and ``{score}_seconds``.

    Batch norm takes each batch's own statistics, as in the search.
    """
    cells, images, rows = need(search.space, CellSpace, "--supernet"), sum(len(batch.y) for batch in batches), []
    for genotype in progress(genotypes):
        start, relax = time.perf_counter(), partial(through, cells, genotype)
        w, alpha = search.reported.flat, search.alpha.flat
        hits = sum(float(search.passes.score(w, alpha, batch, relax)[1]) for batch in batches)
        seconds = time.perf_counter() - start
        rows.append({"arch": genotype, score: 100 * hits / images, f"{score}_seconds": seconds})
    return pd.DataFrame(rows)
