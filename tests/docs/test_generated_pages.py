"""Pages that are written from the code are as the code is; what a page shows of a file is that file."""

from __future__ import annotations

from pathlib import Path

from plugin_files import SEARCH

from harness.config.reference import protocols_page

DOCS = Path(__file__).parents[2] / "docs"


def test_the_protocols_page_is_up_to_date() -> None:
    """`python -m harness list protocols --markdown > docs/protocols.md` writes it."""
    assert (DOCS / "protocols.md").read_text(encoding="utf-8") == protocols_page() + "\n"


def test_the_plugin_that_is_shown_is_the_one_that_is_tested() -> None:
    assert f"```python\n{SEARCH}```" in (DOCS / "plug-ins.md").read_text(encoding="utf-8")
