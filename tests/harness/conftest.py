"""Fixtures of the harness's tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from faults import Faults


@pytest.fixture
def fault(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Faults:
    """In an empty folder, with neither data nor a table to be found."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HARNESS_DATA", raising=False)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    return Faults(monkeypatch, capsys, tmp_path)
