"""Kills at random moments and flipped bytes: a trial ends bit for bit as an undisturbed one, or a line refuses it.

An attack of many minutes, skipped but where HARNESS_ATTACKS says how many: HARNESS_ATTACKS=50 python -m pytest -n 0 -s
tests/harness/test_attack.py prints how many were attempted and survived. Single ones are in test_trial_killed,
test_trial_resume and test_changed_results.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from equal_runs import assert_same, frames
from killing import launch

import results
from harness.config.protocol import Protocol
from harness.config.sections import Environment
from harness.config.trial import TrialConfig
from harness.execution.job import run_job
from results import archive
from results.errors import BadInput
from results.store import Store

ATTACKS = int(os.environ.get("HARNESS_ATTACKS", "0"))
pytestmark = pytest.mark.skipif(not ATTACKS, reason="an attack of many minutes: set HARNESS_ATTACKS")
IMAGE = {"classes": 10, "in_channels": 1}
SETTINGS = ["epochs=4", "limit=64", "batch_size=16", "evaluation.epochs=2", "diagnostics.subset=16", "random_ws.k=5"]
NAMES = ("rarts", "gdas", "random_ws")


def trial(algorithm: str, seed: int = 0) -> TrialConfig:
    return Protocol.load("quick", "nats").set(SETTINGS).trial(algorithm, seed, IMAGE, "trained")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of each algorithm, and of the checkpoints that a kill in mid-search leaves."""
    folder = tmp_path_factory.mktemp("undisturbed")
    for name in NAMES:
        run_job(trial(name), Environment(run=str(folder)))
    (folder / "config.yaml").write_text("space: nats\n")
    return folder


def test_kills_at_random_moments_end_as_undisturbed(undisturbed: Path, tmp_path: Path) -> None:
    draw, done, kills = random.Random(0), 0, 0
    folder = tmp_path / "0"
    while kills < ATTACKS or done % len(NAMES):
        config = trial(NAMES[done % len(NAMES)])
        process = launch(config, folder)
        process.join(draw.uniform(0.05, 1.5) if kills < ATTACKS * (1 + done) / len(NAMES) else None)
        if process.is_alive():
            process.kill()
            process.join()
            kills += 1
        elif process.exitcode == 0:
            done += 1
            if done % len(NAMES) == 0:
                assert_same(frames(folder), frames(undisturbed))
                folder = tmp_path / str(done)
        else:
            raise AssertionError(f"{config.label} ended with {process.exitcode} after {kills} kills")
    print(f"kills of a trial's process: {kills} attempted, all ended bit-identical")


def left_in_mid_search(folder: Path, config: TrialConfig) -> Path:
    """A trial's folder with two checkpoints of its search."""
    process, trial_dir = launch(config, folder), Store(folder).trial_dir(config.hash)
    while not (trial_dir / "checkpoint.prev.pt").exists():
        assert process.is_alive()
        time.sleep(0.001)
    process.kill()
    process.join()
    return trial_dir


def flip(path: Path, draw: random.Random) -> None:
    content = bytearray(path.read_bytes())
    content[draw.randrange(len(content))] ^= draw.randrange(1, 256)
    path.write_bytes(content)


def test_a_flipped_byte_in_a_checkpoint_is_named_and_changes_nothing(undisturbed: Path, tmp_path: Path) -> None:
    config, draw, named = trial("rarts"), random.Random(1), 0
    left_in_mid_search(tmp_path / "left", config)
    records = frames(undisturbed)[0]
    want = records[records["algorithm"] == "rarts"].reset_index(drop=True).dropna(axis=1, how="all")
    for index in range(ATTACKS):
        folder = tmp_path / str(index)
        shutil.copytree(tmp_path / "left", folder)
        checkpoints = sorted(Store(folder).trial_dir(config.hash).glob("checkpoint*.pt"))
        flip(checkpoints[index % len(checkpoints)], draw)
        run_job(config, Environment(run=str(folder)))
        messages = Store(folder).trial_dir(config.hash) / "messages.txt"
        named += messages.exists() and "is damaged" in messages.read_text()
        assert_same([frames(folder)[0].dropna(axis=1, how="all")], [want])
        shutil.rmtree(folder)
    assert named >= ATTACKS // 2, "the newest is read first; the one before it only where that is damaged"
    print(f"bytes flipped in checkpoints: {ATTACKS} attempted, all ended bit-identical")


@pytest.mark.parametrize("name", ["record.json", "history.parquet", "config.json", "done", "run.zip"])
def test_a_flipped_byte_in_what_is_finished_is_refused_or_no_change(
    undisturbed: Path, tmp_path: Path, name: str
) -> None:
    folder, draw, outcome = tmp_path / "run", random.Random(name), Counter[str]()
    shutil.copytree(undisturbed, folder)
    packed = archive.pack(folder, tmp_path / "run.zip")
    path, what = (packed, packed) if name == "run.zip" else (next(folder.rglob(name)), folder)
    whole, want = path.read_bytes(), results.load(what).records
    for _ in range(5 * ATTACKS):
        flip(path, draw)
        try:
            assert_same([results.load(what).records], [want])
            outcome["no change"] += 1
        except BadInput as error:
            assert "\n" not in str(error)
            outcome["refused"] += 1
        path.write_bytes(whole)
    assert outcome["refused"]
    print(f"bytes flipped in {name}: {5 * ATTACKS} attempted, {dict(outcome)}")


@pytest.mark.slow
def test_trials_killed_on_ray_end_as_those_of_an_undisturbed_serial_run(tmp_path: Path) -> None:
    words = ["run", "--no-random", "--algos", "rarts,gdas,darts1", "--seeds", "0,1"]
    words += [word for setting in SETTINGS for word in ("--set", setting)]

    def start(out: Path, *options: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "harness", *words, "--out", str(out), *options]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    draw, kills, launches = random.Random(2), 0, 0
    process = None
    while process is None or process.poll() is None or process.returncode:
        if process is None or process.poll() is not None:
            assert launches < 2 + ATTACKS, process.communicate()[0] if process else ""
            process, launches = start(tmp_path / "ray"), launches + 1
        time.sleep(draw.uniform(0.2, 2.0))
        if kills < ATTACKS:
            kills += killed_worker(process.pid, draw)
    assert start(tmp_path / "serial", "--serial").wait() == 0
    assert_same(frames(tmp_path / "ray"), frames(tmp_path / "serial"))
    assert kills >= min(ATTACKS, 2)
    print(f"kills of trials' processes on Ray: {kills} attempted, {launches} launches, all ended bit-identical")


def killed_worker(driver: int, draw: random.Random) -> bool:
    """SIGKILL one of the driver's processes in which a trial runs, if there is any."""
    with suppress(psutil.Error):
        every = psutil.Process(driver).children(recursive=True)
        at_work = [p for p in every if "ImplicitFunc" in " ".join(p.cmdline()) or "trainable" in " ".join(p.cmdline())]
        if at_work:
            draw.choice(at_work).send_signal(signal.SIGKILL)
            return True
    return False
