"""Who runs when: Ray Tune over the cores, devices and machines there are, or one trial after the other without it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.config.sections import Environment
from harness.config.trial import Job, TrialConfig
from harness.execution.job import parse, run_job
from results.errors import BadInput
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


def isolated(config: Job, environment: Environment, report: Any) -> None:
    """Run a trial; what makes it fail stays in its ``error.txt``."""
    try:
        run_job(config, environment, report)
    except Exception:
        # An error that names no trial in the store never reached one: that is the harness's own.
        if not (Store(Path(environment.run)).trial_dir(config.hash) / "error.txt").exists():
            raise


def run_ray(
    configs: Sequence[Job],
    environment: Environment,
    callbacks: Sequence[Any],
) -> None:
    """Every trial as a Ray Tune trial with ``environment.threads`` CPUs. Raises BadInput where there are too few.

    Of Tune only the scheduling is used: trials over cores, devices and nodes, and again where a process died. Its
    results and its restore are not, for the run folder is the truth: it holds every record and checkpoint, is what a
    relaunch goes on from, and is the same without Ray.
    """
    address, gpus_per_trial = environment.address, environment.gpus
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    import ray
    from ray import tune

    _start(ray, address)
    try:
        _check_resources(ray, environment.threads, gpus_per_trial, address)
        plain = environment.model_dump()

        def trainable(spec: dict[str, Any]) -> None:
            isolated(parse(spec["trial"]), Environment.model_validate(plain), tune.report)

        resources = {"cpu": environment.threads, "gpu": gpus_per_trial}
        tuner = tune.Tuner(
            tune.with_resources(trainable, resources),
            param_space={"trial": tune.grid_search([config.model_dump(mode="json") for config in configs])},
            tune_config=tune.TuneConfig(
                reuse_actors=True,
                trial_dirname_creator=lambda trial: str(trial.trial_id),
                trial_name_creator=lambda trial: _name(trial.config),
            ),
            run_config=tune.RunConfig(
                name=RAY_FOLDER,
                storage_path=str(Path(environment.run).resolve()),
                failure_config=tune.FailureConfig(max_failures=RETRIES),
                callbacks=list(callbacks),
                verbose=0,
            ),
        )
        tuner.fit()
    finally:
        ray.shutdown()
        if not callbacks:
            shutil.rmtree(Path(environment.run) / RAY_FOLDER, ignore_errors=True)


def _name(config: dict[str, Any]) -> str:
    trial = config.get("trial", {})
    return f"{trial.get('algorithm')}-seed{trial.get('seed')}"


def _start(ray: Any, address: str | None) -> None:
    quiet = {"log_to_driver": False, "logging_level": "ERROR"}
    if address is None:
        # Loopback only: nothing on the network can reach a run on one machine.
        # A cluster of its own: never one that Ray finds in RAY_ADDRESS or in a file that a dead cluster left behind.
        ray.init(address="local", include_dashboard=False, _node_ip_address="127.0.0.1", **quiet)
        return
    try:
        ray.init(address=address, **quiet)
    except (ConnectionError, ValueError) as error:
        raise BadInput(
            f"no Ray cluster at {address!r} ({str(error).splitlines()[0]}); start one or leave out --address"
        ) from None


def _check_resources(ray: Any, cpus: int, gpus: float, address: str | None) -> None:
    have = ray.cluster_resources()
    for kind, need, option in (("CPU", cpus, "--cpus-per-trial"), ("GPU", gpus, "--gpus-per-trial")):
        if need > have.get(kind, 0):
            where = f"the cluster at {address}" if address else "this machine"
            raise BadInput(f"{option} {need:g} is more than {where} has ({have.get(kind, 0):g} {kind}s)")
