"""A plan run to its records: announced, scheduled in waves, collected."""

from __future__ import annotations

import pandas as pd
from rich.console import Console

from harness.config.sections import Comparison
from harness.execution.board import Board
from harness.execution.loggers import callbacks
from harness.execution.schedule import run_ray, run_serial, waves
from harness.planning.plan import Plan
from results.store import Store


def run(made: Plan, console: Console) -> pd.DataFrame:
    """Run what is missing of a plan and return all its records."""
    environment = made.environment
    _announce(made, console)
    store = Store.open_run(made.folder, made.config, Comparison.FROZEN)
    for trial in made.trials:
        store.verify(trial.hash)
    pending = [trial for trial in made.trials if not store.is_done(trial.hash)]
    done = len(made.trials) - len(pending)
    if done:
        console.print(f"{done} of {len(made.trials)} trials are done already; {len(pending)} to run")
    if pending:
        with Board(store, made.trials, console):
            for wave in waves(pending):
                if environment.serial:
                    run_serial(wave, environment)
                else:
                    run_ray(wave, environment, callbacks(environment.log, made.folder))
    for trial in pending:
        folder = store.trial_dir(trial.hash)
        if not store.is_done(trial.hash) and not (folder / "error.txt").exists():
            store.write_error(trial.hash, "the trial's process died again and again (killed, or out of memory?)")
    return store.collect()


def _announce(made: Plan, console: Console) -> None:
    comparison = made.comparison
    changed = [*(f"{key} = {value}" for key, value in comparison.overrides.items()), *comparison.changed]
    kind = "a reduced protocol" if comparison.reduced else "a protocol of full size"
    kind += f", changed: {', '.join(changed)}" if changed else ""
    stands_for = f"protocol {comparison.protocol} ({kind}): {comparison.stands_for}"
    console.print(stands_for, markup=False, highlight=False, soft_wrap=True)
    for note in made.notes:
        console.print(note, markup=False, highlight=False, soft_wrap=True)
    names = ", ".join(dict.fromkeys(trial.algorithm for trial in made.trials))
    seeds = ", ".join(str(seed) for seed in dict.fromkeys(trial.seed for trial in made.trials))
    where = f"{made.environment.device}, {made.environment.threads} thread(s) a trial"
    console.print(
        f"{len(made.trials)} trials: {names}; seeds {seeds}; {where}; run folder {made.folder}", soft_wrap=True
    )
