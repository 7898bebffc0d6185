"""What the user watches while trials run: a live table that fits the terminal, and lines of a log anywhere else."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from harness.config.trial import Job, TrialConfig
from harness.execution.labels import labels
from harness.measuring.record import TRAINED
from results.store import Store

POLL = 0.5
"""Seconds between two looks at the trials' folders."""

LONGEST = 100
"""Characters of a genotype that are shown: one of channels may have thousands."""

LOGGED = 30.0
"""Seconds between two lines of a log about one trial, its first epoch and its end aside."""

PACE = 1800.0
"""Seconds of the past from which the time left is told."""

AROUND = 4
"""Lines of a terminal that are not the table's rows: the total, the heading, what is folded, the cursor."""

WIDTHS = {"stage": 50, "": 60, "loss": 100, "genotype now": 150, "skips": 150}
"""Columns that are shown in a terminal at least so wide; the others in any."""

ENDED = ("done", "failed")


class State(TypedDict, total=False):
    """What a trial says of itself in ``progress.json``: stage, its share done, and its last epoch's figures."""

    stage: str
    done: float
    epoch: int | None
    genotype: str | None
    skip_ratio: float | None
    train_loss: float | None
    val_loss: float | None
    val_accuracy: float | None


@dataclass
class Row:
    """One trial as the board sees it."""

    config: Job
    name: str
    folder: Path
    state: State = field(default_factory=lambda: State(stage="waiting"))
    began: tuple[float, float] | None = None
    timed: str | None = None
    messages: int = 0
    logged: float = -LOGGED
    shown_epoch: int = -1

    @property
    def stage(self) -> str:
        """``waiting``, what it is at, ``done``, or ``failed``."""
        return str(self.state["stage"])

    def left(self) -> str:
        """Time left in this stage, from the pace since it was first seen."""
        done = self.state.get("done", 0.0)
        if self.began is None or self.timed != self.stage:
            self.began, self.timed = (time.monotonic(), done), self.stage
        elapsed, gained = time.monotonic() - self.began[0], done - self.began[1]
        return _duration(elapsed / gained * (1 - done)) if gained > 0 else ""

    def share(self) -> float:
        """The share of the trial that is over, its search and each of its trainings taken as equally long."""
        if self.stage in ENDED:
            return 1.0
        config, done = self.config, float(self.state.get("done", 0.0))
        if self.stage == "waiting" or not isinstance(config, TrialConfig) or config.evaluation not in TRAINED:
            return done
        trainings = [f"training for {dataset}" for dataset in config.settings.eval_datasets]
        before = trainings.index(self.stage) + 1 if self.stage in trainings else 0
        return (before + done) / (len(trainings) + 1)


