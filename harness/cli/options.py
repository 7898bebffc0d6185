"""The options that several commands share, each declared once as a type: its help, its panel, how it is completed."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from harness import api
from harness.cli import complete
from harness.config.names import WAYS
from results.errors import BadInput
from results.lookup import lookup

MOST_CPUS = 1024
"""More than any machine's: a number beyond is a slip of the hand."""

RUNNING, WHERE, WHAT = "How it runs", "Where things are", "What is compared"


def path(text: str) -> Path:
    """``text`` as a path. Raises BadInput for an empty one, which would be the current one, and for no one's home."""
    if not text:
        raise BadInput("an option for a file or a folder is empty: give a path, . for the current folder")
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise BadInput(f"{text}: {error}; give the path without ~") from None


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
        help="halves of the training data; nats: NATS-Bench's own protocol; all: every training image for w and for α",
        autocompletion=complete.splits,
        rich_help_panel=WHAT,
    ),
]
Latency = Annotated[
    Path | None,
    typer.Option(
        parser=path,
        metavar="PATH",
        help="latency table of this device, written by `latency`: gives the penalty its figures "
        "(latency_weight switches it on) and predicts the found network's latency",
        rich_help_panel=WHAT,
    ),
]
Hardware = Annotated[
    str | None,
    typer.Option(
        metavar="FILE:DEVICE[,DEVICE…]",
        help="measured latencies of every cell (.parquet, .csv; `list devices FILE` names its devices): gives "
        "the penalty the operations' latencies that fit the first device best, and records each found cell's on all",
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
    Path | None,
    typer.Option(
        parser=path, metavar="PATH", help="run folder; default: runs/SPACE-DATASET-PROTOCOL", rich_help_panel=WHERE
    ),
]
DataDir = Annotated[
    Path | None,
    typer.Option(
        parser=path,
        metavar="PATH",
        help="folder of the data sets; default: $HARNESS_DATA or ./data",
        rich_help_panel=WHERE,
    ),
]
Download = Annotated[
    bool, typer.Option("--download", help="let torchvision download what is missing", rich_help_panel=WHERE)
]
Table = Annotated[
    Path | None,
    typer.Option(
        "--table",
        "--nats",
        parser=path,
        metavar="PATH",
        help="the space's table: a file (.parquet, .csv) or, of NATS-Bench, the official archive's folder; "
        "default: where nats_bench looks",
        rich_help_panel=WHERE,
    ),
]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps", rich_help_panel=RUNNING)]
Cpus = Annotated[int, typer.Option(min=1, max=MOST_CPUS, help="CPU threads of each trial", rich_help_panel=RUNNING)]
Gpus = Annotated[
    float | None,
    typer.Option(min=0, help="GPUs of each trial, fractions too; default 1 on cuda", rich_help_panel=RUNNING),
]
Graphs = Annotated[
    bool,
    typer.Option("--cuda-graphs", help="capture a search's passes: the same bits, sooner", rich_help_panel=RUNNING),
]
KeepSupernet = Annotated[
    bool,
    typer.Option(
        "--keep-supernet",
        help="leave each search's trained supernet in its trial's folder, for `correlate --supernet`",
        rich_help_panel=WHERE,
    ),
]
Address = Annotated[str | None, typer.Option(help="address of a Ray cluster", rich_help_panel=RUNNING)]
Open = Annotated[bool, typer.Option("--open", help="open the report's page in a browser", rich_help_panel=RUNNING)]
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
SEEDS = re.compile(r"([0-9]{1,18})(?:-([0-9]{1,18}))?")
"""One seed or a range of them: 18 digits stay below the 64 bits of a generator's seed."""

MOST_SEEDS = 10_000
"""The seeds of a run: each is a trial of each algorithm."""

Json = Annotated[bool, typer.Option("--json", help="print JSON, keys as the record's columns")]


CALLED = {"eval_dataset": "eval_datasets", "set_": "overrides", "plugin": "plugins"}
"""Options that the Python interface calls otherwise."""


def asked(context: typer.Context) -> dict[str, Any]:
    """What a command's options say besides algorithms, space, seeds and protocol: ``harness.api.Options``.

    Raises
    ------
    BadInput
        For a list that names nothing, and for a way to judge that is none.
    """
    given = {CALLED.get(name, name): value for name, value in context.params.items()}
    found = {name: given[name] for name in api.Options.__annotations__ if given.get(name) is not None}
    for name, option in (("eval_datasets", "--eval-dataset"), ("log", "--log")):
        if name in found:
            found[name] = some_names(option, found[name])
    if "evaluate" in found:
        found["evaluate"] = lookup("--evaluate", found["evaluate"], {known: known for known in WAYS})
    return found | {"command": command()}


def names(text: str | None) -> list[str]:
    """Comma-separated names, without blanks or repeats."""
    return list(dict.fromkeys(part.strip() for part in (text or "").split(",") if part.strip()))


def some_names(option: str, text: str | None) -> list[str]:
    """``names``. Raises BadInput where ``option`` is given and names nothing."""
    found = names(text)
    if text is not None and not found:
        raise BadInput(f"{option} {text!r} names nothing: leave it out, or name one or more, comma separated")
    return found


def seeds(text: str) -> list[int]:
    """``0,1,2`` or ``0-4``. Raises BadInput for anything else."""
    found: list[int] = []
    for part in names(text):
        if not (match := SEEDS.fullmatch(part)):
            raise BadInput(f"--seeds {text!r}: write whole numbers such as 0,1,2 or 0-4, of at most 18 digits each")
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first:
            raise BadInput(f"--seeds {text!r}: {part} ends before it begins; write {last}-{first}")
        if last - first >= MOST_SEEDS:
            raise BadInput(f"--seeds {text!r}: {last - first + 1:,} seeds are more than the {MOST_SEEDS:,} of a run")
        found += range(first, last + 1)
    if not found:
        raise BadInput("--seeds is empty: write whole numbers such as 0,1,2 or 0-4")
    return list(dict.fromkeys(found))


def command() -> list[str]:
    """What was typed, as a run's configuration keeps it."""
    return ["python", "-m", "harness", *sys.argv[1:]]
