"""The run folder: who may write what, and how it is read back.

::

    <run>/config.yaml                  what was asked, resolved
    <run>/trials/<hash>/config.json    history.parquet   record.json   done | error.txt
    <run>/records.parquet records.csv

Every file is written under a temporary name and renamed, so a killed process leaves whole files only. The store is the
truth about what is finished: ``done`` is written last. It holds the SHA-256 of the files that it closes, so that a
record changed since is refused; it is empty in the runs of older versions. config.yaml ends with its own, in a comment.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from filelock import FileLock, Timeout

from results.atomic import replacing, write_text
from results.errors import BadInput
from results.records import inherited
from results.schema import history_frame, records_frame

MERGED = ("algorithms", "seeds", "changed")
"""Lists of a run's configuration that may grow when it is opened again."""

MARK = "# sha256 of the lines above: "
"""What the last line of a run's configuration begins with; there is no such line in runs of older versions."""

ORDER = ["space", "protocol", "search_dataset", "algorithm", "variant", "seed", "trial"]
"""What a records frame is sorted by, so that two collections of one run are equal."""


NAMELESS = {"algorithm": "unknown", "title": "unknown"}
"""A trial of an older version that failed before it wrote what it was."""
CLOSED = ("config.json", "record.json", "history.parquet")
"""The files of a trial whose checksums stand in ``done``."""


@dataclass(frozen=True)
class Run:
    """A run as read back: its folder or archive, its configuration, and the two frames of ``results.schema``."""

    path: Path
    config: dict[str, object]
    records: pd.DataFrame
    history: pd.DataFrame

    def summary(self) -> pd.DataFrame:
        """Methods ranked by their mean test error, with n, spread, interval and cost: ``results.summary.summary``."""
        from results.summary import summary

        return summary(self.records)

    def compare(self, a: str, b: str) -> pd.DataFrame:
        """The test error of method ``a`` minus that of ``b``, paired by seed: ``results.summary.compare``."""
        from results.summary import compare

        return compare(self.records, a, b)

    def _repr_html_(self) -> str:
        """The run as a notebook shows it."""
        from results.summary import html

        return html(self)


