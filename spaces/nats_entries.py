"""An official archive of NATS-Bench, unpacked: a folder with one pickle per network, read through ``nats_bench``."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Literal

import nats_bench

from results.errors import BadInput

META = "meta.pickle.pbz2"
# What a damaged or foreign pickle raises on the way through bz2, pickle and nats_bench.
_UNREADABLE = (OSError, EOFError, ValueError, LookupError, TypeError, AttributeError, ImportError, pickle.PickleError)


class Entries:
    """``meta.pickle.pbz2`` and a file per network, of which some may be missing. It unpickles: open what you trust.

    Parameters
    ----------
    folder
        The unpacked archive.
    kind
        "tss": topology, "sss": size.
    every
        All networks of that space.
    words
        What one of them is called, and what all are: "cell", "topology cells".
    how_to_get
        How a user gets the archive, in one line.

    Raises
    ------
    BadInput
        For a folder that is no such archive.
    """

    def __init__(
        self, folder: Path, kind: Literal["tss", "sss"], every: frozenset[str], words: tuple[str, str], how_to_get: str
    ) -> None:
        self.folder, self.word, self.how_to_get = folder, words[0], how_to_get
        if not (folder / META).is_file():
            raise BadInput(f"{folder} is no NATS-Bench archive, it holds no {META}; {how_to_get}")
        try:
            self._api = nats_bench.create(str(folder), kind, fast_mode=True, verbose=False)
        except _UNREADABLE as error:
            raise BadInput(f"{folder / META} cannot be read ({type(error).__name__}); {how_to_get}") from error
        self.networks: list[str] = list(self._api.meta_archs)
        if set(self.networks) != every:
            raise BadInput(f"{folder} holds another space than the {len(every):,} {words[1]}; {how_to_get}")
        stems = {path.name.split(".")[0] for path in folder.glob("*.pickle.pbz2")}
        self.present = {int(stem) for stem in stems if stem.isdecimal()} & set(range(len(every)))
        self.complete = len(self.present) == len(every)

    @property
    def description(self) -> str:
        """The archive in words, with how much of it is here."""
        held = f" ({len(self.present)} of {len(self.networks):,} {self.word}s: no rank, percentile or regret)"
        return f"official NATS-Bench archive {self.folder.name}{'' if self.complete else held}"

    @cached_property
    def digest(self) -> str:
        """Twelve hexadecimal digits, of the files' names and sizes: reading their figures would take minutes."""
        files = sorted((path.name, path.stat().st_size) for path in self.folder.glob("*.pickle.pbz2"))
        return hashlib.sha256(repr(files).encode()).hexdigest()[:12]

    def logs(self, network: str, lengths: Sequence[int]) -> dict[int, nats_bench.ArchResults]:
        """One network's log by each of the training lengths (epochs).

        It is taken out of the API, which would copy it and keep it: gigabytes.

        Raises
        ------
        BadInput
            Where its file is missing or damaged.
        """
        index = self._api.query_index_by_arch(network)
        if index not in self.present:
            raise BadInput(f"{self.folder} lacks {self.word} {index}, {network}; {self.how_to_get}")
        try:
            self._api.reload(str(self.folder), index)
            logs = self._api.arch2infos_dict.pop(index)
            return {epochs: logs[str(epochs)] for epochs in lengths}
        except _UNREADABLE as error:
            raise BadInput(
                f"{self.word} {index} of {self.folder} cannot be read ({type(error).__name__}); {self.how_to_get}"
            ) from error
