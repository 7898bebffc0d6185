"""What a shell user meets: help whose examples hold, completion of names and keys, refusals in one line."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest
import typer
from faults import Faults

from harness import __version__
from harness.__main__ import main
from harness.cli import app, complete


def run(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """The command line's output, where it ends well."""
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as ended:
        patch.setattr(sys, "argv", ["harness", *words])
        main()
    assert not ended.value.code
    return capsys.readouterr().out


def examples() -> list[str]:
    """Every example that a command's help gives."""
    helps = [command.callback.__doc__ or "" for command in app.registered_commands if command.callback]
    return [line for text in helps for line in re.findall(r"Example: (.*)", text)]


@pytest.mark.parametrize("example", examples())
def test_examples_can_be_typed_as_they_stand(example: str) -> None:
    words = shlex.split(example)
    assert words[:3] == ["python", "-m", "harness"]
    group = typer.main.get_command(app)
    command = group.commands[words[3]]  # type: ignore[attr-defined]
    context = command.make_context(words[3], words[4:])
    assert all(context.params.get(name) is not None for name in ("space", "protocol") if name in context.params)


def test_there_are_examples() -> None:
    assert len(examples()) >= 4


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "--version") == f"diffnas-harness {__version__}\n"


def test_completion_offers_names_and_goes_on_after_a_comma() -> None:
    assert list(complete.algorithms("rar"))[:2] == ["rarts", "rarts+beta"]
    assert list(complete.algorithms("darts1,milenas2")) == [
        name for name in complete.algorithms("darts1,milenas2") if name.startswith("darts1,milenas2")
    ]
    assert "darts1,rarts" in list(complete.algorithms("darts1,"))
    assert "darts1,darts1" not in list(complete.algorithms("darts1,"))
    assert list(complete.spaces("n")) == ["nats", "nats_size"]
    assert list(complete.datasets("cifar10,cifar")) == ["cifar10,cifar100"]
    assert list(complete.splits("h")) == ["halves"]


def test_completion_of_keys_is_of_the_space_and_says_what_each_is() -> None:
    context = typer.Context(typer.main.get_command(app))
    context.params = {"space": "resnet164"}
    offered = dict(complete.keys(context, "space.d"))
    assert set(offered) == {"space.depth="} and offered["space.depth="]
    context.params = {"space": "nats"}
    assert dict(complete.keys(context, "rarts.la"))["rarts.lam="] == "λ: coupling of y and w"


def test_completion_that_cannot_work_is_refused(fault: Faults, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert "`diffnas`, which is not on PATH" in fault("--show-completion")


def test_show_draws_pictures_alone(fault: Faults) -> None:
    cell = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"
    for name in ("cell.txt", "o.xyz", "cell"):
        assert f"{name} is no picture" in fault("show", name, "--genotype", cell)


def test_describe_names_units(capsys: pytest.CaptureFixture[str]) -> None:
    shown = run(capsys, "describe", "--space", "nats", "--set", "space.channels=4", "--dataset", "digits")
    row = next(line for line in shown.splitlines() if "flops" in line)
    assert "multiply-adds" in row


def test_evaluate_takes_no_archive(fault: Faults, tmp_path: Path) -> None:
    (tmp_path / "run.zip").touch()
    assert "is an archive" in fault("evaluate run.zip")


def test_markdown_is_of_the_protocols(fault: Faults) -> None:
    assert "leave it out" in fault("list keys --markdown")