class Board:
    """Polls the trials' folders in a thread: the same for serial runs, for Ray on one machine, and for a cluster."""

    def __init__(self, store: Store, configs: Sequence[Job], console: Console) -> None:
        self.store, self.console = store, console
        named = labels(configs)
        self.rows = [Row(config, named[config.hash], store.trial_dir(config.hash)) for config in configs]
        for row in self.rows:
            row.messages = len(_lines(row.folder / "messages.txt"))
            if store.is_done(row.config.hash):
                row.state = {"stage": "done"}
        self.total = Progress(
            TextColumn("{task.description}"), BarColumn(24), TaskProgressColumn(), TimeRemainingColumn(),
            console=console, speed_estimate_period=PACE,
        )  # fmt: skip
        self.task = self.total.add_task("", total=len(self.rows))
        self.total.update(self.task, completed=self._over())
        self._live = Live(console=console, auto_refresh=False) if console.is_terminal else None
        self._stop = threading.Event()

    def __enter__(self) -> Board:
        if self._live is not None:
            self._live.start()
        self._thread = threading.Thread(target=self._poll, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self.look()
        if self._live is not None:
            self._live.stop()

    def _poll(self) -> None:
        while not self._stop.wait(POLL):
            self.look()

    def look(self) -> None:
        """Read every trial's state once, and show what is new."""
        for row in self.rows:
            before, row.state = row.stage, self._state(row)
            if self._live is None and before == "waiting" != row.stage:
                self._say(f"{row.name}: started")
            lines = _lines(row.folder / "messages.txt")
            for line in lines[row.messages :]:
                self._say(f"{row.name}: {line}", "yellow")
            row.messages = len(lines)
            if row.stage == "failed" != before:
                self._say(f"{row.name}: failed: {(_lines(row.folder / 'error.txt') or [''])[-1]}", "red")
            if self._live is None:
                self._log(row, before)
        self.total.update(self.task, completed=self._over())
        if self._live is not None:
            self._live.update(self.shown(), refresh=True)

    def _over(self) -> float:
        return sum(row.share() for row in self.rows)

    def _state(self, row: Row) -> State:
        if self.store.is_done(row.config.hash):
            return {**row.state, "stage": "done"}
        try:
            state: State = json.loads((row.folder / "progress.json").read_text())
            return {**row.state, "stage": "search", **state}
        except (OSError, ValueError):
            failed = (row.folder / "error.txt").exists()
            return {**row.state, "stage": "failed"} if failed else row.state

    def _log(self, row: Row, before: str) -> None:
        """Epochs at an interval, and the end; a trial that is over between two looks says all at once."""
        if before in ENDED:
            return
        epoch, now = row.state.get("epoch", -1), time.monotonic()
        if epoch is not None and epoch > row.shown_epoch and now - row.logged >= LOGGED:
            row.shown_epoch, row.logged, left = epoch, now, row.left()
            text = f"{row.name}: epoch {epoch}  {_losses(row.state)}  {_genotype(row.state)}"
            self._say(text + (f"  {left} left" if left else ""))
        if row.stage == "done" != before:
            over = sum(other.stage in ENDED for other in self.rows)
            self._say(f"{row.name}: done{_judged(self.store.record(row.config.hash))}  ({over} of {len(self.rows)})")

    def _say(self, text: str, style: str = "") -> None:
        self.console.print(Text(text, style=style), soft_wrap=True, markup=False, highlight=False)

    def shown(self) -> RenderableType:
        """The total, the trials that run, as many as there is room for, and how many are folded."""
        running = [row for row in self.rows if row.stage not in (*ENDED, "waiting")]
        shown = running[: self._room(running)]
        count = {name: sum(row.stage == name for row in self.rows) for name in ("done", "failed", "waiting")}
        ended = f"{count['done']} of {len(self.rows)} trials done"
        self.total.update(self.task, description=ended + (f", {count['failed']} failed" if count["failed"] else ""))
        folded = [f"{count['waiting']} waiting"] if count["waiting"] else []
        folded += [f"{len(running) - len(shown)} more running"] if len(running) > len(shown) else []
        parts: list[RenderableType] = [self.total.get_renderable()]
        parts += [self._table(shown)] if shown else []
        parts += [Text(", ".join(folded), style="dim")] if folded else []
        return Group(*parts)

    def _name_width(self, rows: Sequence[Row]) -> int:
        return min(max(len(row.name) for row in rows), self.console.size.width // 2)

    def _room(self, rows: Sequence[Row]) -> int:
        """For how many of these trials there are lines: a name that is too long takes several."""
        left = self.console.size.height - AROUND
        for count, row in enumerate(rows):
            left -= len(Text(row.name).wrap(self.console, self._name_width(rows), overflow="fold"))
            if left < 0:
                return max(1, count)
        return len(rows)

    def _table(self, rows: Sequence[Row]) -> Table:
        """Trials, one a line; a name that is too long goes on in the next."""
        wide = self.console.size.width
        headings = ["trial", "stage", "", "epoch", "loss", "genotype now", "skips", "left"]
        headings = [heading for heading in headings if wide >= WIDTHS.get(heading, 0)]
        table = Table(box=None, pad_edge=False)
        for heading in headings:
            name = heading == "trial"
            table.add_column(heading, no_wrap=not name, overflow="fold", width=self._name_width(rows) if name else None)
        for row in rows:
            state, skips = row.state, row.state.get("skip_ratio")
            cells: dict[str, RenderableType] = {
                "trial": row.name,
                "stage": row.stage,
                "": ProgressBar(1.0, state.get("done", 0.0), width=12),
                "epoch": str(state.get("epoch", "")),
                "loss": _losses(state),
                "genotype now": _genotype(state),
                "skips": "" if skips is None else f"{skips:.0%}",
                "left": row.left(),
            }
            table.add_row(*(cells[heading] for heading in headings))
        return table


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").strip().splitlines()
    except (OSError, ValueError):
        return []


def _losses(state: State) -> str:
    losses = (("D_t", state.get("train_loss")), ("D_v", state.get("val_loss")))
    parts = [f"{half} {loss:.3f}" for half, loss in losses if loss]
    return ", ".join(parts) or (f"{state['val_accuracy']:.2f} %" if state.get("val_accuracy") else "")


def _genotype(state: State) -> str:
    text = str(state.get("genotype") or "")
    for long, short in (("skip_connect", "skip"), ("nor_conv_", ""), ("avg_pool_3x3", "pool")):
        text = text.replace(long, short)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _judged(rows: Sequence[Mapping[str, object]]) -> str:
    """How a trial ended, for a line of a log."""
    diverged = [f"diverged: {row['error']}" for row in rows if row.get("status") == "diverged"]
    errors = [f"{row['eval_dataset']} {row['test_error']:.2f} %" for row in rows if row.get("test_error") is not None]
    return "".join(f", {text}" for text in diverged[:1]) + (f", test error {', '.join(errors)}" if errors else "")


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes}:{rest:02d}"
