"""Who runs when: Ray Tune over the cores, devices and machines there are, or one trial after the other without it."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.config.sections import Environment
from harness.config.trial import Job, TrialConfig
from harness.execution.cluster import check_nodes, check_resources, connected
from harness.execution.job import parse, run_job
from harness.execution.labels import labels
from harness.execution.watch import Report
from harness.measuring.device import DeviceLost
from results.store import Store

RAY_FOLDER = "ray"
"""Ray's own results inside the run's folder: kept only where a logger writes there."""

RETRIES = 2
"""Times Ray starts a trial again whose process died; it goes on from its checkpoint."""

QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_AIR_NEW_OUTPUT": "0",
    "TUNE_WARN_EXCESSIVE_EXPERIMENT_CHECKPOINT_SYNC_THRESHOLD_S": "0",
}
"""What Ray must know before it is imported: no report home, no change of folder; interrupts and board are ours."""


def waves(configs: Sequence[Job]) -> list[list[Job]]:
    """The trials that need no other's record, then those that do; none where there is none."""
    needy = [c for c in configs if isinstance(c, TrialConfig) and c.hyper.after()]
    waves: list[list[Job]] = [[c for c in configs if c not in needy], [*needy]]
    return [wave for wave in waves if wave]


def run_serial(configs: Sequence[Job], environment: Environment) -> None:
    """Every trial in this process; one that fails is in the store, and the others go on."""
    for config in configs:
        isolated(config, environment, None)


def isolated(config: Job, environment: Environment, report: Report | None) -> None:
    """Run a trial; what makes it fail stays in its ``error.txt``."""
    try:
        run_job(config, environment, report)
    except DeviceLost:
        if report is None:
            raise
        # Ray would give this process to the next trial: it starts this one again in another.
        os._exit(1)
    except Exception:
        # An error that names no trial in the store never reached one: that is the harness's own.
        if not (Store(Path(environment.run)).trial_dir(config.hash) / "error.txt").exists():
            raise


def run_ray(
    configs: Sequence[Job],
    environment: Environment,
    callbacks: Sequence[Any],
) -> None:
    """Every trial as a Ray Tune trial with ``environment.threads`` CPUs.

    Of Tune only the scheduling is used: trials over cores, devices and nodes, and again where a process or a node died.
    Its results and its restore are not, for the run folder is the truth: it holds every record and checkpoint, is what
    a relaunch goes on from, and is the same without Ray; the board and the loggers' end read it too.

    Raises
    ------
    BadInput
        Where there are too few CPUs or GPUs, no cluster at the address, or a node that cannot do the trials' work.
    ConnectionError
        Where the cluster's head died; the trials are resumable.
    """
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    from harness.execution.worker import foreign_folder

    plain, foreign = environment.model_dump(), foreign_folder()

    def trainable(spec: dict[str, dict[str, object]]) -> None:
        # Sent to the worker by value: nothing of ours is imported there before the path is in order.
        import sys

        from ray import tune

        if foreign in sys.path:
            sys.path.remove(foreign)
        from harness.execution.worker import work

        work(spec["trial"], plain, tune.report)

    with connected(environment.address):
        check_resources(environment)
        if environment.address is not None:
            check_nodes(environment, foreign)
        try:
            _tuner(trainable, configs, environment, callbacks).fit()
        finally:
            if not callbacks:
                shutil.rmtree(Path(environment.run) / RAY_FOLDER, ignore_errors=True)


def _tuner(trainable: Any, configs: Sequence[Job], environment: Environment, callbacks: Sequence[Any]) -> Any:
    from ray import tune

    # What loggers call a trial is a folder's name as well.
    named = {trial: re.sub(r"[^\w.=+-]+", "-", label) for trial, label in labels(configs).items()}
    return tune.Tuner(
        tune.with_resources(trainable, {"cpu": environment.threads, "gpu": environment.gpus}),
        param_space={"trial": tune.grid_search([config.model_dump(mode="json") for config in configs])},
        tune_config=tune.TuneConfig(
            reuse_actors=True,
            trial_dirname_creator=lambda trial: named[parse(trial.config["trial"]).hash],
            trial_name_creator=lambda trial: named[parse(trial.config["trial"]).hash],
        ),
        run_config=tune.RunConfig(
            name=RAY_FOLDER,
            storage_path=str(Path(environment.run).resolve()),
            failure_config=tune.FailureConfig(max_failures=RETRIES),
            callbacks=list(callbacks),
            verbose=0,
        ),
    )
