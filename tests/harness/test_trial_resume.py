"""A trial killed at any moment and relaunched ends with the record of an undisturbed one; so do Ray and serial runs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from equal_runs import CLOCKS, assert_same, frames

import results

TINY = [
    "run", "--seeds", "0", "--no-random", "--algos", "rarts,darts2", "--set", "epochs=4", "--set", "limit=64",
    "--set", "evaluation.epochs=3", "--set", "diagnostics.subset=16", "--set", "arch_lr=0.1",
]  # fmt: skip


def launch(out: Path, *options: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "harness", *TINY, "--out", str(out), *options]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(command, env=os.environ | {"OMP_NUM_THREADS": "1"}, start_new_session=True, **quiet)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("undisturbed") / "run"
    assert launch(out, "--serial").wait(timeout=240) == 0
    assert (frames(out)[0]["status"] == "done").all()
    return out


def wait_for(out: Path, pattern: str) -> None:
    for _ in range(2400):
        if any(out.glob(pattern)):
            return
        time.sleep(0.05)
    raise AssertionError(f"{pattern} never appeared")


def test_a_run_killed_twice_and_relaunched_equals_an_undisturbed_one(undisturbed: Path, tmp_path: Path) -> None:
    """In a search, and in an evaluation."""
    for moment in ("trials/*/checkpoint.prev.pt", "trials/*/evaluation-*.pt"):
        process = launch(tmp_path / "run", "--serial")
        wait_for(tmp_path / "run", moment)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert launch(tmp_path / "run", "--serial").wait(timeout=240) == 0
    assert_same(frames(tmp_path / "run", CLOCKS), frames(undisturbed, CLOCKS))


def test_a_truncated_checkpoint_falls_back_and_says_so(undisturbed: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    process = launch(out, "--serial")
    wait_for(out, "trials/*/checkpoint.prev.pt")
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    wait_for(out, "trials/*/checkpoint.prev.pt")
    (previous,) = out.glob("trials/*/checkpoint.prev.pt")
    current = previous.with_name("checkpoint.pt")
    whole = current.read_bytes() if current.exists() else previous.read_bytes()
    current.write_bytes(whole[: len(whole) // 2])
    assert launch(out, "--serial").wait(timeout=240) == 0
    assert "damaged" in (previous.parent / "messages.txt").read_text()
    assert_same(frames(out, CLOCKS), frames(undisturbed, CLOCKS))


def test_a_run_through_ray_equals_a_serial_one_though_its_driver_was_killed(undisturbed: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    process = launch(out)
    wait_for(out, "trials/*/checkpoint.pt")
    process.kill()
    process.wait()
    assert launch(out).wait(timeout=240) == 0
    assert_same(frames(out, CLOCKS), frames(undisturbed, CLOCKS))


def test_a_worker_of_ray_killed_in_its_trial_is_replaced_and_the_run_equals_a_serial_one(
    undisturbed: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    process = launch(out)
    wait_for(out, "trials/*/checkpoint.pt")
    worker, trial = working(process, out)
    worker.kill()
    assert not (trial / "done").exists(), "over before it was killed"
    assert process.wait(timeout=240) == 0, "the run goes on without being launched again"
    assert_same(frames(out, CLOCKS), frames(undisturbed, CLOCKS))


def working(run: subprocess.Popen[bytes], out: Path) -> tuple[psutil.Process, Path]:
    """A process of the run that holds the lock of a trial which has a checkpoint, and that trial's folder."""
    started = {checkpoint.parent for checkpoint in out.glob("trials/*/checkpoint.pt")}
    for process in psutil.Process(run.pid).children(recursive=True):
        with suppress(psutil.Error):  # it ended meanwhile
            locked = {Path(file.path).parent for file in process.open_files() if Path(file.path).name == ".lock"}
            if locked & started:
                return process, (locked & started).pop()
    raise AssertionError("no process holds a trial's lock")


def test_a_loss_that_is_not_finite_ends_its_trial_as_diverged_and_no_other(tmp_path: Path) -> None:
    out = tmp_path / "run"
    options = ["--serial", "--set", "rarts.lr=1e30", "--set", "rarts.clip=0", "--set", "rarts.lr_min=1e30"]
    assert launch(out, *options).wait(timeout=240) == 0
    records = results.load(out).records.set_index("algorithm")
    assert records.loc["rarts", "status"] == "diverged"
    assert "not finite" in records.loc["rarts", "error"]
    assert records.loc["darts2", "status"] == "done"
    assert "not finite" in (out / "report" / "report.md").read_text()
