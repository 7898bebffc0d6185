"""What the user watches while trials run: a live table in a terminal, a line an epoch anywhere else."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from harness.config.trial import Job
from results.store import Store

POLL = 0.5
"""Seconds between two looks at the trials' folders."""

LONGEST = 100
"""Characters of a genotype that are shown: one of channels may have thousands."""


@dataclass
class Row:
    """One trial as the board sees it."""

    config: Job
    folder: Path
    state: dict[str, Any] = field(default_factory=dict)
    began: tuple[float, float] | None = None
    stage: str | None = None
    told: int = 0
    shown_epoch: int = -1

    @property
    def name(self) -> str:
        """What the user calls it."""
        return self.config.label

    def left(self) -> str:
        """Time left in this stage, from the pace since it was first seen."""
        stage, done = self.state.get("stage"), self.state.get("done", 0.0)
        if self.began is None or self.stage != stage:
            self.began, self.stage = (time.monotonic(), done), stage
        elapsed, gained = time.monotonic() - self.began[0], done - self.began[1]
        return _duration(elapsed / gained * (1 - done)) if gained > 0 else ""


class Board:
    """Polls the trials' folders in a thread: the same for serial runs, for Ray on one machine, and for a cluster."""

    def __init__(self, store: Store, configs: Sequence[Job], console: Console) -> None:
        self.store, self.console = store, console
        self.rows = [Row(config, store.trial_dir(config.hash)) for config in configs]
        for row in self.rows:
            row.told = len(_lines(row.folder))
        self._stop = threading.Event()

    def __enter__(self) -> Board:
        self._live = Live(console=self.console, auto_refresh=False) if self.console.is_terminal else None
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
            lines = _lines(row.folder)
            for line in lines[row.told :]:
                self.console.print(f"{row.name}: {line}", style="yellow", markup=False, highlight=False)
            row.told = len(lines)
            row.state = self._state(row)
            if self._live is None:
                self._print_epoch(row)
        if self._live is not None:
            self._live.update(self.table(), refresh=True)

    def _state(self, row: Row) -> dict[str, Any]:
        if self.store.is_done(row.config.hash):
            return row.state | {"stage": "done", "done": 1.0}
        try:
            state: dict[str, Any] = json.loads((row.folder / "progress.json").read_text())
            return row.state | state
        except (OSError, ValueError):
            failed = (row.folder / "error.txt").exists()
            return row.state | {"stage": "failed" if failed else row.state.get("stage", "waiting")}

    def _print_epoch(self, row: Row) -> None:
        epoch = row.state.get("epoch", -1)
        if epoch > row.shown_epoch:
            row.shown_epoch = epoch
            left = row.left()
            text = f"{row.name}: epoch {epoch}  {_losses(row.state)}  {_genotype(row.state)}"
            self.console.print(text + (f"  {left} left" if left else ""), markup=False, highlight=False, soft_wrap=True)

    def table(self) -> Table:
        """All trials, one a line."""
        table = Table(box=None, pad_edge=False)
        for heading in ("trial", "stage", "", "epoch", "loss", "genotype now", "skips", "left"):
            table.add_column(heading, no_wrap=True)
        for row in self.rows:
            state = row.state
            skips = state.get("skip_ratio")
            table.add_row(
                row.name,
                Text(str(state.get("stage", "waiting")), style="red" if state.get("stage") == "failed" else ""),
                ProgressBar(1.0, state.get("done", 0.0), width=12),
                str(state.get("epoch", "")),
                _losses(state),
                _genotype(state),
                "" if skips is None else f"{skips:.0%}",
                row.left() if state.get("stage") not in ("done", "failed") else "",
            )
        return table


def _lines(folder: Path) -> list[str]:
    path = folder / "messages.txt"
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def _losses(state: dict[str, Any]) -> str:
    parts = [f"{half} {state[key]:.3f}" for half, key in (("D_t", "train_loss"), ("D_v", "val_loss")) if state.get(key)]
    return ", ".join(parts) or (f"{state['val_accuracy']:.2f} %" if state.get("val_accuracy") else "")


def _genotype(state: dict[str, Any]) -> str:
    text = str(state.get("genotype") or "")
    for long, short in (("skip_connect", "skip"), ("nor_conv_", ""), ("avg_pool_3x3", "pool")):
        text = text.replace(long, short)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes}:{rest:02d}"
