"""No room on the disk, or nobody who reads the output: a line and an exit code tell, and nothing is lost."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from equal_runs import assert_same, frames

from harness.__main__ import main

TINY = (
    "run --serial --seeds 0 --no-random --algos rarts --set epochs=2 --set limit=64 --set batch_size=16"
    " --set evaluation.epochs=2 --set diagnostics.subset=64"
)


def launch(out: Path) -> int:
    """The exit code of the command line, run in this process."""
    before, sys.argv = sys.argv, ["harness", *TINY.split(), "--out", str(out)]
    try:
        main()
    except SystemExit as end:
        return int(end.code or 0)
    finally:
        sys.argv = before
    return 0


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """No file may grow beyond ``size`` bytes, as none can on a disk with so much left."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("undisturbed") / "run"
    assert launch(out) == 0
    return out


SIZES = {
    "not even a configuration": 1,
    "a lock and a configuration": 3_000,
    "a history": 18_000,
    "a checkpoint of the search": 100_000,
    "all but the records": 235_000,
}
"""Bytes of room, and what they are enough for; each launch goes on from what the one before left."""


def test_a_disk_that_fills_up_loses_nothing(
    undisturbed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, codes = tmp_path / "run", []
    for size in SIZES.values():
        with files_up_to(size):
            codes.append(launch(out))
        said = capsys.readouterr()
        told = said.out + said.err
        assert "Traceback" not in told
        if codes[-1]:
            assert "File too large" in told, told
            assert "free some space" in told or "give a folder" in told, told
        assert not list(out.rglob("*.tmp")), "what could not be written takes room"
    assert codes[0] == 2, "not even the run's folder could be opened"
    assert set(codes) <= {0, 1, 2} and any(codes[1:])
    assert launch(out) == 0
    assert_same(frames(out), frames(undisturbed))


@pytest.mark.parametrize("moment", ["report.md", "records.parquet"])
def test_no_room_for_what_is_written_last(
    undisturbed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], moment: str
) -> None:
    """The trials are done, the run's own files are not: the same command writes them."""
    out = tmp_path / "run"
    shutil.copytree(undisturbed, out)
    written = next(out.rglob(moment))
    with files_up_to(written.stat().st_size - 1):
        assert launch(out) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1 and "File too large" in error
    assert launch(out) == 0
    assert_same(frames(out), frames(undisturbed))


@pytest.mark.parametrize(("where", "code"), [("reader gone", 0), ("full", 1), ("closed", 0)])
def test_a_run_outlives_its_output(undisturbed: Path, tmp_path: Path, where: str, code: int) -> None:
    """By a pipe that nobody reads, a full device, and an output closed by the shell."""
    command = [sys.executable, "-m", "harness", *TINY.split(), "--out", str(tmp_path)]
    if where == "closed":
        command = ["sh", "-c", 'exec "$@" >&-', "sh", *command]
    read, write = os.pipe()
    target = os.open("/dev/full", os.O_WRONLY) if where == "full" else write
    os.close(read)
    ended = subprocess.run(command, stdout=target, stderr=subprocess.PIPE, text=True, timeout=240)
    os.close(write)
    assert ended.returncode == code, ended.stderr
    assert ended.stderr == ("error: cannot write the standard output (No space left on device)\n" if code else "")
    assert_same(frames(tmp_path), frames(undisturbed))
    assert (tmp_path / "report" / "index.html").exists()
