"""A checkpoint survives what a kill or a full disk can do to its file, and never runs code when it is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from harness.execution.checkpoint import Checkpoint

NO_CHECKPOINTS = (b"# A text\n", b"Go!", b"hA", b"c\xc6\x0b", b"N.")
"""Files for which torch.load raises IndexError, struct.error, KeyError, UnicodeDecodeError, RuntimeError."""


class Trap:
    """Unpickled, it leaves a file behind."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.mark,)


def state(epoch: int) -> dict[str, Any]:
    return {"epoch": epoch, "w": torch.full((1000,), float(epoch)), "history": [{"loss": 0.5, "genotype": "|skip|"}]}


def damage(path: Path, keep: float) -> None:
    path.write_bytes(path.read_bytes()[: int(keep * path.stat().st_size)])


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def checkpoint(tmp_path: Path) -> Checkpoint:
    """Epochs 1 to 3 were saved."""
    made = Checkpoint(tmp_path)
    for epoch in (1, 2, 3):
        made.save(state(epoch))
    return made


def test_newest_state_comes_back_bit_for_bit(checkpoint: Checkpoint, said: list[str]) -> None:
    loaded = checkpoint.load(said.append)
    assert loaded is not None
    assert torch.equal(loaded.pop("w"), torch.full((1000,), 3.0))
    assert loaded == {"epoch": 3, "history": [{"loss": 0.5, "genotype": "|skip|"}]}
    assert said == []


@pytest.mark.parametrize("keep", [0.0, 0.01, 0.5, 0.99])
def test_truncated_checkpoint_falls_back_and_says_so(checkpoint: Checkpoint, said: list[str], keep: float) -> None:
    damage(checkpoint.current, keep)
    loaded = checkpoint.load(said.append)
    assert loaded is not None and loaded["epoch"] == 2
    assert len(said) == 1 and "checkpoint.pt is damaged" in said[0] and "\n" not in said[0]


def test_whatever_the_file_holds_it_falls_back(checkpoint: Checkpoint, said: list[str]) -> None:
    contents = [*NO_CHECKPOINTS, *(bytes([byte]) for byte in range(256))]
    for content in contents:
        checkpoint.current.write_bytes(content)
        loaded = checkpoint.load(said.append)
        assert loaded is not None and loaded["epoch"] == 2, content
    assert len(said) == len(contents)


def test_both_damaged_is_none_and_names_both(checkpoint: Checkpoint, said: list[str]) -> None:
    damage(checkpoint.current, 0.5)
    checkpoint.previous.write_bytes(b"not a checkpoint at all")
    assert checkpoint.load(said.append) is None
    assert [line.split()[0] for line in said] == ["checkpoint.pt", "checkpoint.prev.pt"]


def test_kill_between_the_two_renames_leaves_the_older(checkpoint: Checkpoint, said: list[str]) -> None:
    checkpoint.current.replace(checkpoint.previous)
    loaded = checkpoint.load(said.append)
    assert loaded is not None and loaded["epoch"] == 3
    assert said == []


def test_code_in_a_checkpoint_is_refused(tmp_path: Path, said: list[str]) -> None:
    mark = tmp_path / "ran"
    checkpoint = Checkpoint(tmp_path)
    torch.save({"epoch": 1, "trap": Trap(mark)}, checkpoint.current)
    assert checkpoint.load(said.append) is None
    assert len(said) == 1
    assert not mark.exists()


def test_stages_keep_apart_and_remove_leaves_nothing(checkpoint: Checkpoint, tmp_path: Path, said: list[str]) -> None:
    other = Checkpoint(tmp_path, "evaluation-digits")
    assert other.load(said.append) is None
    other.save(state(9))
    checkpoint.remove()
    assert checkpoint.load(said.append) is None
    assert [path.name for path in tmp_path.iterdir()] == ["evaluation-digits.pt"]


def test_a_flipped_bit_anywhere_is_never_taken_for_a_state(checkpoint: Checkpoint, said: list[str]) -> None:
    """Every byte of the checksum, and 400 drawn anywhere: the state before it, and a line that says so."""
    whole = checkpoint.current.read_bytes()
    drawn = np.random.default_rng(0).integers(len(whole), size=400)
    places = [*drawn.tolist(), *range(len(whole) - 39, len(whole))]
    for place in places:
        changed = bytearray(whole)
        changed[place] ^= 1 << place % 8
        checkpoint.current.write_bytes(changed)
        loaded = checkpoint.load(said.append)
        assert loaded is not None and loaded["epoch"] == 2, place
        assert torch.equal(loaded["w"], torch.full((1000,), 2.0))
    assert len(said) == len(places)


def test_torch_reads_the_file_as_it_is(checkpoint: Checkpoint) -> None:
    assert torch.load(checkpoint.current, weights_only=True)["epoch"] == 3
