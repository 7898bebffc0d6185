"""``correlate``: how well scores that need no training, or a trained supernet, rank a space's architectures."""

from __future__ import annotations

import math
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli import app, complete, console, options
from harness.cli.inspect import print_json, sized_by, with_table
from harness.config import defaults, plugins
from harness.data import DATASETS
from results.errors import BadInput
from results.lookup import lookup
from spaces import SPACES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.config.trial import TrialConfig
    from harness.measuring.correlation import Correlation, Progress
    from spaces.contracts import Described, Tabular

Cells = Annotated[
    int, typer.Option(help="architectures in the sample, no two the same function", rich_help_panel=options.WHAT)
]
Seed = Annotated[
    int,
    typer.Option(
        min=0, max=2**63 - 1, help="of the sample, the images and the initial weights", rich_help_panel=options.WHAT
    ),
]
Scores = Annotated[
    str | None,
    typer.Option(
        help="comma separated: params, flops, synflow, naswot, jacob_cov, grad_norm, snip; default: all",
        rich_help_panel=options.WHAT,
    ),
]
TableDataset = Annotated[
    str | None,
    typer.Option(
        help="one of the table's, which the images are of as well; default: its first",
        autocompletion=complete.datasets,
        rich_help_panel=options.WHAT,
    ),
]
BatchSize = Annotated[int, typer.Option(min=2, help="images that a score sees", rich_help_panel=options.WHAT)]
Threads = Annotated[
    int, typer.Option(min=1, max=options.MOST_CPUS, help="CPU threads", rich_help_panel=options.RUNNING)
]
Supernet = Annotated[
    list[str] | None,
    typer.Option(
        metavar="RUN[:ALGO[:SEED]]",
        help="also score by the trained supernet that this search left (`run --keep-supernet`), on its space; again "
        "for another; --scores is then none by default",
        rich_help_panel=options.WHAT,
    ),
]
Images = Annotated[
    int | None,
    typer.Option(
        min=1, help="validation images that --supernet is scored on; default 1,000", rich_help_panel=options.WHAT
    ),
]
Values = Annotated[
    Path | None,
    typer.Option(
        parser=options.path,
        metavar="PATH",
        help="also write each architecture's accuracy and scores: a .csv",
        rich_help_panel=options.WHERE,
    ),
]


IMAGES = 1000
"""Validation images that a supernet is scored on."""


@app.command()
def correlate(
    space: options.Space = defaults.SPACE,
    table: options.Table = None,
    cells: Cells = 200,
    seed: Seed = 0,
    scores: Scores = None,
    dataset: TableDataset = None,
    batch_size: BatchSize = 64,
    supernet: Supernet = None,
    images: Images = None,
    set_: options.Set = None,
    plugin: options.Plugin = None,
    out: Values = None,
    data_dir: options.DataDir = None,
    download: options.Download = False,
    device: options.Device = "auto",
    threads: Threads = 1,
    json_: options.Json = False,
) -> None:
    """Measure how well scores rank a space's architectures: rank correlation with the table's accuracy.

    A random sample of architectures is built, untrained, at the size of the paper protocol (--set space.channels=8
    changes it); each score reads the network and one batch of real images. τ and ρ compare its order with that of the
    table's test accuracies: 1 is the same order, 0 none, −1 the reverse; τ of 0.6 means that the score is right about
    80 of 100 pairs. The 95 % interval says what another sample of as many architectures could have given. A score worth
    its time has a higher τ than params and flops, which cost nothing. --supernet scores by shared weights instead: each
    architecture's accuracy inside the supernet that a search has trained.

    Example: python -m harness correlate --space nats --table tss.parquet --data-dir DATA --cells 200
    """
    plugins.load(plugin or [])
    SPACES.known(space)
    if dataset is not None:
        DATASETS.known(dataset)
    writable(out)
    import torch

    from algorithms.zero_cost import SCORES

    wanted = options.some_names("--scores", scores) or ([] if supernet else list(SCORES))
    names = [lookup("score", name, {n: n for n in SCORES}) for name in wanted]
    kept = left(supernet or [], space, images)
    space = kept[0][1].space if kept else space
    cls, opened = with_table(space, table)
    dataset = judged_on(cls, dataset, kept[0][1].settings.dataset if kept else "")
    torch.set_num_threads(threads)
    from harness.config.request import absolute
    from harness.config.sections import Environment
    from harness.data import load
    from harness.measuring import correlation, one_shot
    from harness.measuring.device import device_here, prepare

    made, image_size = sized(cls, opened, space, dataset, set_ or [])
    genotypes = correlation.sample(made, cells, seed)
    where = torch.device(device_here(device))
    prepare(where)
    frames = [correlation.judged(made, genotypes, dataset)]
    told: dict[str, object] = {"space": space, "table": opened.description, "table_digest": opened.digest}
    told |= {"dataset": dataset, "seed": seed, "cells": cells}
    if kept:
        here = Environment(
            run="",
            data_dir=absolute(data_dir) if data_dir else None,
            download=download,
            table=absolute(table) if table else None,
            device=str(where),
            threads=threads,
        )
        by_supernet, seen = one_shot.score_in(kept, here, genotypes, images or IMAGES, progress())
        frames, told = [*frames, *by_supernet], told | seen
    if names:
        batch = correlation.one_batch(load(dataset, data_dir, image_size, download), batch_size, seed, where)
        frames.append(correlation.score_all(made, genotypes, names, batch, seed, progress()))
        told |= {"batch_size": batch_size, "image_size": image_size, "options": made.options.model_dump(mode="json")}
    frame = correlation.beside(frames)
    if out is not None:
        frame.to_csv(out, index=False)
    found = correlation.ranked(frame, seed)
    if json_:
        print_json(told | {"scores": [asdict(row) for row in found]})
    else:
        show(found, told)


