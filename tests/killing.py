"""A job in a process of its own, and its end by SIGKILL."""

from __future__ import annotations

import multiprocessing
import time
from pathlib import Path

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
