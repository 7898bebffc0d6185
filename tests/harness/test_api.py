"""The Python interface gives what the command line gives, and a request is read once on its way."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from equal_runs import assert_same, frames

import harness
from harness.__main__ import main
from harness.config import names as protocols
from harness.data import datasets as data
from results.errors import BadInput

TINY: dict[str, Any] = {"epochs": 2, "space.channels": 2, "batch_size": 128, "diagnostics.lambda_every": 0}


def command(out: Path, *words: str) -> None:
    """Run the command line in this process."""
    settings = [word for key, value in TINY.items() for word in ("--set", f"{key}={value}")]
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as ended:
        patch.setattr(sys, "argv", ["harness", *words, *settings, "--serial", "--evaluate", "none", "--out", str(out)])
        main()
    assert not ended.value.code


def test_compare_gives_the_records_of_run(tmp_path: Path) -> None:
    command(tmp_path / "cli", "run", "--algos", "darts1,rarts", "--no-random", "--seeds", "0,1")
    made = harness.compare(
        ["darts1", "rarts"],
        seeds=range(2),
        overrides=TINY,
        evaluate="none",
        serial=True,
        quiet=True,
        out=tmp_path / "api",
    )
    assert len(made.records) == 4
    assert_same(frames(tmp_path / "api"), frames(tmp_path / "cli"))


def test_sweep_gives_the_records_of_sweep(tmp_path: Path) -> None:
    command(tmp_path / "cli", "sweep", "--algo", "rarts", "--vary", "rarts.lam=0.5,2", "--seeds", "0")
    made = harness.sweep(
        "rarts",
        {"rarts.lam": [0.5, 2]},
        seeds=[0],
        overrides=TINY,
        evaluate="none",
        serial=True,
        quiet=True,
        out=tmp_path / "api",
    )
    assert sorted(made.records["hp.rarts.lam"]) == [0.5, 2]
    assert_same(frames(tmp_path / "api"), frames(tmp_path / "cli"))


def test_plan_resolves_and_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = harness.plan(["darts1", "rarts"], seeds=range(3), overrides=["rarts.lam=2"])
    assert len(made.trials) == 6
    assert made.config["overrides"] == {"rarts.lam": 2} and made.config["seeds"] == [0, 1, 2]
    assert not list(tmp_path.iterdir())


def test_faults_are_one_line() -> None:
    for arguments, named in (
        ((["rartss"],), "did you mean 'rarts'"),
        ((["rarts"], "nats", []), "the seeds are none"),
        ((["rarts"], "nats", [-1]), "one is negative"),
        (([], "nats"), "no algorithm is named"),
    ):
        with pytest.raises(BadInput, match=named) as fault:
            harness.plan(*arguments)  # type: ignore[arg-type]
        assert "\n" not in str(fault.value)


def test_importing_harness_imports_no_torch() -> None:
    program = "import harness, sys; harness.compare, harness.plan; print('torch' in sys.modules, harness.__version__)"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["False", harness.__version__]


def test_a_run_reads_the_protocol_and_the_data_once(tmp_path: Path) -> None:
    """Over planning and two trials: what is asked again is answered from memory."""
    protocols._file.cache_clear()
    data._loaded.cache_clear()
    harness.compare(
        ["darts1", "rarts"], seeds=[0], overrides=TINY, evaluate="none", serial=True, quiet=True, out=tmp_path / "run"
    )
    assert protocols._file.cache_info().misses == 1
    assert data._loaded.cache_info().misses == 1
    assert data._loaded.cache_info().hits >= 2
