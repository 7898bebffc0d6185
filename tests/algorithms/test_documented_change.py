"""docs/add-an-algorithm.md shows what adding an algorithm takes: here its diff is applied, and is enough."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

LISTED = """if True:
    import sys
    from algorithms import ALGORITHMS
    assert ALGORITHMS.package == "algorithms" and "torch" not in sys.modules
    print(*ALGORITHMS)
    print(ALGORITHMS.facts("snas")["title"] if "snas" in ALGORITHMS else "none")
"""


def documented() -> str:
    """The file that the diff adds."""
    text = (ROOT / "docs" / "add-an-algorithm.md").read_text(encoding="utf-8")
    diff = text.partition("```diff\n")[2].partition("```")[0].splitlines()
    assert diff[0] == "+++ algorithms/snas.py" and diff[1] == f"@@ -0,0 +1,{len(diff) - 2} @@"
    assert all(line.startswith("+") for line in diff[2:])
    return "\n".join(line[1:] for line in diff[2:]) + "\n"


def listed(checkout: Path) -> list[str]:
    environment = os.environ | {"PYTHONPATH": f"{checkout}{os.pathsep}{ROOT}"}
    command = [sys.executable, "-c", LISTED]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment, cwd=checkout)
    return done.stdout.splitlines()


def test_the_documented_file_is_the_one_that_is_there() -> None:
    assert documented() == (ROOT / "algorithms" / "snas.py").read_text(encoding="utf-8")


def test_the_file_alone_adds_the_algorithm_and_its_compositions(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "algorithms", tmp_path / "algorithms", ignore=shutil.ignore_patterns("snas.py", "__pyc*"))
    names, title = listed(tmp_path)
    assert "snas" not in names.split() and title == "none"
    (tmp_path / "algorithms" / "snas.py").write_text(documented(), encoding="utf-8")
    after, title = listed(tmp_path)
    assert set(after.split()) - set(names.split()) == {"snas", "snas+es"}
    assert title == "SNAS"
