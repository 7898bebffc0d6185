"""The options that several commands share, each declared once as a type: its help, its panel, how it is completed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from harness.cli import complete
from harness.config.request import WAYS
from harness.config.request import Evaluate as Way
from results.errors import BadInput
from results.lookup import lookup

RUNNING, WHERE, WHAT = "How it runs", "Where things are", "What is compared"

Algos = Annotated[
    str,
    typer.Option(
        help="algorithms, comma separated; `list` names them",
        autocompletion=complete.algorithms,
        rich_help_panel=WHAT,
    ),
]
Space = Annotated[
    str,
    typer.Option(help="search space; `list` names them", autocompletion=complete.spaces, rich_help_panel=WHAT),
]
Protocol = Annotated[
    str,
    typer.Option(
        help="named settings: quick (minutes, embedded digits), mini, paper",
        autocompletion=complete.protocols,
        rich_help_panel=WHAT,
    ),
]
Seeds = Annotated[str, typer.Option(help="a trial for each of these seeds: 0,1,2 or 0-4", rich_help_panel=WHAT)]
Dataset = Annotated[
    str | None,
    typer.Option(
        help="data set searched on; default: the protocol's", autocompletion=complete.datasets, rich_help_panel=WHAT
    ),
]
EvalDataset = Annotated[
    str | None,
    typer.Option(
        help="data sets the found cells are judged on, comma separated",
        autocompletion=complete.datasets,
        rich_help_panel=WHAT,
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="override, repeatable: lr=0.1, rarts.lam=2, space.channels=8",
        autocompletion=complete.keys,
        rich_help_panel=WHAT,
    ),
]
Vary = Annotated[
    list[str],
    typer.Option(
        help="repeatable: rarts.lam=0.1,1,10, or a sampler of Ray Tune's: arch_lr=loguniform(1e-4,1e-2)",
        autocompletion=complete.keys,
        rich_help_panel=WHAT,
    ),
]
Plugin = Annotated[
    list[str] | None,
    typer.Option(
        "--plugin",
        help="repeatable: a module or .py file with algorithms or spaces of your own",
        rich_help_panel=WHAT,
    ),
]
Prc = Annotated[
    float | None,
    typer.Option(
        help="share of the channels to prune, 0.4 for 40 %; default: the zeros that ℓ1 leaves", rich_help_panel=WHAT
    ),
]
Split = Annotated[
    str | None,
    typer.Option(
        help="halves of the training data, or nats: NATS-Bench's own protocol",
        autocompletion=complete.splits,
        rich_help_panel=WHAT,
    ),
]
Latency = Annotated[
    Path | None,
    typer.Option(
        help="latency table of this device, written by `latency`: gives the penalty its figures "
        "(latency_weight switches it on) and predicts the found network's latency",
        rich_help_panel=WHAT,
    ),
]
AnyLatency = Annotated[
    bool,
    typer.Option(
        "--any-latency",
        help="take a latency table of another device, thread count or network size",
        rich_help_panel=WHAT,
    ),
]
Budget = Annotated[
    str | None,
    typer.Option(help="epochs=N, macs=N (executed multiply-adds) or seconds=N a search", rich_help_panel=WHAT),
]
Evaluate = Annotated[
    str,
    typer.Option(
        help="auto | table | train | none: how the found cell is judged",
        autocompletion=complete.ways,
        rich_help_panel=WHAT,
    ),
]
Out = Annotated[
    Path | None, typer.Option(help="run folder; default: runs/SPACE-DATASET-PROTOCOL", rich_help_panel=WHERE)
]
DataDir = Annotated[
    Path | None, typer.Option(help="folder of the data sets; default: $HARNESS_DATA or ./data", rich_help_panel=WHERE)
]
Download = Annotated[
    bool, typer.Option("--download", help="let torchvision download what is missing", rich_help_panel=WHERE)
]
Nats = Annotated[
    Path | None,
    typer.Option(
        help="NATS-Bench: the official archive's folder, or a table file (.parquet, .csv); "
        "default: where nats_bench looks",
        rich_help_panel=WHERE,
    ),
]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps", rich_help_panel=RUNNING)]
Cpus = Annotated[int, typer.Option(min=1, help="CPU threads of each trial", rich_help_panel=RUNNING)]
Gpus = Annotated[
    float | None,
    typer.Option(min=0, help="GPUs of each trial, fractions too; default 1 on cuda", rich_help_panel=RUNNING),
]
Address = Annotated[str | None, typer.Option(help="address of a Ray cluster", rich_help_panel=RUNNING)]
Serial = Annotated[
    bool, typer.Option("--serial", help="one trial after the other, without Ray", rich_help_panel=RUNNING)
]
Log = Annotated[
    str | None,
    typer.Option(
        help="tensorboard, wandb, mlflow: through Ray's callbacks",
        autocompletion=complete.loggers,
        rich_help_panel=RUNNING,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="print JSON, keys as the record's columns")]


def way(text: str) -> Way:
    """``--evaluate``. Raises BadInput for what it does not know."""
    return lookup("--evaluate", text, {known: known for known in WAYS})


def names(text: str | None) -> list[str]:
    """Comma-separated names, without blanks or repeats."""
    return list(dict.fromkeys(part.strip() for part in (text or "").split(",") if part.strip()))


def seeds(text: str) -> list[int]:
    """``0,1,2`` or ``0-4``. Raises BadInput for anything else."""
    found: list[int] = []
    for part in names(text):
        first, dash, last = part.partition("-")
        if not first.isdigit() or (dash and not last.isdigit()):
            raise BadInput(f"--seeds {text!r}: write whole numbers such as 0,1,2 or 0-4")
        found += range(int(first), int(last if dash else first) + 1)
    if not found:
        raise BadInput("--seeds is empty: write whole numbers such as 0,1,2 or 0-4")
    return list(dict.fromkeys(found))


def command() -> list[str]:
    """What was typed, as a run's configuration keeps it."""
    return ["python", "-m", "harness", *sys.argv[1:]]
