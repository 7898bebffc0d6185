"""What a worker of Ray's does with a trial: imported there by name, after its path is in order."""

from __future__ import annotations

from pathlib import Path

from harness.config import plugins
from harness.config.sections import Environment
from harness.execution.job import parse
from harness.execution.schedule import isolated
from harness.execution.watch import Report
from results.store import Store

PACKAGE = Path(__file__).parents[2]
"""The folder that holds the harness."""


def work(trial: dict[str, object], environment: dict[str, object], report: Report) -> None:
    """Run one trial, its plug-ins imported before its configuration is read; what makes it fail is in its folder.

    At its end ``report`` gets the test error on each data set, where there is one.
    """
    plain = Environment.model_validate(environment)
    plugins.load_here(plain.plugins)
    job = parse(trial)
    isolated(job, plain, report)
    rows = Store(Path(plain.run)).record(job.hash)
    errors = {f"test_error.{row['eval_dataset']}": row.get("test_error") for row in rows}
    if found := {name: error for name, error in errors.items() if error is not None}:
        report(found)


def foreign_folder() -> str:
    """The current folder, which Ray puts first on its workers' path; empty where it is the harness's own.

    A user's own ``results.py`` in it would be taken for the harness's.
    """
    here = Path.cwd()
    return "" if here == PACKAGE else str(here)
