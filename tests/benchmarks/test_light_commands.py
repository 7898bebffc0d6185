"""What help, lists and a refused name cost: a process of its own for each, its CPU seconds and its peak memory.

Only memory is bounded here, and the modules that none of these may import: the seconds of a shared machine are printed
as a multiple of what importing the command line's three libraries alone takes in the same run.
"""

from __future__ import annotations

import subprocess
import sys
from typing import NamedTuple

import pytest

HEAVY = ("torch", "torchvision", "sklearn", "seaborn", "matplotlib", "pandas", "scipy", "ray")
MOST_MB = 150

COMMANDS = {
    "help": "--help",
    "version": "--version",
    "help of run": "run --help",
    "list": "list",
    "algorithms": "list algos",
    "spaces": "list spaces",
    "data sets": "list datasets",
    "protocols": "list protocols",
    "keys": "list keys --space darts",
    "misspelt algorithm": "run --algos rartss",
    "misspelt space": "run --space darst",
    "misspelt data set": "run --dataset cifar",
    "misspelt protocol": "sweep --algo rarts --vary lam=1 --protocol quik",
}


WAITING = """
import os, subprocess, sys
process = subprocess.Popen([sys.executable, *sys.argv[1:]], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
print(usage.ru_utime + usage.ru_stime, usage.ru_maxrss, os.waitstatus_to_exitcode(status))
"""


class Spent(NamedTuple):
    """What a process took: user and system seconds, peak resident size in 10⁶ bytes, its exit code."""

    seconds: float
    megabytes: float
    code: int


def spent(*words: str) -> Spent:
    """Run Python with these arguments to its end."""
    # Through a small process: Linux counts what a process was forked from as its own peak, and a test's is large.
    ran = subprocess.run([sys.executable, "-c", WAITING, *words], capture_output=True, text=True, check=True)
    seconds, kibibytes, code = ran.stdout.split()
    return Spent(float(seconds), int(kibibytes) * 1024 / 1e6, int(code))


@pytest.fixture(scope="module")
def bare() -> float:
    """CPU seconds of the libraries alone: the middle of three."""
    return sorted(spent("-c", "import typer, rich, pydantic").seconds for _ in range(3))[1]


@pytest.mark.parametrize("name", COMMANDS)
def test_memory_of_a_command_that_searches_nothing(name: str, bare: float) -> None:
    took = spent("-m", "harness", *COMMANDS[name].split())
    print(
        f"{name}: {took.seconds:.2f} s of CPU, {took.seconds / bare:.1f} times the libraries', {took.megabytes:.0f} MB"
    )
    assert took.code == (2 if name.startswith("misspelt") else 0)
    assert took.megabytes < MOST_MB


@pytest.mark.parametrize("name", ["algorithms", "keys", "misspelt algorithm"])
def test_nothing_heavy_is_imported(name: str) -> None:
    program = (
        "import sys; from harness.__main__ import main\n"
        f"sys.argv = ['harness', *{COMMANDS[name].split()!r}]\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "[]"
