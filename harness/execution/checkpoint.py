"""Checkpoints that survive a kill at any moment: written aside, renamed, the one before kept."""

from __future__ import annotations

import hashlib
import os
import pickle
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import torch

from algorithms.base import State
from results.atomic import roomy
from results.errors import BadInput

UNREADABLE = (
    *(OSError, RuntimeError, EOFError, LookupError, TypeError, ValueError, AttributeError),
    *(struct.error, pickle.UnpicklingError),
)
"""What ``torch.load`` raises, by its first bytes, for a file that holds something else."""

SUPERNET = "supernet"
"""The stem of what a trial leaves of its trained networks where it was asked to."""

OWNER = "trial"
"""The key under which a file says whose state it holds."""

MARK = b"sha256:"
"""What stands before the checksum at a file's end; torch does not read so far."""

SUMMED = "summed"
"""The key under which a file says that it has a checksum: those of older versions have none."""


class Damaged(ValueError):
    """The file is not as it was written."""


class Checkpoint:
    """The state of one stage of a trial in ``folder/<stem>.pt``, and the one before in ``<stem>.prev.pt``.

    States hold tensors and plain types only, for they are read with ``weights_only=True``. In the file stands besides
    whose they are: the folder's name, which is its trial's hash. At its end stands the SHA-256 of all before, so that
    no changed byte is taken for a state.
    """

    def __init__(self, folder: Path, stem: str = "checkpoint") -> None:
        self.folder = folder
        self.current = folder / f"{stem}.pt"
        self.previous = folder / f"{stem}.prev.pt"

    def save(self, state: Mapping[str, object]) -> None:
        """Write ``state``; a kill in between leaves the older checkpoint whole, and so does a full disk.

        Raises BadInput where there is no room.
        """
        temporary = self.current.with_suffix(f".{os.getpid()}.tmp")
        with roomy(self.current, temporary):
            with temporary.open("w+b") as file:
                torch.save({**state, OWNER: self.folder.name, SUMMED: True}, file)
                file.write(MARK + _digest(file, file.tell()))
                file.flush()
                os.fsync(file.fileno())
            if self.current.exists():
                self.current.replace(self.previous)
            temporary.replace(self.current)

    def load(self, say: Callable[[str], None]) -> State | None:
        """The newest state that can be read, on the CPU; None without any. What is damaged is named through ``say``.

        Raises BadInput where it is another trial's.
        """
        for path in (self.current, self.previous):
            if not path.exists():
                continue
            try:
                whole = _summed(path)
                state: State = torch.load(path, map_location="cpu", weights_only=True)
                owner = state.pop(OWNER, self.folder.name)  # there is none in the files of older versions
                if state.pop(SUMMED, False) != whole:
                    raise Damaged("its checksum is gone")
            except UNREADABLE as error:
                say(f"{path.name} is damaged ({_reason(error)}); falling back to the checkpoint before it")
                continue
            if owner != self.folder.name:
                raise self._foreign(f"it is of the trial {owner}")
            return state
        return None

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Around what takes the state that was loaded. Raises BadInput where it does not fit."""
        try:
            yield
        except (RuntimeError, LookupError, TypeError, ValueError, AttributeError) as error:
            raise self._foreign(_reason(error)) from error

    def _foreign(self, reason: str) -> BadInput:
        return BadInput(
            f"the checkpoint {self.current.name} in {self.folder} does not belong to this trial ({reason}): delete "
            f"{self.current.stem}*.pt there to start it again, or give another --out"
        )

    def remove(self) -> None:
        """Delete both, once the stage is over."""
        self.current.unlink(missing_ok=True)
        self.previous.unlink(missing_ok=True)


def _summed(path: Path) -> bool:
    """Whether the file ends with the checksum of what stands before; False without any. Raises Damaged for another."""
    tail = len(MARK) + hashlib.sha256().digest_size
    with path.open("rb") as file:
        payload = max(file.seek(0, os.SEEK_END) - tail, 0)
        digest = _digest(file, payload)
        found = file.read()
    if not found.startswith(MARK):
        return False
    if found != MARK + digest:
        raise Damaged("its checksum is another")
    return True


def _digest(file: IO[bytes], size: int) -> bytes:
    """SHA-256 of the first ``size`` bytes; the file stands behind them afterwards."""
    file.seek(0)
    digest = hashlib.sha256()
    while size and (block := file.read(min(size, 2**20))):
        digest.update(block)
        size -= len(block)
    return digest.digest()


def _reason(error: Exception) -> str:
    """The first line of what torch says, cut where it is long."""
    return (str(error).splitlines() or ["unreadable"])[0][:100]
