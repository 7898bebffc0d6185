"""An official archive of NATS-Bench, unpacked: a folder with one pickle per network, read through ``nats_bench``."""

from __future__ import annotations

import hashlib
import logging
import pickle
from abc import abstractmethod
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Literal

import nats_bench
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from results.errors import BadInput
from spaces.tabular import Ranked

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


class Archived(Ranked):
    """A table whose figures are read from an archive's entries on demand, each network's once."""

    accuracies: ClassVar[tuple[str, ...]]
    """The columns that ranks are taken of."""

    def __init__(self, entries: Entries) -> None:
        self._entries = entries
        self.complete, self.description = entries.complete, entries.description
        self._figures: dict[str, dict[str, float]] = {}
        self._sorted: dict[str, NDArray[np.float64]] = {}

    @abstractmethod
    def read(self, genotype: str) -> dict[str, float]:
        """One network's figures by a table file's columns. Raises BadInput for a malformed, missing or damaged one."""

    @property
    def digest(self) -> str:
        """See Ranked, but of the files' names and sizes: reading their figures would take minutes."""
        return self._entries.digest

    def figure(self, genotype: str, column: str) -> float:
        """See Ranked."""
        return self._row(genotype).get(column, float("nan"))

    def column(self, name: str) -> NDArray[np.float64]:
        """See Ranked. The first call reads the whole archive (see ``frame``)."""
        if not self._sorted:
            frame = self.frame()
            self._sorted = {accuracy: np.sort(frame[accuracy].to_numpy()) for accuracy in self.accuracies}
        return self._sorted[name]

    def frame(self) -> pd.DataFrame:
        """All networks of a complete archive with a table file's columns, in the archive's order.

        Reading them takes minutes, once a process; saved with ``to_parquet``, they make a table that opens at once.
        """
        networks = self._entries.networks
        logging.getLogger(__name__).warning(
            "reading all %d %ss of %s, which takes minutes; %s.frame().to_parquet(...) makes a table of them",
            len(networks),
            self._entries.word,
            self._entries.folder,
            type(self).__name__,
        )
        return pd.DataFrame([{"arch": network, **self._row(network)} for network in networks])

    def _row(self, genotype: str) -> dict[str, float]:
        if genotype not in self._figures:
            self._figures[genotype] = self.read(genotype)
        return self._figures[genotype]
