"""Runs on real clusters: their own, whatever another left behind; and a named one of three nodes, which may die."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

import results
from harness.execution.schedule import QUIET

pytestmark = pytest.mark.skipif(
    not os.environ.get("HARNESS_ATTACKS"),
    reason="clusters of three nodes need a machine at rest: set HARNESS_ATTACKS=1",
)

SMALL = (
    "run --no-random --seeds 0 --evaluate none --set epochs=6 --set limit=64 --set batch_size=16"
    " --set diagnostics.lambda_every=0 --set diagnostics.subset=16"
)
ONE, MANY = "--algos rarts", "--algos rarts,darts1,milenas"
MINUTES = 420
"""Seconds that a run may take where other tests keep the processors busy."""


def launch(out: Path, algos: str, *options: str, **environment: str) -> subprocess.Popen[str]:
    """The command line in a session of its own, so that an interrupt finds all of its processes."""
    command = [sys.executable, "-m", "harness", *SMALL.split(), *algos.split(), "--out", str(out), *options]
    return subprocess.Popen(
        command,
        env=os.environ | environment,
        text=True,
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def wait_for(out: Path, pattern: str, count: int, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + MINUTES
    while len(list(out.glob(pattern))) < count:
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline, f"{pattern} never appeared"
        time.sleep(0.02)


def all_done(process: subprocess.Popen[str], out: Path, trials: int) -> str:
    text, _ = process.communicate(timeout=MINUTES)
    assert process.returncode == 0, text
    assert results.load(out).records["status"].tolist() == ["done"] * trials
    return text


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address at which nobody listens, though it is taken."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{taken.getsockname()[1]}"


@pytest.fixture(scope="module")
def short() -> Iterator[Path]:
    """A folder whose path is short enough for Ray's sockets; where this file's clusters say that they live."""
    folder = Path(tempfile.mkdtemp(prefix="r"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_TMPDIR", str(folder))
        for name, value in QUIET.items():
            patch.setenv(name, value)
        yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def cluster(short: Path) -> Iterator[Any]:
    """Three nodes of one CPU each."""
    from ray.cluster_utils import Cluster

    try:
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
        for _ in range(2):
            cluster.add_node(num_cpus=1)
    except Exception as error:  # Ray's own, where its processes do not start within its 15 seconds
        pytest.skip(f"this machine is too busy for a cluster of three nodes: {error}")
    yield cluster
    with suppress(Exception):  # its head may be gone
        cluster.shutdown()


@pytest.mark.slow
def test_what_a_dead_cluster_left_behind_is_not_joined(nobody: str, tmp_path: Path) -> None:
    folder = Path(tempfile.mkdtemp(prefix="r"))
    left = folder / "ray" / "ray_current_cluster"
    left.parent.mkdir()
    left.write_text(nobody)
    judged = ["--evaluate", "train", "--set", "evaluation.epochs=1", "--log", "tensorboard"]
    all_done(launch(tmp_path, ONE, *judged, RAY_TMPDIR=str(folder), RAY_ADDRESS=nobody), tmp_path, 1)
    shutil.rmtree(folder, ignore_errors=True)
    (events,) = tmp_path.glob("ray/rarts-seed-0/events*")  # named after algorithm and seed, with the error at the end
    assert b"ray/tune/test_error.digits" in events.read_bytes()


@pytest.mark.slow
def test_a_strangers_living_cluster_is_not_joined(cluster: Any, short: Path, tmp_path: Path) -> None:
    assert (short / "ray" / "ray_current_cluster").read_text().strip() == cluster.address
    all_done(launch(tmp_path, ONE, RAY_ADDRESS=cluster.address), tmp_path, 1)
    assert cluster.global_state.job_table() == []


@pytest.mark.slow
def test_a_node_that_does_not_see_the_run_folder_is_named(cluster: Any, tmp_path: Path) -> None:
    """A node in a mount namespace of its own, where an empty file system lies over the run's folder."""
    hide = f"mount -t tmpfs none {tmp_path}"
    if subprocess.run(["unshare", "-m", "sh", "-c", hide], capture_output=True, check=False).returncode:
        pytest.skip("no mount namespace can be made here")
    ports = "--min-worker-port=0 --max-worker-port=0 --dashboard-agent-listen-port=0"
    ray = f"{sys.executable} -m ray.scripts.scripts start --address={cluster.address} --num-cpus=1 {ports} --block"
    blind = subprocess.Popen(["unshare", "-m", "sh", "-c", f"{hide} && exec {ray}"], stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while sum(node["Alive"] for node in cluster.global_state.node_table()) < 4:
            if blind.poll() is not None or time.monotonic() > deadline:
                pytest.skip("no node starts in a mount namespace here")
            time.sleep(0.1)
        process = launch(tmp_path / "run", ONE, "--address", cluster.address)
        text, _ = process.communicate(timeout=MINUTES)
        assert process.returncode == 2, text
        assert "does not see the run folder: give an --out that all nodes share" in text
        assert "Traceback" not in text and not list(tmp_path.rglob("trials/*/checkpoint*"))
    finally:
        children = psutil.Process(blind.pid).children(recursive=True)
        blind.terminate()
        psutil.wait_procs(children, timeout=20)
        blind.wait(timeout=60)


@pytest.mark.slow
def test_a_node_killed_in_mid_run_leaves_its_trials_to_the_others(cluster: Any, tmp_path: Path) -> None:
    process = launch(tmp_path, MANY, "--address", cluster.address)
    wait_for(tmp_path, "trials/*/checkpoint.pt", 2, process)
    cluster.remove_node(next(iter(cluster.worker_nodes)), allow_graceful=False)
    all_done(process, tmp_path, 3)


@pytest.mark.slow
def test_without_its_head_a_run_ends_with_a_line_and_is_resumable(cluster: Any, tmp_path: Path) -> None:
    address = cluster.address
    process = launch(tmp_path, MANY, "--address", address, RAY_gcs_rpc_server_reconnect_timeout_s="20")
    wait_for(tmp_path, "trials/*/checkpoint.pt", 1, process)
    cluster.remove_node(cluster.head_node, allow_graceful=False)
    text, _ = process.communicate(timeout=MINUTES)
    assert process.returncode, text
    assert f"the head of the Ray cluster at {address} is gone" in text
    assert "Traceback" not in text
    all_done(launch(tmp_path, MANY, "--serial"), tmp_path, 3)


@pytest.mark.slow
def test_an_interrupt_leaves_no_process_and_says_how_to_go_on(tmp_path: Path) -> None:
    process = launch(tmp_path, MANY, MARK=str(tmp_path))
    wait_for(tmp_path, "trials/*/checkpoint.pt", 1, process)
    os.killpg(process.pid, signal.SIGINT)
    text, _ = process.communicate(timeout=60)
    left = [other for other in psutil.process_iter() if mark_of(other) == str(tmp_path)]
    assert process.returncode == 130, text
    assert "the same command goes on from the last checkpoints" in text
    assert "Traceback" not in text
    assert left == []


def mark_of(process: psutil.Process) -> str | None:
    with suppress(psutil.Error):
        return process.environ().get("MARK")
    return None