@dataclass(frozen=True)
class Store:
    """One run's folder. Methods on a trial take its hash; writers of a trial hold its ``lock``."""

    folder: Path

    @classmethod
    def open_run(cls, folder: Path, config: Mapping[str, object], frozen: Sequence[str]) -> Store:
        """Create the run, or open it again to finish it or to add algorithms and seeds.

        ``config`` holds plain types. Its keys named in ``frozen`` must equal the stored ones; the lists ``algorithms``
        and ``seeds`` become the union, stored ones first; of the other keys the newest value stays. Raises
        ``BadInput`` where a frozen key differs, and where the folder cannot be written.
        """
        path = folder / "config.yaml"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with FileLock(folder / ".lock"):
                # Through YAML and back, so that what is compared is what a later reader will see (tuples are lists).
                asked: dict[str, object] = yaml.safe_load(yaml.safe_dump(dict(config), sort_keys=False))
                if path.exists():
                    asked = _merge(folder, _read_config(path), asked, frozen)
                text = yaml.safe_dump(asked, sort_keys=False, allow_unicode=True)
                write_text(path, _closed(text))
        except OSError as error:
            reason = error.strerror or error
            raise BadInput(
                f"cannot write the run folder {folder} ({reason}): give a folder you can write to"
            ) from error
        return cls(folder)

    def trial_dir(self, trial: str) -> Path:
        """The trial's folder, which exists from the first write or lock on."""
        return self.folder / "trials" / trial

    def is_done(self, trial: str) -> bool:
        """Whether the trial ended with a record, be it good or diverged."""
        return (self.trial_dir(trial) / "done").exists()

    def verify(self, trial: str) -> None:
        """Raise ``BadInput`` where a done trial's files are not as they were when it ended."""
        if self.is_done(trial):
            _verify(self.trial_dir(trial))

    def write_config(self, trial: str, config: Mapping[str, object], columns: Mapping[str, object]) -> None:
        """Store the trial's configuration, and the record columns known before it runs; an earlier failure is over."""
        (self.trial_dir(trial) / "error.txt").unlink(missing_ok=True)
        _write_json(self.trial_dir(trial) / "config.json", {**config, "columns": columns})

    def read_config(self, trial: str) -> dict[str, object]:
        """A trial's configuration without its record columns. Raises ``BadInput`` where it cannot be read."""
        config: dict[str, object] = _read_json(self.trial_dir(trial) / "config.json")
        return {name: value for name, value in config.items() if name != "columns"}

    def write_history(self, trial: str, rows: Iterable[Mapping[str, object]]) -> None:
        """Store the trial's history, one row an epoch."""
        with replacing(self.trial_dir(trial) / "history.parquet") as temporary:
            history_frame({"trial": trial, **row} for row in rows).to_parquet(temporary)

    def write_record(self, trial: str, rows: Sequence[Mapping[str, object]]) -> None:
        """Store the trial's record, one row per evaluation data set, and mark the trial done."""
        folder = self.trial_dir(trial)
        _write_json(folder / "record.json", rows)
        sums = {name: _sum(folder / name) for name in CLOSED if (folder / name).exists()}
        write_text(folder / "done", json.dumps(sums, indent=1))
        (folder / "error.txt").unlink(missing_ok=True)

    def write_error(self, trial: str, text: str) -> None:
        """Store why the trial failed; the last line, as a traceback's, is the one shown."""
        write_text(self.trial_dir(trial) / "error.txt", text)

    @contextmanager
    def lock(self, trial: str, on_wait: Callable[[], None] | None = None) -> Iterator[None]:
        """Hold the trial against every other process that shares the folder; the system frees it when one dies.

        ``on_wait`` is called once if another process holds it.
        """
        folder = self.trial_dir(trial)
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / ".lock")
        try:
            lock.acquire(blocking=False)
        except Timeout:
            if on_wait is not None:
                on_wait()
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    def record(self, trial: str) -> list[dict[str, object]]:
        """A done trial's rows, one per evaluation data set; none where it is not done."""
        return _rows(self.trial_dir(trial)) if self.is_done(trial) else []

    def records(self) -> pd.DataFrame:
        """The records of every trial that is done or failed; one that is neither, having been interrupted, has none."""
        rows = [row for folder in self._trial_dirs() for row in _rows(folder)]
        return inherited(records_frame(rows)).sort_values(ORDER, kind="stable", ignore_index=True)

    def found(self, wanted: Mapping[str, object]) -> str | None:
        """The genotype of the one done search whose configuration has every value of ``wanted``; None without any.

        Raises ``BadInput`` where several have, and have found different ones.
        """
        folders = [path for path in self._trial_dirs() if (path / "done").exists()]
        for path in folders:
            _verify(path)
        configs = {path: _read_json(path / "config.json") for path in folders}
        alike = [p for p, c in configs.items() if all(c.get(name) == value for name, value in wanted.items())]
        found = {str(row["genotype"]) for path in alike for row in _rows(path) if row["status"] == "done"}
        if len(found) > 1:
            raise BadInput(f"the run has {len(found)} different searches by {wanted.get('algorithm')}: leave one")
        return next(iter(found), None)

    def history(self, trials: Iterable[str]) -> pd.DataFrame:
        """The history of these trials, one after the other; one that failed before its first epoch has none."""
        trials = list(trials)
        for trial in trials:
            self.verify(trial)
        paths = [path for trial in trials if (path := self.trial_dir(trial) / "history.parquet").exists()]
        return pd.concat([history_frame([]), *map(pd.read_parquet, paths)], ignore_index=True)

    def collect(self) -> pd.DataFrame:
        """The records, written to ``records.parquet`` and ``records.csv`` as well."""
        with FileLock(self.folder / ".lock"):
            frame = self.records()
            with replacing(self.folder / "records.parquet") as temporary:
                frame.to_parquet(temporary)
            with replacing(self.folder / "records.csv") as temporary:
                frame.to_csv(temporary, index=False)
        return frame

    def _trial_dirs(self) -> list[Path]:
        trials = self.folder / "trials"
        return sorted(path for path in trials.iterdir() if path.is_dir()) if trials.exists() else []


def load(path: Path | str | Iterable[Path | str]) -> Run:
    """Read a run back, or several as one. Writes nothing.

    Parameters
    ----------
    path
        A run's folder, its archive, or a folder that holds ``run.zip`` and no config.yaml; or several of these, which
        become one run by ``results.summary.joined``.

    Returns
    -------
    Run
        Its configuration, records and histories.

    Raises
    ------
    BadInput
        Where a path is none of these, an archive is damaged, or no path is given.
    """
    if isinstance(path, (str, Path)):
        return _load(Path(path))
    from results.summary import joined

    return joined([_load(Path(one)) for one in path])


