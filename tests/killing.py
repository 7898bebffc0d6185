"""How a job ends early: in a process of its own by SIGKILL, in this one by an interrupt."""

from __future__ import annotations

import multiprocessing
import time
from pathlib import Path
from typing import Any

from harness.config.sections import Environment
from harness.config.trial import Job
from harness.execution.job import run_job


def launch(config: Job, folder: Path) -> multiprocessing.process.BaseProcess:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["harness.execution.job"])
    process = context.Process(target=run_job, args=(config, Environment(run=str(folder))))
    process.start()
    return process


def kill_when(process: multiprocessing.process.BaseProcess, path: Path, delay: float) -> None:
    """SIGKILL ``delay`` seconds after ``path`` appeared."""
    deadline = time.monotonic() + 60
    while not path.exists():
        assert process.is_alive() and time.monotonic() < deadline, f"{path.name} never appeared"
        time.sleep(0.0005)
    time.sleep(delay)
    process.kill()
    process.join()


class Interrupting:
    """Interrupts a trial at the second row that it reports: the first one's checkpoint is then what it goes on from."""

    def __init__(self) -> None:
        self.rows = 0

    def __call__(self, row: dict[str, Any]) -> None:
        self.rows += 1
        if self.rows == 2:
            raise KeyboardInterrupt
