"""The Python interface gives what the command line gives, and a request is read once on its way."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from equal_runs import assert_same, frames

import harness
from harness.__main__ import main
from harness.api import Options, plan_sweep
from harness.cli import app
from harness.cli.options import CALLED
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


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"vary": {"rarts.lam": 3}}, "--vary 'rarts.lam=3': from Python write a list of values by key"),
        ({"vary": {"rarts.lam": {"a": 1}}}, "write a list of values by key"),
        ({"vary": {"rarts.lam": []}}, "is not of the form"),
        ({"vary": {3: [1]}}, "write a list of values by key"),
        ({"vary": [3]}, "--vary 3 is no text"),
        ({"vary": []}, r"--vary \[\]: write key=a,b,c"),
        ({"vary": None}, "--vary None: write key=a,b,c"),
        ({"samples": 0}, "--samples 0: write a whole number from 1 on"),
        ({"samples": 1.5}, "--samples 1.5: write a whole number"),
        ({"algorithm": ["rarts"]}, r"algorithm = \['rarts'\]: give its name as text"),
        ({"seeds": ["0"]}, "the seed '0' is no whole number"),
        ({"seeds": [0.5]}, "the seed 0.5 is no whole number"),
        ({"seeds": [True]}, "the seed True is no whole number"),
        ({"seeds": "0-4"}, "the seed '0' is no whole number"),
        ({"seeds": 3}, "seeds = 3: give a list of whole numbers"),
        ({"seeds": [10**18]}, "of more than 18 digits"),
        ({"space": 3}, "name each by a text"),
        ({"prc": "0.4", "space": "resnet164"}, "prc = '0.4': input should be a valid number"),
        ({"budget": 5}, "budget = 5: input should be a valid string"),
        ({"hardware": Path("x")}, "hardware = .*: input should be a valid string"),
        ({"out": 3}, "out = 3: give a path"),
        ({"overrides": [3]}, r"overrides = \[3\]: "),
        ({"serial": "no"}, "serial = 'no': input should be a valid boolean"),
    ],
)
def test_what_is_of_another_type_is_told_in_one_line(arguments: dict[str, Any], named: str) -> None:
    with pytest.raises(BadInput, match=named) as fault:
        plan_sweep(**{"algorithm": "rarts", "vary": {"rarts.lam": [1, 2]}, "seeds": [0]} | arguments)
    assert "\n" not in str(fault.value)


def test_one_text_is_a_list_of_it_and_numpys_numbers_are_numbers() -> None:
    made = plan_sweep(
        "rarts", {"rarts.lam": np.array([0.5, 2])}, seeds=np.arange(2), overrides="rarts.beta=2", eval_datasets="digits"
    )
    assert made.config["vary"] == [{"rarts.lam": 0.5}, {"rarts.lam": 2.0}]
    assert made.config["overrides"] == {"rarts.beta": 2} and made.config["seeds"] == [0, 1]
    assert made.config["eval_datasets"] == ["digits"]
    one = plan_sweep("rarts", "rarts.lam=0.5,2", seeds=[0])
    assert [trial.hash for trial in one.trials] == [
        trial.hash for trial in plan_sweep("rarts", ["rarts.lam=0.5,2"], seeds=range(1)).trials
    ]


@pytest.mark.parametrize("command", ["run", "sweep"])
def test_the_command_line_offers_what_python_does(command: str) -> None:
    """All but ``command``, which is the command line itself."""
    parameters = typer.main.get_command(app).commands[command].params  # type: ignore[attr-defined]
    offered = {CALLED.get(str(parameter.name), parameter.name) for parameter in parameters}
    assert set(Options.__annotations__) - offered == {"command"}


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