def judged_on(cls: type[Tabular], asked: str | None, searched: str) -> str:
    """The table's data set: the one asked for, else the searched one, else its first. Raises BadInput for another."""
    default = searched if searched in cls.table_datasets else cls.table_datasets[0]
    return lookup("data set of the table", asked or default, {name: name for name in cls.table_datasets})


def writable(out: Path | None) -> None:
    """Raise BadInput where the file of values could not be written."""
    if out is None:
        return
    if out.suffix.lower() != ".csv":
        raise BadInput(f"--out {out}: give a path that ends in .csv")
    if not out.absolute().parent.is_dir() or out.is_dir():
        raise BadInput(f"cannot write {out}: give a path you can write, in a folder that is there")


def sized(
    cls: type[Tabular], table: Described, space: str, dataset: str, assignments: Sequence[str]
) -> tuple[Tabular, int]:
    """The space at the sizes of its protocol and of the data set's images, and their side in pixels."""
    from harness.config.protocol import Protocol, validated

    protocol = Protocol.load(sized_by(space), space).set(assignments)
    known = DATASETS[dataset]()
    image_size = min(protocol.settings.image_size, known.image_size)
    options = {**protocol.raw["options"], **known.options(), "image_size": image_size}
    return cls(validated("space", cls.Options, options), table), image_size


def left(supernets: Sequence[str], space: str, images: int | None) -> list[tuple[Path, TrialConfig]]:
    """The run and the trial that left each supernet.

    Raises
    ------
    BadInput
        Where one is not there or named twice, or they did not search ``space`` and one data set.
    """
    if not supernets and images is not None:
        raise BadInput("--images are what --supernet is scored on: name one, or leave --images out")
    if not supernets:
        return []
    from harness.measuring.one_shot import all_kept_by

    found = all_kept_by(supernets)
    searched = found[0][1].space
    if space not in (defaults.SPACE, searched):
        raise BadInput(f"--space {space}, but --supernet {supernets[0]} searched {searched}: leave --space out")
    return found


def progress() -> Progress:
    """Shows on stderr how far the scoring is."""
    from rich.console import Console
    from rich.progress import track

    return partial(track, description="scoring", console=Console(stderr=True))


def show(found: Sequence[Correlation], told: dict[str, object]) -> None:
    """The correlations for people, ρ without its interval, and under them what they are of."""
    import rich.table
    from rich.box import SIMPLE_HEAD

    shown = rich.table.Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for head in ("score", "Kendall τ", "95 %", "less by", "95 %", "Spearman ρ", "n", "ms a cell"):
        shown.add_column(head, justify="left" if head == "score" else "right")
    for row in found:
        shown.add_row(
            row.score,
            _number(row.kendall),
            _interval(row.kendall_low, row.kendall_high),
            _number(row.behind),
            _interval(row.behind_low, row.behind_high),
            _number(row.spearman),
            str(row.n),
            f"{1000 * row.seconds:,.1f}",
        )
    console.print(shown)
    console.print("less by: how far |τ| is below the first row's, over the same architectures")
    seen = [f"networks: {told['options']}; {told['batch_size']} images"] if "options" in told else []
    if isinstance(supernets := told.get("supernets"), dict):
        seen.append(f"trained supernets: {', '.join(supernets.values())}; {told['images']} validation images")
    console.print(
        f"{told['cells']} random architectures of {told['space']}, seed {told['seed']}; {told['table']}, "
        f"{told['dataset']}; {'; '.join(seen)}",
        soft_wrap=True,
    )


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.3f}"


def _interval(low: float, high: float) -> str:
    return "–" if math.isnan(low) else f"{low:.2f} to {high:.2f}"
