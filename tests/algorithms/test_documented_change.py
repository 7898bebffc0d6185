"""docs/add-an-algorithm.md shows what adding an algorithm takes: its diff must be of the code as it is."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_documented_diff_adds_the_file_and_the_line_that_are_there() -> None:
    text = (ROOT / "docs" / "add-an-algorithm.md").read_text(encoding="utf-8")
    diff = text.partition("```diff\n")[2].partition("```")[0]
    of_file, _, of_registry = diff.partition("--- algorithms/__init__.py\n")
    added = [line[1:] for line in of_file.splitlines() if line.startswith("+") and not line.startswith("+++")]
    assert added == (ROOT / "algorithms" / "snas.py").read_text(encoding="utf-8").splitlines()
    assert f"@@ -0,0 +1,{len(added)} @@" in of_file
    lines = [line[1:] for line in of_registry.splitlines() if line.startswith("+") and not line.startswith("+++")]
    registry = (ROOT / "algorithms" / "__init__.py").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 2 and set(lines) <= set(registry)
