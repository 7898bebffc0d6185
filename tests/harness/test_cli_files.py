"""Files that are not what a command reads: one line that names the file, and exit code 2."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from faults import Faults


@pytest.mark.parametrize("content", [b"# A text\n", b"", b".", b"Go!", b"hA"])
def test_export_of_a_file_that_is_no_network(fault: Faults, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "notes.txt").write_bytes(content)
    error = fault("export", tmp_path / "notes.txt")
    assert "notes.txt holds no trained network" in error and "network.pt" in error


def test_export_of_another_file_of_torchs(fault: Faults, tmp_path: Path) -> None:
    for kept in ([1, 2], {"space": "nats"}, {"space": "natz"}):
        torch.save(kept, tmp_path / "kept.pt")
        assert "kept.pt holds no trained network" in fault("export", tmp_path / "kept.pt")


def test_export_of_a_file_that_is_not_there(fault: Faults, tmp_path: Path) -> None:
    assert "nowhere.pt" in fault("export", tmp_path / "nowhere.pt")
