"""A trial that fails says so in its record and the report, stops no other, and is tried again by the same command."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
import pytest

import results
from algorithms import ALGORITHMS
from algorithms.base import Setting
from harness.__main__ import main
from harness.config.request import Request
from harness.planning.plan import plan
from reports import page

DARTS1 = ALGORITHMS["darts1"]
SETTINGS = ["epochs=1", "limit=64", "batch_size=16", "diagnostics.lambda_every=0"]


def launch(patch: pytest.MonkeyPatch, out: Path) -> int:
    """The exit code of the command line, run in this process."""
    settings = [word for setting in SETTINGS for word in ("--set", setting)]
    words = ["run", "--serial", "--algos", "rarts,darts1", "--no-random", "--seeds", "0", "--evaluate", "none"]
    patch.setattr(sys, "argv", ["harness", *words, *settings, "--out", str(out)])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def statuses(records: pd.DataFrame) -> dict[str, str]:
    return dict(zip(records["algorithm"], records["status"], strict=True))


def test_failed_trial_is_shown_and_tried_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "run"
    rarts, _ = plan(Request(["rarts", "darts1"], "nats", [0], overrides=SETTINGS, evaluate="none", out=out)).trials
    obstacle = out / "trials" / rarts.hash / "history.parquet"
    obstacle.mkdir(parents=True)  # where the trial will want to write a file

    assert launch(monkeypatch, out) == 1
    assert "rarts seed 0 failed: IsADirectoryError" in capsys.readouterr().out
    records = pd.read_csv(out / "records.csv")
    assert statuses(records) == {"rarts": "failed", "darts1": "done"}
    assert "IsADirectoryError" in str(records.set_index("algorithm").loc["rarts", "error"])
    assert "IsADirectoryError" in (out / "report" / "report.md").read_text()

    obstacle.rmdir()
    assert launch(monkeypatch, out) == 0
    assert statuses(results.load(out).records) == {"rarts": "done", "darts1": "done"}
    assert "1 of 2 trials are done already" in capsys.readouterr().out
    assert not (out / "trials" / rarts.hash / "error.txt").exists()


def test_a_trial_that_fails_before_its_first_step_is_known_by_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """It once had a nameless record, and the report of its run ended in a traceback."""
    out = tmp_path / "run"

    def no_memory(self: DARTS1, setting: Setting) -> None:
        raise MemoryError("no memory for the supernet")

    monkeypatch.setattr(DARTS1, "__init__", no_memory)
    assert launch(monkeypatch, out) == 1
    assert "darts1 seed 0 failed: MemoryError" in capsys.readouterr().out
    records = results.load(out).records.set_index("algorithm")
    assert records["status"].to_dict() == {"rarts": "done", "darts1": "failed"}
    assert records.loc["darts1", "space"] == "nats" and records.loc["darts1", "seed"] == 0
    assert "no memory for the supernet" in (out / "report" / "report.md").read_text()

    # Such a record of an older version.
    (out / "trials" / str(records.loc["darts1", "trial"]) / "config.json").unlink()
    older = results.load(out)
    assert statuses(older.records) == {"rarts": "done", "unknown": "failed"}
    assert "no memory for the supernet" in page.write([older], out / "again").with_name("report.md").read_text()