def _load(folder: Path) -> Run:
    from results import archive  # which reads a run through this module

    if folder.is_file():
        return archive.read(folder)
    if not (folder / "config.yaml").is_file() and (folder / archive.NAME).is_file():
        return archive.read(folder / archive.NAME)
    if not (folder / "config.yaml").is_file():
        raise BadInput(f"{folder} is not a run's folder (it has no config.yaml): give the folder a run was written to")
    store = Store(folder)
    records = store.records()
    return Run(folder, _read_config(folder / "config.yaml"), records, store.history(records["trial"].unique()))


def _closed(text: str) -> str:
    """A configuration with its checksum."""
    return f"{text}{MARK}{hashlib.sha256(text.encode()).hexdigest()}\n"


def _read_config(path: Path) -> dict[str, object]:
    try:
        text = path.read_text(encoding="utf-8")
        body, _, last = text.removesuffix("\n").rpartition("\n")
        closed = MARK in last or re.search("[0-9a-f]{64}$", last)  # either, for the other may be what was changed
        if closed and text != _closed(body + "\n"):
            raise BadInput(
                f"{path} was changed after it was written: restore it, or remove it and launch the run again, which "
                "writes it anew and keeps the trials"
            )
        config = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise BadInput(f"{path} is not YAML: restore it, or start a run in another folder") from error
    if not isinstance(config, dict):
        raise BadInput(f"{path} does not hold a run's configuration: restore it, or start a run in another folder")
    return config


def _merge(
    folder: Path, stored: dict[str, object], asked: dict[str, object], frozen: Sequence[str]
) -> dict[str, object]:
    """The configuration of a run opened again. Raises ``BadInput`` at the first frozen value that differs."""
    for key in frozen:
        if (fault := _difference(key, stored.get(key), asked.get(key))) is not None:
            name, old, new = fault
            raise BadInput(
                f"the run in {folder} has {name} = {old!r}, not {new!r}: ask for {old!r} again, or name another folder"
            )
    unions = {key: list(dict.fromkeys([*_listed(stored, key), *_listed(asked, key)])) for key in MERGED}
    return {**stored, **asked, **{key: union for key, union in unions.items() if key in stored or key in asked}}


def _listed(config: Mapping[str, object], key: str) -> list[object]:
    """A list of a run's configuration; empty where there is none."""
    return value if isinstance(value := config.get(key), list) else []


def _difference(name: str, old: object, new: object) -> tuple[str, object, object] | None:
    """The dotted name and both values of the first leaf where two configurations differ; a missing leaf is None."""
    if isinstance(old, dict) and isinstance(new, dict):
        leaves = (_difference(f"{name}.{key}", old.get(key), new.get(key)) for key in dict.fromkeys([*old, *new]))
        return next((leaf for leaf in leaves if leaf is not None), None)
    return None if old == new else (name, old, new)


def _rows(folder: Path) -> list[dict[str, object]]:
    """A trial's rows: its record's where it is done, one that says why where it failed, none where it is unfinished."""
    record, error = folder / "record.json", folder / "error.txt"
    if (folder / "done").exists():
        _verify(folder)
        return [{"trial": folder.name, **row} for row in _read_json(record)]
    if not error.exists() or record.exists():
        return []
    config = folder / "config.json"
    columns = _read_json(config)["columns"] if config.exists() else NAMELESS
    lines = error.read_text(encoding="utf-8").strip().splitlines()
    return [{**columns, "trial": folder.name, "status": "failed", "error": lines[-1] if lines else ""}]


def _verify(folder: Path) -> None:
    """Raise ``BadInput`` where what ``done`` closes is not as it was; without sums, of older versions, nothing is."""
    text = (folder / "done").read_bytes()
    if not text:
        return
    wrong = "done"
    try:
        sums = json.loads(text)
        if isinstance(sums, dict) and {"record.json"} <= sums.keys() <= {*CLOSED}:
            wrong = next((name for name, digest in sums.items() if _sum(folder / name) != digest), "")
    except ValueError:
        pass
    if wrong:
        raise BadInput(
            f"{folder / wrong} was changed after the trial ended: restore it, or remove the folder {folder} and "
            "launch the run again"
        )


def _sum(path: Path) -> str:
    """SHA-256 of a file; of none where it is missing."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""


def _write_json(path: Path, value: object) -> None:
    # Infinity is Python's own extension of JSON and is read back as such; NaN is what null stands for in a record.
    write_text(path, json.dumps(plain(value), indent=1))


def _read_json(path: Path) -> Any:  # JSON, whose writer stands above each reader
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(f"cannot read {path}: remove the folder {path.parent} and launch the run again") from error


def plain(value: object) -> object:
    """``value`` as JSON holds it: NumPy's scalars as Python's, NaN as None."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and math.isnan(value) else value
