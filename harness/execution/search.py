"""One trial: configuration in, record out. Stages: search, discretise, evaluate."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from datetime import UTC, datetime

from algorithms import ALGORITHMS
from algorithms.base import Algorithm, Setting, State
from harness.config.sections import Environment
from harness.config.trial import TrialConfig
from harness.execution.checkpoint import SUPERNET, Checkpoint
from harness.execution.watch import INTERVAL, Watch
from harness.measuring.clock import Clock, PeakMemory
from harness.measuring.device import share_of
from harness.measuring.diagnostics import Probe
from harness.measuring.record import device_columns, found_columns, search_columns, static_columns
from harness.training.evaluate import as_found, evaluator, from_training, table_columns, table_error
from harness.training.prune import from_pruning
from harness.training.task import Task
from harness.training.train import Diverged
from results.metrics import ASKED
from results.store import Store
from spaces.base import Batch


class Trial:
    """The state of one running trial."""

    def __init__(self, config: TrialConfig, environment: Environment, store: Store, watch: Watch) -> None:
        self.config, self.store, self.watch = config, store, watch
        self.task = Task(config, environment)
        self.folder = store.trial_dir(config.hash)
        self.checkpoint = Checkpoint(self.folder)
        task = self.task
        self.columns = static_columns(config, environment) | {
            "n_train": task.split.n_train,
            "n_val": task.split.n_val,
        }
        self.latencies = task.latencies  # now, so that a file that was replaced is told before the search
        judge = evaluator(task, config.evaluation)
        setting = Setting(
            *(task.space, config.hyper, task.seeded, task.device, judge, self.record_of),
            cuda_graphs=environment.cuda_graphs,
        )
        self.algorithm: Algorithm = ALGORITHMS[config.algorithm](setting)
        self.train, self.val = task.stream("train"), task.stream("val")
        diagnostics = config.settings.diagnostics
        subset = task.fixed(diagnostics.subset, config.settings.batch_size)
        self.probe = Probe(task.space, diagnostics, subset, task.fixed(diagnostics.lambda_batch, 2**30)[0])
        self.clock, self.memory = Clock(task.device), PeakMemory(task.device)
        self.epoch, self.memory_mb, self.diagnostics_seconds = 0, 0.0, 0.0
        self.started_at = datetime.now(UTC).isoformat(timespec="seconds")
        self.history: list[dict[str, object]] = []
        self.error, self.selected, self.written = "", False, -INTERVAL

    def run(self) -> None:
        """Search from the last checkpoint on, evaluate, and write the record."""
        self.store.write_config(self.config.hash, self.config.model_dump(mode="json"), self.columns)
        state = self.checkpoint.load(self.watch.say)
        if state is not None:
            with self.checkpoint.taken():
                self.load_state_dict(state)
        if not self.history:
            self.history.append(self.row({}))
        while not self.error and not self.finished():
            self.search_epoch()
            if self.epoch % self.config.settings.checkpoint_every == 0 or self.error or self.finished():
                self.checkpoint.save(self.state_dict())
        if not self.selected and not self.error and self.selection():
            self.checkpoint.save(self.state_dict())
        rows = self.evaluate()
        self.store.write_history(self.config.hash, self.history)
        kept = Checkpoint(self.folder, SUPERNET)
        if self.task.environment.keep_supernet and self.algorithm.search is not None and not self.error:
            kept.remove()  # of a process that was killed behind this line
            kept.save({"algorithm": self.algorithm.state_dict()})
        self.store.write_record(self.config.hash, rows)
        # A kill while a checkpoint was written leaves its temporary file.
        for path in [*self.folder.glob("*.pt"), *self.folder.glob("*.tmp")]:
            if path != kept.current:
                path.unlink()

    def search_epoch(self) -> None:
        """One epoch under the clock, its memory measured, then its diagnostics outside of both."""
        self.algorithm.on_epoch(self.epoch, self.progress())
        with self.memory.running(), self.clock.running():
            losses = self.algorithm.epoch(self.pairs())
        self.close_epoch(losses)

    def selection(self) -> bool:
        """What the algorithm does after its last epoch, under the clock and beyond the budget: a row of its own.

        Returns whether it did anything.

        A trial killed in it starts it again from the last epoch's checkpoint.
        """
        self.watch.update(force=True, stage="selection", done=1.0)
        self.algorithm.progress = self.progress()  # not the last step's, which a resumed trial does not know
        with self.memory.running(), self.clock.running():
            losses = self.algorithm.select(zip(self.train, self.val, strict=True))
        self.selected = True
        if losses is None:
            return False
        self.close_epoch(losses)
        return True

    def close_epoch(self, losses: dict[str, float]) -> None:
        """Count the epoch and write its row; a loss that is not finite ends the trial."""
        self.epoch += 1
        self.memory_mb = max(self.memory_mb, self.memory.peak_mb)
        if bad := [name for name, value in losses.items() if not math.isfinite(value)]:
            self.error = f"{bad[0]} is not finite in epoch {self.epoch}"
            return
        row = self.row(losses)
        self.history.append(row)
        self.watch.epoch(row)
        # For who reads a run under way: a thousand short epochs would else take most of their time to write.
        if time.monotonic() - self.written >= INTERVAL:
            self.store.write_history(self.config.hash, self.history)
            self.written = time.monotonic()

    def pairs(self) -> Iterator[tuple[Batch, Batch]]:
        """An epoch of the half for w, beside as many batches of the other; fewer where a budget runs out."""
        steps = self.train.steps_per_epoch
        for step in range(steps):
            if step and self.config.budget.kind != "epochs" and self.finished():
                return
            self.algorithm.progress = self.progress(step / steps)
            self.watch.update(stage="search", done=self.algorithm.progress, seconds=self.clock.now())
            yield next(self.train), next(self.val)

    def progress(self, epoch_share: float = 0.0) -> float:
        """The share of the budget that is used."""
        budget = self.config.budget
        if budget.kind == "epochs":
            return (self.epoch + epoch_share) / self.algorithm.epochs(int(budget.amount))
        used = self.algorithm.counts.macs if budget.kind == "macs" else self.seconds()
        return used / budget.amount

    def finished(self) -> bool:
        """Whether the budget is used up, or the search has stopped before."""
        return self.algorithm.stopped or self.progress() >= 1

    def seconds(self) -> float:
        """The search's cost: its clock, and what an evaluator charged on top (NaN where a table does not know)."""
        return self.clock.now() + self.algorithm.charged_seconds

    def row(self, losses: dict[str, float]) -> dict[str, object]:
        """The history row of the epoch that has just ended."""
        start = time.perf_counter()
        row = self.probe.row(self.algorithm, self.epoch)
        self.diagnostics_seconds += time.perf_counter() - start
        cost = search_columns(self.algorithm, self.seconds(), self.memory_mb)
        names = ("search_seconds", "search_macs", "forwards", "weight_backwards", "alpha_backwards")
        identity = {"algorithm": self.config.algorithm, "seed": self.config.seed}
        asked = {ASKED: self.algorithm.asked} if self.algorithm.asked else {}
        costs = {name: cost[name] for name in names} | {"diagnostics_seconds": self.diagnostics_seconds}
        return identity | {"progress": min(self.progress(), 1.0)} | row | asked | losses | costs

    def evaluate(self) -> list[dict[str, object]]:
        """The record's rows, one an evaluation data set."""
        shared = self.columns | {"started_at": self.started_at, "status": "diverged" if self.error else "done"}
        share = share_of(self.task.environment.device, self.task.environment.gpus)
        shared |= search_columns(self.algorithm, self.seconds(), self.memory_mb, share)
        datasets = self.config.settings.eval_datasets
        if self.error:
            return [shared | {"error": self.error, "eval_dataset": dataset} for dataset in datasets]
        last = self.history[-1]
        shared |= {"error": ""} | found_columns(self.task.space, last)
        if self.latencies is not None:
            shared |= device_columns(self.latencies, self.config.devices, str(last["genotype"]))
        return [
            shared | {"eval_dataset": dataset} | self.judged(str(last["genotype"]), dataset) for dataset in datasets
        ]

    def judged(self, genotype: str, dataset: str) -> dict[str, object]:
        """``score``, or what to say of a training whose loss is no number any more."""
        try:
            return self.score(genotype, dataset)
        except Diverged as error:
            return {"status": "diverged", "error": str(error)}

    def score(self, genotype: str, dataset: str) -> dict[str, object]:
        """The record columns of one evaluation, and with a table the history's anytime accuracies."""
        kind = self.config.evaluation

        def tick(epoch: int, epochs: int) -> None:
            self.watch.update(force=True, stage=f"training for {dataset}", done=epoch / epochs)

        if kind == "table":
            for row in self.history:
                accuracy = 100 - table_error(self.task.space, str(row["genotype"]), dataset)
                row[f"table_accuracy.{dataset}"] = accuracy
                if ASKED in row:
                    row[f"{ASKED}.test_error.{dataset}"] = table_error(self.task.space, str(row[ASKED]), dataset)
            return table_columns(self.task.space, genotype, dataset)
        if kind == "pruned":
            search = self.algorithm.search
            assert search is not None, "the plan lets no other algorithm prune"
            return from_pruning(self.task, search, genotype, self.folder, self.watch.say, tick)
        if kind == "trained":
            return from_training(self.task, genotype, dataset, self.folder, self.watch.say, tick)
        return as_found(self.task, genotype, dataset)

    def record_of(self, algorithm: str) -> str | None:
        """What the run's finished search by ``algorithm`` found, all else but hyperparameters as in this trial."""
        return self.store.found(self.config.alike(algorithm))

    def state_dict(self) -> State:
        """Everything that the rest of the trial depends on: tensors and plain types."""
        names = ("epoch", "memory_mb", "diagnostics_seconds", "started_at", "history", "error", "selected")
        state = {name: getattr(self, name) for name in names}
        streams = {"train": self.train.state_dict(), "val": self.val.state_dict()}
        return state | streams | {"algorithm": self.algorithm.state_dict(), "seconds": self.clock.seconds}

    def load_state_dict(self, state: State) -> None:
        """Continue where ``state_dict`` was taken."""
        self.train.load_state_dict(state.pop("train"))
        self.val.load_state_dict(state.pop("val"))
        self.algorithm.load_state_dict(state.pop("algorithm"))
        self.clock.seconds = state.pop("seconds")
        for name, value in state.items():
            setattr(self, name, value)
