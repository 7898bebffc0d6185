"""Malformed calls over the command line's own grammar: each ends with one line and exit code 2, and runs nothing.

The commands and their options are read from the program itself, so that an option added later is attacked as well.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.__main__ import main
from harness.cli import app
from harness.config.protocol import Protocol

EXAMPLES = int(os.environ.get("HARNESS_MALFORMED_CALLS", "40"))
"""Calls a test. 400 and more take some minutes: HARNESS_MALFORMED_CALLS=400."""

GRAMMAR: dict[str, list[Any]] = {
    name: [p for p in command.params if p.param_type_name == "option" and not p.is_flag and p.name != "out"]
    for name, command in typer.main.get_command(app).commands.items()  # type: ignore[attr-defined]
}
RUNS = {"run": "", "sweep": "--algo rarts --vary rarts.lam=1,2", "evaluate": "--genotype darts_v2"}
"""The commands that start trials, and what each must be given."""

NEVER = ["", " ", ",", ",,", "²", "١", "[/b]", "[", "a[/b]c", "\x1b[2J", "\udcff", "None", "-", "--", "::", "=", "nan",
         "-inf", "1e400", "0b", "0x", "1" * 40, "-1", "~nobody_of_that_name/x", "x" * 5000, "2020-13-45", "!!python/x",
         "&a [*a]", "{", "[" * 2000, "{a: {b: c}}", "loguniform(2,1)"]  # fmt: skip
"""No option takes one of these, but for those whose text is free: paths and addresses."""

VALUES = [*NEVER, "true", "null", "1.5", "0", "1e300", "3.5e38", str(2**63), str(2**31), "1:60", "2020-01-01", "[1, 2]"]
SAMPLERS = ["uniform", "quniform", "loguniform", "qloguniform", "randint", "lograndint", "normal"]
BOUNDS = ["0", "1", "2", "-1", "3.5", "nan", "inf", "1e999", "x", ""]
COUNT = {"calls": 0}

keys = st.sampled_from(sorted(Protocol.load("quick", "nats").keys()))
junk = st.sampled_from(VALUES) | st.text(st.characters(exclude_characters="\0"), max_size=12)
assignments = st.builds("{}={}".format, keys | junk, junk)
calls_of_samplers = st.builds(
    lambda name, bounds: f"{name}({','.join(bounds)})",
    st.sampled_from(SAMPLERS),
    st.lists(st.sampled_from(BOUNDS), max_size=4),
)
variations = st.builds("{}={}".format, keys | junk, calls_of_samplers | junk)


@st.composite
def calls(draw: st.DrawFn, command: str) -> list[str]:
    """One to three options of ``command`` with values that are often none."""
    words = [command, *RUNS[command].split()]
    for option in draw(st.lists(st.sampled_from(GRAMMAR[command]), min_size=1, max_size=3)):
        by_name = {"set_": assignments, "vary": variations}
        words += [option.opts[0], draw(by_name.get(option.name, junk))]
    return words


@pytest.fixture(scope="module", autouse=True)
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An empty folder to be in: neither data nor a table is found, and ``file`` is no folder."""
    folder, before = tmp_path_factory.mktemp("empty"), Path.cwd()
    (folder / "file").write_text("")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("HARNESS_DATA", raising=False)
        patch.setenv("TORCH_HOME", str(folder / "torch"))
        os.chdir(folder)
        yield folder
        os.chdir(before)


def refused(words: list[str], capture: pytest.CaptureFixture[str]) -> str:
    """What the command line says on its way out with code 2."""
    before, sys.argv = sys.argv, ["harness", *words]
    try:
        with pytest.raises(SystemExit) as ended:
            main()
    finally:
        sys.argv = before
    error = capture.readouterr().err
    COUNT["calls"] += 1
    assert ended.value.code == 2, (words, error)
    assert re.match(r"error: |Usage: ", error), (words, error)
    assert "Traceback" not in error
    if error.startswith("error: "):
        assert error.count("\n") == 1 and error.endswith("\n"), (words, error)
    return error


@pytest.mark.parametrize("command", sorted(RUNS))
def test_whatever_is_given_is_one_line(command: str, empty: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The run's folder lies below a file, so that even a call that is right in all else is refused, the last of all."""

    @settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None
    )
    @given(calls(command))
    def attack(words: list[str]) -> None:
        refused([*words, "--serial", "--out", str(empty / "file" / "run")], capsys)

    attack()
    assert not list(empty.rglob("trials"))


FREE = {"latency", "table", "data_dir", "address"}
"""Options whose text is a path or an address: what is not there is refused, but an odd name is none's fault."""


