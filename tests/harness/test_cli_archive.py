"""``archive`` packs a run into one file; what it cannot pack is one line."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from faults import Faults
from pandas.testing import assert_frame_equal

import results
from harness.__main__ import main
from results.store import Store


def test_archive_packs_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store.open_run(tmp_path / "run", {"space": "nats"}, ())
    store.write_record("aa", [{"status": "done", "algorithm": "rarts", "test_error": 5.64}])
    monkeypatch.setattr(sys, "argv", ["harness", "archive", str(tmp_path / "run"), "--out", str(tmp_path / "one.zip")])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    assert_frame_equal(results.load(tmp_path / "one.zip").records, results.load(tmp_path / "run").records)


def test_archive_of_no_run(fault: Faults, tmp_path: Path) -> None:
    assert "not a run's folder" in fault("archive", tmp_path, "--out", tmp_path / "one.zip")
