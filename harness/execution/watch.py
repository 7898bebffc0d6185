"""How a trial tells what it is doing: two small files in its folder, which any process that can see them may show."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from results.atomic import write_text
from results.errors import BadInput

INTERVAL = 1.0
"""Seconds between two writes of one stage."""


Report = Callable[[dict[str, object]], None]
"""Who hears a trial's figures: Ray's ``report``."""


class Watch:
    """A trial's progress in ``progress.json``, its messages in ``messages.txt``, its epochs through ``report``.

    What cannot be written is not shown: no search ends for that.
    """

    def __init__(self, folder: Path, report: Report | None = None) -> None:
        self.progress, self.messages, self._report = folder / "progress.json", folder / "messages.txt", report
        self._state: dict[str, object] = {}
        self._written = 0.0

    def say(self, text: str) -> None:
        """One line for the user; kept with the trial."""
        with suppress(OSError):
            self.messages.parent.mkdir(parents=True, exist_ok=True)
            with self.messages.open("a", encoding="utf-8") as file:
                file.write(f"{text}\n")

    def update(self, force: bool = False, **values: object) -> None:
        """Change what is shown; written at most once in INTERVAL seconds unless ``force``."""
        self._state |= values
        now = time.monotonic()
        if force or now - self._written >= INTERVAL:
            self._written = now
            with suppress(OSError, BadInput):
                write_text(self.progress, json.dumps(self._state))

    def epoch(self, row: Mapping[str, object]) -> None:
        """An epoch is over."""
        shown = ("epoch", "genotype", "skip_ratio", "train_loss", "val_loss", "val_accuracy")
        self.update(force=True, **{name: row.get(name) for name in shown})
        if self._report is not None:
            self._report({name: value for name, value in row.items() if isinstance(value, (int, float))})

    def close(self) -> None:
        """Nothing is under way any more."""
        self.progress.unlink(missing_ok=True)
