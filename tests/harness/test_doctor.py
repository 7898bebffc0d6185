"""``doctor`` passes what holds, and fails what does not."""

from __future__ import annotations

import json

import pytest
import torch
from pretended.cuda import PretendedCuda
from typer.testing import CliRunner

from harness.__main__ import app
from harness.measuring import doctor

CPU = torch.device("cpu")


def test_a_search_that_repeats_passes_and_one_that_does_not_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor.repeats(CPU, "nats", "gdas").passed
    # The second run draws other samples: as a kernel whose sums change their order from run to run.
    seeds = iter(range(10**6))
    monkeypatch.setattr(doctor, "generator", lambda seed, name: torch.Generator().manual_seed(next(seeds)))
    found = doctor.repeats(CPU, "nats", "gdas")
    assert found.passed is False and "parameters differ" in found.said


def test_float32s_own_rounding_passes_and_tf32s_would_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """The factors of convolutions cut to TF32's ten bits, as CUDA would by default."""
    assert doctor.agrees(CPU, "nats", "darts1").passed
    exact = torch.conv2d

    def cut(x: torch.Tensor, weight: torch.Tensor, *rest: object, **named: object) -> torch.Tensor:
        if x.dtype == torch.float32:
            x, weight = (
                t + (torch.round(t.detach() * 2**10 / p) * p / 2**10 - t.detach()) for t, p in map(power, (x, weight))
            )
        return exact(x, weight, *rest, **named)

    monkeypatch.setattr(torch.nn.functional, "conv2d", cut)
    assert doctor.agrees(CPU, "nats", "darts1").passed is False


def power(t: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """``t``, and the power of two at or above each of its values."""
    return t, torch.exp2(torch.frexp(t.detach()).exponent.to(t.dtype))


def test_processes_meet() -> None:
    found = doctor.processes(CPU)
    assert found.passed and found.said == "2 over gloo add 1 to 2: 3"


def test_the_command_says_each_finding_and_fails_where_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """No gradient in float32 is exactly float64's."""
    monkeypatch.setattr(doctor, "TOLERANCE", 0.0)
    monkeypatch.setattr(doctor, "SECONDS", 0.1)
    result = CliRunner().invoke(app, ["doctor", "--device", "cpu", "--space", "nats", "--json"])
    found = [(finding["check"], finding["passed"]) for finding in json.loads(result.output)]
    assert result.exit_code == 1
    assert dict(found) == {
        "device": None,
        "repeats": True,
        "agrees": False,
        "captured": None,
        "waits": None,
        "speed": None,
        "processes": True,
    }
    assert [check for check, _ in found].count("repeats") == len(doctor.REPEATED)


def test_on_a_pretended_gpu_searches_repeat_by_kernels_that_do() -> None:
    with PretendedCuda() as cuda:
        found = doctor.repeats(torch.device("cuda"), "nats", "darts1")
    assert found.passed and cuda.launches > 100
