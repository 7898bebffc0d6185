"""One retraining of one architecture: configuration in, record out."""

from __future__ import annotations

from datetime import UTC, datetime

from harness.config.sections import Environment
from harness.config.trial import Retraining
from harness.execution.watch import Watch
from harness.measuring.record import architecture_columns, retraining_columns
from harness.training.evaluate import from_training
from harness.training.task import Task
from harness.training.train import Diverged
from results.store import Store

NETWORK = "network.pt"
"""The trained weights, in the retraining's folder."""


class Retrain:
    """Trains one architecture from scratch. Its checkpoints lie in its folder; the trained network stays there."""

    def __init__(self, config: Retraining, environment: Environment, store: Store, watch: Watch) -> None:
        self.config, self.store, self.watch = config, store, watch
        self.task = Task(config, environment)
        self.folder = store.trial_dir(config.hash)
        self.columns = retraining_columns(config, environment)
        self.columns |= architecture_columns(self.task.space, config.genotype)

    def run(self) -> None:
        """Train from the last checkpoint on, test once, and write the record."""
        config, stem = self.config, f"evaluation-{self.config.dataset}"
        self.columns["started_at"] = datetime.now(UTC).isoformat(timespec="seconds")
        self.store.write_config(config.hash, config.model_dump(mode="json"), self.columns)
        try:
            found = {"status": "done", "error": ""} | from_training(
                self.task,
                config.genotype,
                config.dataset,
                self.folder,
                self.watch.say,
                self.tick,
                self.folder / NETWORK,
            )
        except Diverged as error:
            found = {"status": "diverged", "error": str(error)}
        self.store.write_record(config.hash, [self.columns | found])
        for path in [*self.folder.glob(f"{stem}*.pt"), *self.folder.glob("*.tmp")]:
            path.unlink()

    def tick(self, epoch: int, epochs: int) -> None:
        """Tell who watches that an epoch begins."""
        self.watch.update(stage=f"training for {self.config.dataset}", done=epoch / epochs)
        self.watch.epoch({"epoch": epoch})
