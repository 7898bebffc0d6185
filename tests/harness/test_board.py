"""What is seen while trials run: a table that fits its terminal, a log where there is none, names that tell apart."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from harness.config.protocol import Protocol
from harness.config.trial import TrialConfig
from harness.execution.board import Board
from harness.execution.labels import labels
from results.store import Store

IMAGE = {"classes": 10, "in_channels": 1}


def trials(count: int, *overrides: str) -> list[TrialConfig]:
    protocol = Protocol.load("quick", "nats").set(overrides)
    return [protocol.trial("rarts", seed, IMAGE, "none") for seed in range(count)]


def terminal(width: int, height: int) -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=width, height=height, color_system=None)


def shown(board: Board) -> list[str]:
    """The board's lines in its terminal."""
    with board.console.capture() as capture:
        board.console.print(board.shown())
    return capture.get().rstrip("\n").split("\n")


def progress(store: Store, trial: TrialConfig, **state: object) -> None:
    folder = store.trial_dir(trial.hash)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "progress.json").write_text(json.dumps({"stage": "search", **state}))


def record(store: Store, trial: TrialConfig, **row: object) -> None:
    store.write_record(trial.hash, [{"status": "done", "eval_dataset": "digits", **row}])


@pytest.mark.parametrize(("width", "height"), [(80, 24), (40, 10), (200, 50)])
def test_the_table_fits_its_terminal_and_running_trials_come_first(tmp_path: Path, width: int, height: int) -> None:
    store, jobs = Store(tmp_path), trials(60)
    for job in jobs[:10]:
        record(store, job)
    running = jobs[30:50]
    for job in running:
        progress(store, job, done=0.5, epoch=10, train_loss=1.0, val_loss=2.0, genotype="|skip_connect~0|" * 6)
    board = Board(store, jobs, terminal(width, height))
    board.look()
    lines = shown(board)
    assert len(lines) < height
    assert all(len(line) <= width for line in lines)
    assert lines[0].startswith("10 of 60 trials done")
    text = "\n".join(lines)
    visible = [job.seed for job in running if f"rarts seed {job.seed} " in text]
    assert visible == [job.seed for job in running][: len(visible)] and visible
    assert "30 waiting" in lines[-1]
    assert f"{len(running) - len(visible)} more running" in lines[-1] or len(visible) == len(running)
    assert not any(f"rarts seed {job.seed} " in text for job in [*jobs[:10], *jobs[10:30]])


def test_the_total_counts_what_is_over_of_each_trial(tmp_path: Path) -> None:
    store, jobs = Store(tmp_path), trials(4)
    record(store, jobs[0])
    progress(store, jobs[1], done=0.5)
    board = Board(store, jobs, terminal(80, 24))
    board.look()
    assert board.total.tasks[0].completed == 1.5
    assert board.total.tasks[0].total == 4


def test_a_trial_that_is_trained_has_its_search_behind_it(tmp_path: Path) -> None:
    store = Store(tmp_path)
    job = Protocol.load("quick", "nats").trial("rarts", 0, IMAGE, "trained")
    board = Board(store, [job], terminal(80, 24))
    shares = []
    for stage, done in (("search", 0.0), ("search", 1.0), ("training for digits", 0.0), ("training for digits", 0.5)):
        progress(store, job, stage=stage, done=done)
        board.look()
        shares.append(board.total.tasks[0].completed)
    assert shares == [0, 0.5, 0.5, 0.75]


def test_at_80_columns_the_points_of_a_sweep_can_be_told_from_another(tmp_path: Path) -> None:
    store = Store(tmp_path)
    jobs = [job for lam in ("0.1", "10") for job in trials(2, f"rarts.lam={lam}", "arch_lr=0.01")]
    jobs += trials(2, "rarts.lam=0.1", "arch_lr=0.3")
    assert {*labels(jobs)[jobs[0].hash].split()} == {"rarts", "seed", "0", "lam=0.1", "arch_lr=0.01"}
    assert len(set(labels(jobs).values())) == 6
    for job in jobs:
        progress(store, job, done=0.5, epoch=3, train_loss=1.0, val_loss=1.0)
    board = Board(store, jobs, terminal(80, 24))
    board.look()
    words = " ".join(" ".join(shown(board)).split())
    assert "lam=0.1" in words and "lam=10" in words and "arch_lr=0.3" in words


def test_without_a_terminal_each_trial_says_start_epochs_and_end(tmp_path: Path) -> None:
    store, (fast, slow, failed) = Store(tmp_path), trials(3)
    console = Console(file=io.StringIO(), width=60)
    board = Board(store, [fast, slow, failed], console)
    record(store, fast, test_error=12.345)
    for epoch in range(50):
        progress(store, slow, done=epoch / 50, epoch=epoch, train_loss=1.0, val_loss=1.0)
        board.look()
    store.write_error(failed.hash, "Traceback\nRuntimeError: out of [/memory]")
    board.look()
    said = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert said[:2] == ["rarts seed 0: started", "rarts seed 0: done, test error digits 12.35 %  (1 of 3)"]
    assert said[2] == "rarts seed 1: started"
    assert said[3].startswith("rarts seed 1: epoch 0")
    assert len([line for line in said if "epoch" in line]) == 1, "not a line for each of fifty epochs in no time"
    assert said[-1] == "rarts seed 2: failed: RuntimeError: out of [/memory]"


def test_nothing_is_said_of_a_trial_after_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.execution.board.LOGGED", 0.0)
    store, (trial, _) = Store(tmp_path), trials(2)
    board = Board(store, [trial], console := Console(file=io.StringIO(), width=80))
    for epoch in range(3):
        progress(store, trial, done=epoch / 3, epoch=epoch, train_loss=1.0, val_loss=1.0)
        if epoch != 1:
            board.look()  # the one before the last was not seen
    record(store, trial, test_error=12.345)
    progress(store, trial, done=1.0, epoch=3, train_loss=1.0, val_loss=1.0)
    board.look()
    board.look()
    said = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert said[-1] == "rarts seed 0: done, test error digits 12.35 %  (1 of 1)"
