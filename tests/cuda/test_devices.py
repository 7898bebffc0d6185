"""What a run asks of its device: which one, which share of it, how it computes, and what is done when it fails."""

from __future__ import annotations

import os
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
import torch
from pretended.cuda import PretendedCuda

from harness.config.protocol import Protocol
from harness.config.request import Request, environment_of
from harness.config.sections import Environment
from harness.config.trial import TrialConfig
from harness.data.batches import Normalise
from harness.data.streamed import _batch
from harness.execution.cluster import check_fits
from harness.execution.job import run_job
from harness.execution.schedule import isolated, run_serial
from harness.measuring.clock import PeakMemory
from harness.measuring.device import DeviceLost, check_gpus, device_here, precision, prepare
from harness.measuring.latency import latency_columns, network_latency
from harness.measuring.record import search_columns, used_device
from results.errors import BadInput
from results.store import Store
from spaces.nats import Nats, NatsOptions

TWO = torch.device("cuda:1")


def test_latency_waits_for_the_device_it_measures(cuda: PretendedCuda) -> None:
    network_latency(torch.nn.Conv2d(3, 4, 3), (3, 8, 8), TWO, 1)
    assert {what for what, _ in cuda.waits if what.startswith("synchronize")} == {"synchronize 1"}


@pytest.mark.parametrize("asked", ["cuda:7", "cuda:2", "cuda:x", "cuda:-1", "cuda:²", "cuda:", "cpu:1", "tpu"])
def test_a_device_that_is_not_here_is_refused(asked: str, cuda: PretendedCuda) -> None:
    with pytest.raises(BadInput, match="device"):
        device_here(asked)


def test_a_number_is_refused_where_ray_lends_the_gpus(cuda: PretendedCuda, tmp_path: Path) -> None:
    """There a trial sees its own GPUs, counted from 0."""
    asked = Request([], "nats", [0], device="cuda:1")
    with pytest.raises(BadInput, match="--serial"):
        environment_of(asked, tmp_path)
    serial = Request([], "nats", [0], device="cuda:1", serial=True)
    assert environment_of(serial, tmp_path).device == "cuda:1"


def test_a_cluster_may_have_gpus_that_the_driver_has_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    environment = environment_of(Request([], "nats", [0], device="cuda", address="10.0.0.1:6379"), tmp_path)
    assert (environment.device, environment.gpus) == ("cuda", 1.0)
    with pytest.raises(BadInput, match="no such device here"):
        environment_of(Request([], "nats", [0], device="cuda"), tmp_path)


@pytest.mark.parametrize(("device", "gpus"), [("cuda", 1.5), ("cuda", 0.0), ("cpu", 1.0)])
def test_a_share_that_no_trial_can_have_is_refused(device: str, gpus: float) -> None:
    with pytest.raises(BadInput, match=f"--gpus-per-trial {gpus:g}: .*(give|1, or 0.5|--device cuda)"):
        check_gpus(device, gpus)


@pytest.mark.parametrize(("device", "gpus"), [("cuda", None), ("cuda", 0.5), ("cuda", 2.0), ("cpu", 0.0)])
def test_a_share_that_can_be_had_is_not(device: str, gpus: float | None) -> None:
    check_gpus(device, gpus)


NODES = ({"CPU": 8.0, "GPU": 1.0}, {"CPU": 16.0})
"""Two nodes of a cluster, as Ray tells their resources."""


@pytest.mark.parametrize(
    ("cpus", "gpus", "refused"),
    [
        (1, 2.0, "--gpus-per-trial 2 is more than any node .* has .1 GPUs"),
        (17, 0.0, "--cpus-per-trial"),
        (9, 1.0, "both"),
    ],
)
def test_resources_are_those_of_one_node(cpus: int, gpus: float, refused: str) -> None:
    of = Environment(run="", address="here:1", threads=8, gpus=1.0)
    check_fits(NODES, of)
    with pytest.raises(BadInput, match=refused):
        check_fits(NODES, of.model_copy(update={"threads": cpus, "gpus": gpus}))


def test_a_run_has_kernels_that_repeat_in_float32(cuda: PretendedCuda) -> None:
    torch.backends.cudnn.allow_tf32 = True
    assert precision(TWO) == "TF32"
    prepare(torch.device("cpu"))
    assert not torch.are_deterministic_algorithms_enabled() and "CUBLAS_WORKSPACE_CONFIG" not in os.environ
    prepare(TWO)
    assert torch.are_deterministic_algorithms_enabled() and torch.backends.cudnn.deterministic
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"
    assert precision(TWO) == "float32" and not torch.backends.cuda.matmul.allow_tf32
    assert not torch.utils.deterministic.fill_uninitialized_memory


