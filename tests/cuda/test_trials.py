"""Whole trials on a device that is only pretended: search, diagnostics, cut, training, latency, resuming."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

import pytest
import torch
from equal_runs import assert_same, frames
from killing import Interrupting
from pretended.cuda import PretendedCuda
from searches import make_batch, seeded

from harness.config.protocol import Protocol
from harness.config.request import Request
from harness.config.sections import Environment, Evaluation
from harness.config.trial import TrialConfig
from harness.data import Augment, Batches, generator
from harness.execution.checkpoint import Checkpoint
from harness.execution.job import run_job
from harness.planning.plan import Plan, plan
from harness.training.stand_alone import fresh_network, own_generators
from harness.training.train import train
from results.errors import BadInput
from results.store import Store
from spaces.darts import Darts, DartsOptions

TRIALS: dict[str, tuple[str, str, str, list[str]]] = {
    "trained": ("darts1", "nats", "trained", ["diagnostics.lambda_every=1"]),
    "dropped": (
        "gdas",
        "darts",
        "trained",
        ["evaluation.drop_path=0.3", "evaluation.clip=5", "evaluation.cutout=4", "evaluation.amp=true"],
    ),
    "taught": ("tas", "resnet164", "pruned", ["space.prc=0.4", "evaluation.channels_last=true"]),
    "pruned": ("rarts", "mobilenetv2", "pruned", ["space.prc=0.4", "space.width=0.1"]),
    "queried": ("random", "nats", "trained", ["random.k=1"]),
}
"""Algorithm, space, evaluation and what the protocol changes."""


def tiny(algorithm: str, space: str, evaluation: str, more: list[str]) -> TrialConfig:
    """An epoch of two steps on the digits, and as much training."""
    protocol = Protocol.load("quick", space)
    protocol = protocol.set(["epochs=1", "limit=32", "batch_size=16", "diagnostics.subset=16"])
    protocol = protocol.set(["diagnostics.lambda_every=0", "evaluation.short_epochs=1", "evaluation.epochs=1"])
    protocol = protocol.set(["evaluation.batch_size=32", *more])
    if space == "darts":
        protocol = protocol.set(["channels=2", "nodes=2", "evaluation.channels=4"])
    return protocol.trial(algorithm, 0, {"classes": 10, "in_channels": 1}, evaluation)


@pytest.mark.parametrize("case", TRIALS)
def test_a_whole_trial(case: str, cuda: PretendedCuda, tmp_path: Path) -> None:
    run_job(tiny(*TRIALS[case]), Environment(run=str(tmp_path), device="cuda:1", serial=True))
    record = Store(tmp_path).records().iloc[0]
    assert record["status"] == "done" and record["device"] == "cuda:1 (Pretended 1; float32)"
    assert record["peak_memory_mb"] > 0 and record["latency_ms"] > 0


@pytest.mark.skipif(shutil.which("c++") is None, reason="there is no C++ compiler here")
def test_loops_for_the_cpu_are_refused_elsewhere_before_anything_runs(cuda: PretendedCuda, tmp_path: Path) -> None:
    def planned(device: str) -> Plan:
        compiled = ["space.compiled=true"]
        return plan(Request(["darts1"], "nats", [0], device=device, serial=True, out=tmp_path, overrides=compiled))

    assert len(planned("cpu").trials) == 1
    with pytest.raises(BadInput, match=r"space.compiled runs on the CPU, and the trials run on cuda:1"):
        planned("cuda:1")


@pytest.mark.parametrize("algorithm", ["gdas", "darts1+pt"])
def test_a_trial_interrupted_ends_as_an_undisturbed_one(algorithm: str, cuda: PretendedCuda, tmp_path: Path) -> None:
    """In its search, and in its selection."""
    selection = ["pt_tune_epochs=1", "pt_batches=1"] if "+" in algorithm else []
    config = tiny(algorithm, "nats", "none", ["epochs=2", *selection])
    environments = [Environment(run=str(tmp_path / name), device="cuda:1", serial=True) for name in ("whole", "parts")]
    run_job(config, environments[0])
    for _ in range(2):
        with contextlib.suppress(KeyboardInterrupt):
            run_job(config, environments[1], Interrupting())
    run_job(config, environments[1])
    assert_same(frames(tmp_path / "parts"), frames(tmp_path / "whole"))


@pytest.mark.parametrize("device", ["cuda", "cuda:1"])
def test_training_with_dropped_paths_resumes_bit_for_bit(device: str, cuda: PretendedCuda, tmp_path: Path) -> None:
    def trained(folder: str, stop: int | None = None) -> torch.Tensor:
        (tmp_path / folder).mkdir(exist_ok=True)

        def tick(epoch: int, epochs: int) -> None:
            if epoch == stop:
                raise KeyboardInterrupt

        there, space = torch.device(device), Darts(DartsOptions(channels=2, cells=3, image_size=8))
        x = torch.randint(256, (16, 3, 8, 8), generator=seeded("pixels"), dtype=torch.uint8)
        fields, spread = Evaluation(epochs=3, batch_size=8, drop_path=0.5), (0.5,) * 3
        with own_generators(0, there):
            network = fresh_network(space, space.canonical("darts_v2"), 0, there)
            y = torch.arange(16) % 4
            stream = Batches(x, y, 8, generator(0, "o"), generator(0, "a"), Augment(), spread, spread, there)
            with contextlib.suppress(KeyboardInterrupt):
                train(network, stream, fields, 3, checkpoint=Checkpoint(tmp_path / folder), tick=tick)
        return torch.cat([p.detach().flatten().cpu() for p in network.parameters()])

    whole = trained("whole")
    stopped = trained("parts", stop=2)
    assert not torch.equal(stopped, whole)
    assert torch.equal(trained("parts"), whole)


def test_a_step_is_the_cpus(cuda: PretendedCuda) -> None:
    """The device changes no figure of the code's own: here the kernels are the CPU's, so the losses are its too."""
    batch = make_batch("val", count=4)
    space = Darts(DartsOptions(channels=2, cells=3, image_size=8))
    networks = [fresh_network(space, space.canonical("darts_v2"), 0, torch.device(d)) for d in ("cpu", "cuda")]
    outputs = [network.eval()(batch.x.to(d)).cpu() for network, d in zip(networks, ("cpu", "cuda"), strict=True)]
    assert torch.equal(*outputs)
