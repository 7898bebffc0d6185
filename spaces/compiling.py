"""A C++ file of this folder as a library of this process, compiled for this machine once and kept."""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from results.errors import BadInput

FLAGS = ("-std=gnu++17", "-O3", "-march=native", "-ffp-contract=fast", "-shared", "-fPIC")
REMEDY = "install one (on Debian: apt install g++), or leave the option out"


@cache
def library(source: Path) -> ctypes.CDLL:
    """The library of ``source``, from the user's cache or compiled now, which takes seconds.

    Raises
    ------
    BadInput
        Where there is no compiler, or it refuses the file.
    """
    compiler = find_compiler()
    kept = _folder() / f"{source.stem}-{_digest(source, compiler)}.so"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
            made = Path(folder, kept.name)
            _run(compiler, *FLAGS, str(source), "-o", str(made))
            made.replace(kept)  # whole or not there, whoever else compiles it
    return ctypes.CDLL(str(kept))


def find_compiler() -> str:
    """$CXX, else c++. Raises BadInput where there is none."""
    name = os.environ.get("CXX", "c++")
    found = shutil.which(name)
    if found is None:
        raise BadInput(f"space.compiled needs a C++ compiler, and there is no {name} here: {REMEDY}")
    return found


def _folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "differentiable-nas-harness")


def _digest(source: Path, compiler: str) -> str:
    """Of the text, the flags and all that the compiler takes this machine to be: a cache may be shared by several."""
    machine = _run(compiler, *FLAGS, "-dM", "-E", "-x", "c++", os.devnull)
    return hashlib.sha256("\n".join([source.read_text(), *FLAGS, machine]).encode()).hexdigest()[:16]


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr.strip() or f"exit code {done.returncode}").splitlines()[0]
        raise BadInput(f"space.compiled: {command[0]} cannot compile the kernel ({said}): {REMEDY}")
    return done.stdout
