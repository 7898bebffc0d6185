"""One trial in a process of its own: killed again and again, launched twice, launched when it is over."""

from __future__ import annotations

import random
import signal
from pathlib import Path

import pandas as pd
import pytest
from equal_runs import assert_same, frames
from killing import kill_when, launch

from harness.config.protocol import Protocol
from harness.config.sections import Environment
from harness.config.trial import TrialConfig
from harness.execution.job import run_job
from results.store import Store

ALGORITHMS = {"rarts": "nats", "random": "nats", "pdarts": "nats", "darts2": "darts"}
"""Each with the space that it searches."""

MOMENTS = {
    "rarts": ["config.json", "checkpoint.pt", "checkpoint.prev.pt", "evaluation-digits.pt"],
    "random": ["checkpoint.pt", "checkpoint.prev.pt"],
    "pdarts": ["config.json", "checkpoint.pt", "checkpoint.prev.pt"],  # a stage an epoch: killed in each
    "darts2": ["checkpoint.prev.pt"],
}
"""The files at whose appearance the process is killed, one launch after the other."""


def trial(algorithm: str) -> TrialConfig:
    """Three epochs of four steps, then a training that is short and still longer than the kill is late."""
    protocol = Protocol.load("quick", ALGORITHMS[algorithm])
    protocol = protocol.set(["epochs=3", "limit=64", "batch_size=16", "diagnostics.lambda_every=0"])
    protocol = protocol.set(["random.k=3", "evaluation.short_epochs=1", "evaluation.epochs=3"])
    if ALGORITHMS[algorithm] == "darts":
        protocol = protocol.set(["channels=2", "nodes=2", "evaluation.channels=4"])
    return protocol.trial(algorithm, 0, {"classes": 10, "in_channels": 1}, "trained")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[pd.DataFrame]]:
    """Records and history of each algorithm, run in this process."""
    found = {}
    for algorithm in ALGORITHMS:
        folder = tmp_path_factory.mktemp(algorithm)
        run_job(trial(algorithm), Environment(run=str(folder)))
        found[algorithm] = frames(folder)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_killed_again_and_again_is_equal(
    algorithm: str, undisturbed: dict[str, list[pd.DataFrame]], tmp_path: Path
) -> None:
    config, moments = trial(algorithm), random.Random(0)
    folder = Store(tmp_path).trial_dir(config.hash)
    for file in MOMENTS[algorithm]:
        process = launch(config, tmp_path)
        kill_when(process, folder / file, moments.uniform(0, 0.02))
        assert process.exitcode == -signal.SIGKILL, f"over before it was killed at {file}"
        assert not (folder / "done").exists()
    (folder / "checkpoint.1.tmp").write_bytes(b"cut short by a kill")
    process = launch(config, tmp_path)
    process.join()
    assert process.exitcode == 0
    assert_same(frames(tmp_path), undisturbed[algorithm])
    assert not [*folder.glob("*.pt"), *folder.glob("*.tmp")], "checkpoints outlive the trial"


def test_truncated_checkpoint_of_the_evaluation_is_named_and_the_end_is_equal(
    undisturbed: dict[str, list[pd.DataFrame]], tmp_path: Path
) -> None:
    config = trial("rarts")
    folder = Store(tmp_path).trial_dir(config.hash)
    process = launch(config, tmp_path)
    kill_when(process, folder / "evaluation-digits.prev.pt", 0)
    assert process.exitcode == -signal.SIGKILL
    # A kill between the two renames leaves the previous one only.
    paths = [folder / "evaluation-digits.pt", folder / "evaluation-digits.prev.pt"]
    newest = next(path for path in paths if path.exists())
    newest.write_bytes(newest.read_bytes()[:-1000])
    run_job(config, Environment(run=str(tmp_path)))
    assert f"{newest.name} is damaged" in (folder / "messages.txt").read_text()
    assert_same(frames(tmp_path), undisturbed["rarts"])


def test_second_launch_while_the_first_runs_waits_and_runs_nothing_twice(
    undisturbed: dict[str, list[pd.DataFrame]], tmp_path: Path
) -> None:
    config = trial("random")
    first, second = launch(config, tmp_path), launch(config, tmp_path)
    first.join()
    second.join()
    assert (first.exitcode, second.exitcode) == (0, 0)
    assert (
        (Store(tmp_path).trial_dir(config.hash) / "messages.txt").read_text().startswith("waiting for another process")
    )
    assert_same(frames(tmp_path), undisturbed["random"])


def test_done_trial_is_over_at_once(tmp_path: Path) -> None:
    config = trial("random")
    run_job(config, Environment(run=str(tmp_path)))
    folder = Store(tmp_path).trial_dir(config.hash)
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir() if path.name != ".lock"}
    run_job(config, Environment(run=str(tmp_path)))
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir() if path.name != ".lock"} == before
