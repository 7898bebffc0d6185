"""A record names the commit whose code made it, and says where that code was not the commit's."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from harness.measuring import record


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with the one file that tells where it lies, as the project's own does."""
    module = tmp_path / "harness" / "measuring" / "record.py"
    module.parent.mkdir(parents=True)
    module.write_text("# committed\n")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "first")
    monkeypatch.setattr(record, "__file__", str(module))
    return tmp_path


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True, text=True).stdout


def version() -> str:
    return record.code_version.__wrapped__()


def test_the_commit_stands_behind_the_version(checkout: Path) -> None:
    (checkout / "runs").mkdir()
    (checkout / "runs" / "note.txt").write_text("no code")
    assert version().split()[1] == git(checkout, "rev-parse", "--short=10", "HEAD").strip()


def test_a_new_file_of_an_algorithm_is_code_that_the_commit_has_not(checkout: Path) -> None:
    (checkout / "algorithms").mkdir()
    (checkout / "algorithms" / "own.py").write_text("# an algorithm of one's own\n")
    assert version().endswith("+")


def test_a_changed_file_is_code_that_the_commit_has_not(checkout: Path) -> None:
    (checkout / "harness" / "measuring" / "record.py").write_text("# changed\n")
    assert version().endswith("+")