@pytest.mark.parametrize("option", [p.opts[0] for p in GRAMMAR["run"] if p.name not in FREE])
def test_what_an_option_never_takes_is_refused_by_name(
    option: str, empty: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And not for the folder below a file, which is looked at last: nothing is taken in silence."""
    for value in NEVER[:: 1 if EXAMPLES > 40 else 4]:
        if option == "--algos" and value in ("", " ", ",", ",,"):
            continue  # the control alone
        error = refused(["run", "--serial", option, value, "--out", str(empty / "file" / "run")], capsys)
        assert "cannot write the run folder" not in error, (option, value)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("run --seeds ²", "--seeds '²'"),
        (f"run --seeds {2**64}", "18 digits"),
        ("run --seeds 0-99999999", "more than the 10,000"),
        ("run --seeds 0,5-2", "5-2 ends before it begins; write 2-5"),
        ("run --seeds 5-2", "5-2 ends before it begins; write 2-5"),
        ("run --set lr=2020-12-13", "rarts.lr"),
        ("run --set lr=1:30", "rarts.lr = '1:30'"),
        ("run --set lr=1:30.5", "rarts.lr = '1:30.5'"),
        ("run --set epochs=1:30", "budget.amount = '1:30'"),
        ("run --set lr=2020-13-45", "no YAML value"),
        ("run --set lr=0b", "rarts.lr = '0b'"),
        ("run --set lr=0b_", "no YAML value"),
        (f"run --set lr={'[' * 3000}", "no YAML value"),
        ("run --set darts1.lr=abc", "darts1.lr = 'abc'"),
        ("run --set batch_size=true", "batch_size = True"),
        ("run --set epochs=1.5", "epochs are whole"),
        ("run --budget epochs=1.5", "epochs are whole"),
        ("run --set arch_lr=1e300", "rarts.arch_lr = 1e+300: input should be at most 3.4e+38"),
        ("run --set split_seed=99999999999", "split_seed"),
        ("run --log foo --seeds 0", "unknown logger 'foo'"),
        ("run --log ,", "--log ',' names nothing"),
        ("run --eval-dataset ,", "--eval-dataset ',' names nothing"),
        ("run --gpus-per-trial nan", "gpus"),
        ("run --out ~nobody_of_that_name/x", "without ~"),
        ("sweep --algo rarts --vary lr=loguniform(2,1)", "less than high"),
        ("sweep --algo rarts --vary lr=loguniform(0,1)", "more than 0"),
        ("sweep --algo rarts --vary lr=randint(3,3)", "less than high"),
        ("sweep --algo rarts --vary lr=randint(0.5,3)", "whole numbers"),
        ("sweep --algo rarts --vary lr=quniform(0,1,0)", "the step is 0"),
        ("sweep --algo rarts --vary lr=uniform(1)", "low and high"),
        ("sweep --algo rarts --vary lr=uniform(nan,2)", "bounds are numbers of at most 3.4e+38"),
        ("sweep --algo rarts --vary lr=uniform(low,2)", "'low' is no number"),
        ("sweep --algo rarts --vary lr=uniform(,2)", "'' is no number"),
        ("show o.xyz --genotype darts_v2", "is no picture"),
    ],
)
def test_named(words: str, named: str, empty: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert named in refused(words.split(), capsys)
    assert [path.name for path in empty.iterdir()] == ["file"]


@pytest.mark.parametrize("option", ["--split", "--dataset", "--out", "--log", "--budget", "--data-dir", "--seeds"])
def test_an_empty_text_is_none(option: str, empty: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert refused(["run", option, ""], capsys)
    assert [path.name for path in empty.iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("space: nats\nprotocol: mäßig\n".encode("latin-1"), "is not YAML"),
        (b"[" * 3000, "is not YAML"),
        (b"- nats\n", "does not hold a run's configuration"),
        (b"", "does not hold a run's configuration"),
    ],
)
def test_a_run_folder_whose_configuration_is_none(
    content: bytes, named: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config.yaml").write_bytes(content)
    for words in ("report", "evaluate", "archive --out x.zip"):
        assert named in refused([*words.split(), str(tmp_path)], capsys)
    assert named in refused(["run", "--serial", "--out", str(tmp_path)], capsys)


def test_a_run_folder_whose_configuration_lacks_a_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "config.yaml").write_text("dataset: digits\nprotocol: quick\n")
    assert "has no space" in refused(["evaluate", str(tmp_path)], capsys)
    assert "has space = None" in refused(["run", "--serial", "--seeds", "0", "--out", str(tmp_path)], capsys)


def test_a_folder_named_like_markup_is_shown_as_it_stands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "a[/b]c:smile:\x1b[31m"
    settings = "--set epochs=1 --set limit=64 --set batch_size=16 --set diagnostics.subset=16"
    words = f"run --serial --seeds 0 --no-random --algos rarts --evaluate none {settings} --out"
    sys.argv = ["harness", *words.split(), str(folder)]
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert "a[/b]c:smile:" in said and "\x1b" not in said
