"""A record or a history that was changed after its trial ended is no result: refused in one line, never read."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

import results
from harness.__main__ import main
from harness.config.protocol import Protocol
from harness.config.sections import Environment
from harness.execution.job import run_job
from results.errors import BadInput
from results.store import Store

FILES = ("record.json", "history.parquet", "config.json", "done")


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished trial, in a run that can be read."""
    folder = tmp_path_factory.mktemp("run")
    protocol = Protocol.load("quick", "nats")
    protocol = protocol.set(["epochs=1", "limit=32", "batch_size=16", "diagnostics.lambda_every=0"])
    config = protocol.trial("rarts", 0, {"classes": 10, "in_channels": 1}, "none")
    (folder / "config.yaml").write_text("space: nats\n")
    run_job(config, Environment(run=str(folder)))
    return Store(folder).trial_dir(config.hash)


@pytest.mark.parametrize("name", FILES)
def test_a_flipped_byte_is_never_another_result(trial: Path, name: str) -> None:
    run, path, draw = trial.parents[1], trial / name, random.Random(name)
    whole = path.read_bytes()
    try:
        for _ in range(60):
            changed = bytearray(whole)
            changed[draw.randrange(len(whole))] ^= draw.randrange(1, 256)
            path.write_bytes(changed)
            with pytest.raises(BadInput, match="was changed after the trial ended"):
                results.load(run)
    finally:
        path.write_bytes(whole)
    assert results.load(run).records["status"].tolist() == ["done"]


def test_a_flipped_byte_of_the_runs_configuration_is_never_another(tmp_path: Path) -> None:
    """Every byte of it, one bit each, its checksum's too."""
    config = {"space": "nats", "seeds": [0, 1], "protocol": {"lr": 0.025, "epochs": 10, "stands_for": "ten of α's"}}
    Store.open_run(tmp_path, config, ())
    path = tmp_path / "config.yaml"
    whole = path.read_bytes()
    for i in range(len(whole)):
        changed = bytearray(whole)
        changed[i] ^= 1 << i % 8
        path.write_bytes(changed)
        with pytest.raises(BadInput, match=r"was changed after it was written|is not YAML"):
            results.load(tmp_path)
    # As the message says: without it the same launch writes it anew.
    path.unlink()
    Store.open_run(tmp_path, config, ("space",))
    assert path.read_bytes() == whole


@pytest.mark.parametrize("name", ["record.json", "history.parquet"])
def test_a_file_that_is_gone_is_refused(trial: Path, name: str) -> None:
    whole = (trial / name).read_bytes()
    (trial / name).unlink()
    try:
        with pytest.raises(BadInput, match="was changed after the trial ended"):
            results.load(trial.parents[1])
    finally:
        (trial / name).write_bytes(whole)


def test_a_run_of_an_older_version_is_read_as_before(trial: Path) -> None:
    sums = (trial / "done").read_text()
    (trial / "done").write_text("")
    try:
        assert results.load(trial.parents[1]).records["status"].tolist() == ["done"]
    finally:
        (trial / "done").write_text(sums)


def test_report_and_a_relaunch_refuse_it_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def ends(*words: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["harness", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0), capsys.readouterr().err

    run = "run --serial --algos rarts --no-random --seeds 0 --evaluate none --set epochs=1 --set limit=32 --out"
    assert ends(*run.split(), str(tmp_path))[0] == 0
    (record,) = tmp_path.glob("trials/*/record.json")
    record.write_text(record.read_text().replace('"seed": 0', '"seed": 1', 1))
    for words in (["report", str(tmp_path)], [*run.split(), str(tmp_path)]):
        code, error = ends(*words)
        assert (code, error.count("\n")) == (2, 1)
        assert error.startswith(f"error: {record} was changed after the trial ended: ")
