"""One small file of a run: its configuration, records and histories, read back exactly as the run's folder.

::

    run.zip: config.yaml   records.parquet   history.parquet   manifest.json

The manifest holds a SHA-256 of each other member, so that damage is refused even where a zip's own CRC agrees. Only
YAML, Parquet and JSON are read: opening a stranger's archive runs no code of his. Trials' configurations, checkpoints
and networks stay in the folder, so a run is finished or retrained from its folder only.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import yaml

from results.atomic import replacing
from results.errors import BadInput
from results.schema import conformed
from results.store import Run, load

NAME = "run.zip"
"""The archive's name in a folder that ``results.load`` takes for a run."""

MEMBERS = ("config.yaml", "records.parquet", "history.parquet")
MANIFEST = "manifest.json"
FORMAT = 1
"""Number of the layout above, in the manifest; a reader refuses any other."""

EPOCH = (1980, 1, 1, 0, 0, 0)
"""Every member's date: the earliest a zip can hold, so that packing twice gives the same bytes."""


def pack(run_folder: Path | str, path: Path | str) -> Path:
    """Write a run's configuration, records and histories to one file.

    The same run gives the same bytes on the same versions of pandas, pyarrow and zlib.

    Parameters
    ----------
    run_folder
        A run's folder, as ``results.load`` takes it. It is only read.
    path
        The archive to write, whole or not at all; one that is there is replaced.

    Returns
    -------
    Path
        ``path``.

    Raises
    ------
    BadInput
        Where ``run_folder`` is no run, or ``path`` cannot be written or is a file of another kind.
    """
    run, path = load(run_folder), Path(path)
    if path.is_file() and not zipfile.is_zipfile(path):
        raise BadInput(f"{path} is there and no archive: name another file, or remove it first")
    contents = {
        "config.yaml": yaml.safe_dump(run.config, sort_keys=False, allow_unicode=True).encode(),
        "records.parquet": _parquet(run.records),
        "history.parquet": _parquet(run.history),
    }
    manifest = {"format": FORMAT, "sha256": {name: _digest(data) for name, data in contents.items()}}
    contents[MANIFEST] = json.dumps(manifest, indent=1).encode()
    try:
        with replacing(path) as temporary:
            _write(temporary, contents)
    except OSError as error:
        reason = error.strerror or error
        raise BadInput(f"cannot write the archive {path} ({reason}): name a file that you may write") from error
    return path


def read(path: Path) -> Run:
    """Read an archive that ``pack`` wrote.

    Parameters
    ----------
    path
        The archive, a file.

    Returns
    -------
    Run
        Records and history equal to those of the folder it was packed from, with an empty column for each metric that
        is younger than the archive; ``Run.path`` is the archive.

    Raises
    ------
    BadInput
        Where the file is no archive of a run, is damaged, is of another format, or has a column that is no metric.
    """
    # RuntimeError and its NotImplementedError are zipfile's own, of a flipped bit that says encrypted or compressed
    # otherwise; ValueError covers JSON, text and Parquet (pyarrow's ArrowInvalid).
    try:
        with zipfile.ZipFile(path) as archive:
            contents = {name: archive.read(name) for name in (*MEMBERS, MANIFEST)}
        manifest = json.loads(contents.pop(MANIFEST))
        if manifest["format"] != FORMAT:
            raise BadInput(f"{path} is an archive of format {manifest['format']}, not {FORMAT}: update the harness")
        if manifest["sha256"] != {name: _digest(data) for name, data in contents.items()}:
            raise ValueError("a member is not what the manifest says")
        config = yaml.safe_load(contents["config.yaml"])
        if not isinstance(config, dict):
            raise ValueError("config.yaml holds no configuration")
        records, history = (pd.read_parquet(io.BytesIO(contents[name])) for name in MEMBERS[1:])
    except BadInput:
        raise
    except (OSError, EOFError, RuntimeError, ValueError, KeyError, TypeError) as error:
        raise _damaged(path, error) from error
    except (zipfile.BadZipFile, zlib.error, yaml.YAMLError) as error:
        raise _damaged(path, error) from error
    return Run(path, config, conformed(records), history)


def _damaged(path: Path, error: Exception) -> BadInput:
    fault = " ".join(str(error).split())
    return BadInput(f"{path} is not a whole archive of a run ({fault}): fetch it again, or pack the run's folder again")


def _write(path: Path, contents: Mapping[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in contents.items():
            member = zipfile.ZipInfo(name, EPOCH)
            member.create_system = 3  # Unix, on every system
            member.external_attr = 0o644 << 16
            archive.writestr(member, data, zipfile.ZIP_DEFLATED, 9)


def _parquet(frame: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.to_parquet(buffer, compression=None)  # the zip compresses, the file's own names of columns as well
    return buffer.getvalue()


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