def test_half_a_gpu_is_charged_as_half_and_its_latency_is_not_measured(cuda: PretendedCuda, tmp_path: Path) -> None:
    prepare(TWO)
    whole = Environment(run=str(tmp_path), device="cuda:1", gpus=1)
    half = whole.model_copy(update={"gpus": 0.5})
    assert used_device(whole) == "cuda:1 (Pretended 1; float32)"
    assert used_device(half) == "cuda:1 (Pretended 1; float32, 0.5 of it)"
    search = type("Counted", (), {"counts": type("Counts", (), dict.fromkeys(COUNTS, 0))})
    assert search_columns(search, 86_400.0, 0.0, 0.5)["search_device_days"] == 0.5  # type: ignore[arg-type]
    space = Nats(NatsOptions(channels=2, cells=1, image_size=8))
    genotype = "|nor_conv_1x1~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|"
    columns = latency_columns(space.build(genotype), space, genotype, half)
    assert columns["latency_ms"] is None and columns["latency_source"].startswith("not measured: 0.5 of a GPU")


COUNTS = ("macs", "forwards", "weight_backwards", "alpha_backwards")


def test_peak_memory_is_that_of_the_blocks_alone(cuda: PretendedCuda) -> None:
    """On the pretended device a peak is the largest single tensor."""
    memory = PeakMemory(TWO)
    for outside, inside in ((8_000_000, 1_000_000), (9_000_000, 2_000_000), (7_000_000, 500_000)):
        torch.empty(outside, dtype=torch.uint8, device=TWO)
        with memory.running():
            torch.empty(inside, dtype=torch.uint8, device=TWO)
    assert memory.peak_mb == 2.0


def test_on_the_cpu_what_lies_between_two_blocks_counts_in_neither() -> None:
    memory = PeakMemory(torch.device("cpu"), interval=0.001)
    for _ in range(2):
        with memory.running():
            inside = torch.ones(30_000_000, dtype=torch.uint8)
            del inside
        between = torch.ones(300_000_000, dtype=torch.uint8)
        del between
    assert 25 < memory.peak_mb < 100


def config() -> TrialConfig:
    protocol = Protocol.load("quick", "nats")
    protocol = protocol.set(["epochs=1", "limit=32", "batch_size=16"])
    return protocol.trial("darts1", 0, {"classes": 10, "in_channels": 1}, "none")


def test_a_device_that_fails_for_good_ends_the_run(
    cuda: PretendedCuda, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trials that follow in this process would all fail alike; a worker of Ray's leaves, and another one goes on."""
    environment, trial = Environment(run=str(tmp_path), device="cuda"), config()
    cuda.broken = True
    with pytest.raises(DeviceLost, match=r"cuda fails for good in this process .*the same command goes on"):
        run_serial([trial, trial], environment)
    error = (Store(tmp_path).trial_dir(trial.hash) / "error.txt").read_text()
    assert error.splitlines()[-1].startswith("cuda fails for good") and "Traceback" in error
    left: list[int] = []
    monkeypatch.setattr(os, "_exit", left.append)
    isolated(trial, environment, print)
    assert left == [1]


def test_full_memory_names_the_remedy(cuda: PretendedCuda, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(device: Any = None) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.\nmore")

    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", full)
    trial = config()
    with pytest.raises(torch.OutOfMemoryError):
        run_job(trial, Environment(run=str(tmp_path), device="cuda", gpus=0.5))
    told = (Store(tmp_path).trial_dir(trial.hash) / "error.txt").read_text().splitlines()[-1]
    assert told.startswith("the memory of cuda is full (CUDA out of memory. Tried to allocate 2.00 GiB.)")
    assert "--gpus-per-trial (now 0.5)" in told


def test_streamed_images_are_sent_without_a_wait(cuda: PretendedCuda) -> None:
    image: Future[torch.Tensor] = Future()
    image.set_result(torch.full((3, 4, 4), 255, dtype=torch.uint8))
    normalise = Normalise((0.5,) * 3, (0.25,) * 3, TWO)
    cuda.reset()
    batch = _batch([image, image], torch.tensor([1, 2]), normalise, "all")
    assert not cuda.waits and batch.x.device == batch.y.device == TWO
    assert batch.x.shape == (2, 3, 4, 4) and bool((batch.x == 2).all()) and batch.y.tolist() == [1, 2]
