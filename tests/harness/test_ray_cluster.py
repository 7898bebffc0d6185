"""Which cluster a run is on: its own, whatever another left behind; one that is named, of two nodes; or none."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from faults import Faults

import results

SMALL = (
    "run --algos rarts,darts1,darts2 --no-random --seeds 0 --evaluate none --set epochs=2 --set limit=64"
    " --set diagnostics.lambda_every=0"
)


def launch(out: Path, *options: str, **environment: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "harness", *SMALL.split(), "--out", str(out), *options]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return subprocess.Popen(command, env=os.environ | environment, text=True, **pipes)  # type: ignore[call-overload]


def all_done(process: subprocess.Popen[str], out: Path) -> None:
    text, _ = process.communicate(timeout=240)
    assert process.returncode == 0, text
    assert results.load(out).records["status"].tolist() == ["done"] * 3


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address at which nobody listens, though it is taken."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{taken.getsockname()[1]}"


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder whose path is short enough for Ray's sockets."""
    folder = Path(tempfile.mkdtemp(prefix="r"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.slow
def test_what_a_dead_cluster_left_behind_is_not_joined(nobody: str, short: Path, tmp_path: Path) -> None:
    left = short / "ray" / "ray_current_cluster"
    left.parent.mkdir()
    left.write_text(nobody)
    all_done(launch(tmp_path, RAY_TMPDIR=str(short), RAY_ADDRESS=nobody), tmp_path)


def test_an_address_of_nothing_ends_soon(fault: Faults, nobody: str, tmp_path: Path) -> None:
    fault(SMALL, "--out", tmp_path / "warm", "--address", "nowhere")  # Ray is imported
    for address in (nobody, f"ray://{nobody}", "127.0.0.1", "nowhere.invalid:6379", "127.0.0.1:99999", "local"):
        start = time.monotonic()
        error = fault(SMALL, "--out", tmp_path / "run", "--address", address)
        assert error.startswith(f"error: no Ray cluster at '{address}'"), error
        assert time.monotonic() - start <= 15


def test_what_listens_and_does_not_answer_is_no_cluster(fault: Faults, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        start = time.monotonic()
        error = fault(SMALL, "--out", tmp_path / "run", "--address", f"127.0.0.1:{silent.getsockname()[1]}")
        assert "no Ray cluster at" in error
        assert time.monotonic() - start <= 15
