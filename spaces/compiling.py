"""A C++ file of this folder as a library of this process, compiled for this machine once and kept."""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import shlex
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from results.errors import BadInput

FLAGS = ("-std=gnu++17", "-O3", "-march=native", "-ffp-contract=fast", "-shared", "-fPIC")


@cache
def library(source: Path) -> ctypes.CDLL:
    """The library of ``source``, from the user's cache or compiled now, which takes seconds.

    Raises
    ------
    BadInput
        Where there is no compiler, it refuses the file, or the library cannot be kept or opened.
    """
    compiler = _compiler()
    kept = _folder() / f"{source.stem}-{_digest(source, compiler)}.so"
    try:
        if kept.exists():
            with contextlib.suppress(OSError):  # where it is damaged, once more
                return ctypes.CDLL(str(kept))
        _compile(source, compiler, kept)
        return ctypes.CDLL(str(kept))
    except OSError as error:
        raise BadInput(
            f"space.compiled: the library cannot be kept in {kept.parent} ({error.strerror or error}): set "
            "XDG_CACHE_HOME to a folder that can be written, or leave the option out"
        ) from error


def _compile(source: Path, compiler: tuple[str, ...], kept: Path) -> None:
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
        made = Path(folder, kept.name)
        _run(*compiler, *FLAGS, str(source), "-o", str(made))
        made.replace(kept)  # whole or not there, whoever else compiles it


def _compiler() -> tuple[str, ...]:
    """$CXX with its arguments, else c++. Raises BadInput where there is none."""
    command = shlex.split(os.environ.get("CXX", "")) or ["c++"]
    if shutil.which(command[0]) is None:
        raise BadInput(
            f"space.compiled needs a C++ compiler, and there is no {command[0]} here: install one (on Debian: apt "
            "install g++), or leave the option out"
        )
    return tuple(command)


def _folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "differentiable-nas-harness"


def _digest(source: Path, compiler: tuple[str, ...]) -> str:
    """Of the text, the flags and all that the compiler takes this machine to be: a cache may be shared by several."""
    machine = _run(*compiler, *FLAGS, "-dM", "-E", "-x", "c++", os.devnull)
    text = "\n".join([source.read_text(encoding="utf-8"), *compiler, *FLAGS, machine])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = done.stderr.splitlines()
        fault = next((line for line in lines if "error" in line), lines[0] if lines else f"exit {done.returncode}")
        raise BadInput(
            f"space.compiled: {command[0]} cannot compile the kernel ({fault.strip()}): name another compiler with "
            "$CXX, or leave the option out"
        )
    return done.stdout
