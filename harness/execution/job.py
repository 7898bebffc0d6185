"""Run one job, a search or a retraining, to its record: under its lock, with or without Ray."""

from __future__ import annotations

import traceback
from pathlib import Path

import torch

from harness.config.sections import Environment
from harness.config.trial import Job, Retraining, TrialConfig
from harness.execution.retrain import Retrain
from harness.execution.search import Trial
from harness.execution.watch import Report, Watch
from harness.measuring.device import DeviceLost, lost, prepare, told
from harness.measuring.record import retraining_columns, static_columns
from results.errors import BadInput
from results.store import Store


def parse(plain: dict[str, object]) -> Job:
    """The job that ``model_dump`` wrote."""
    return (Retraining if "genotype" in plain else TrialConfig).parse(plain)


def run_job(
    config: Job,
    environment: Environment,
    report: Report | None = None,
) -> None:
    """Run or resume one job until its record stands in the run's folder; at once over if it is done.

    Raises what made it fail, after writing it to ``error.txt``; of the user's faults the one line stands last. An
    interrupt leaves a resumable job. Raises DeviceLost where no other job can run in this process.
    """
    store = Store(Path(environment.run))
    watch = Watch(store.trial_dir(config.hash), report)
    with store.lock(config.hash, lambda: watch.say("waiting for another process that still holds this trial")):
        if store.is_done(config.hash):
            return
        torch.set_num_threads(environment.threads)
        prepare(torch.device(environment.device))
        try:
            # First, so that a job that fails at once still has a name.
            if isinstance(config, Retraining):
                store.write_config(config.hash, config.model_dump(mode="json"), retraining_columns(config, environment))
                Retrain(config, environment, store, watch).run()
            elif isinstance(config, TrialConfig):
                store.write_config(config.hash, config.model_dump(mode="json"), static_columns(config, environment))
                Trial(config, environment, store, watch).run()
        except BadInput as fault:
            store.write_error(config.hash, f"{traceback.format_exc()}\n{' '.join(str(fault).split())}")
            raise
        except Exception as error:
            line = told(error, environment.device, environment.gpus)
            store.write_error(config.hash, f"{traceback.format_exc()}{line}")
            if line and lost(torch.device(environment.device)):
                raise DeviceLost(line) from error
            raise
        finally:
            watch.close()
