"""Pages that are written from the code are as the code is; what a page shows of a file is that file."""

from __future__ import annotations

from pathlib import Path

from plugin_files import SEARCH, SPACE

from harness.config.reference import protocols_page

DOCS = Path(__file__).parents[2] / "docs"


def test_the_protocols_page_is_up_to_date() -> None:
    """`python -m harness list protocols --markdown > docs/protocols.md` writes it."""
    assert (DOCS / "protocols.md").read_text(encoding="utf-8") == protocols_page() + "\n"


def test_the_plugins_that_are_shown_are_those_that_are_tested() -> None:
    page = (DOCS / "plug-ins.md").read_text(encoding="utf-8")
    assert f"```python\n{SEARCH}```" in page and f"```python\n{SPACE}```" in page
