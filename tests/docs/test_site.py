"""What the documents point to is there, and the site builds without a warning."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from spaces import contracts

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
NEEDED = ("mkdocs", "material", "mkdocstrings")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_within_the_project_leads_somewhere(document: Path) -> None:
    prose = re.sub(r"```.*?```", "", document.read_text(encoding="utf-8"), flags=re.DOTALL)
    targets = re.findall(r"\]\(([^)\s]+)\)", prose)
    within = [target.partition("#")[0] for target in targets if "://" not in target and not target.startswith("#")]
    assert [target for target in within if not (document.parent / target).exists()] == []


def test_the_navigation_names_documents_that_are_there() -> None:
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    named = re.findall(r": (\S+\.md)$", text, re.MULTILINE)
    assert "concepts.md" in named
    assert [name for name in named if not (ROOT / "docs" / name).is_file()] == []


def test_the_glossary_explains_each_word_once() -> None:
    text = (ROOT / "docs" / "concepts.md").read_text(encoding="utf-8").partition("## Glossary")[2]
    words = re.findall(r"^\| ([^|]+?) \|", text, re.MULTILINE)[1:]
    words = [word for word in words if set(word) != {"-"}]
    assert len(words) > 30 and len(set(words)) == len(words)
    assert words == sorted(words, key=lambda word: word.lower().replace("α", "alpha"))


def test_the_contracts_of_a_space_that_the_document_names_are_there() -> None:
    text = (ROOT / "docs" / "add-a-space.md").read_text(encoding="utf-8")
    named = re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)
    assert "CellSpace" in named and [name for name in named if not hasattr(contracts, name)] == []


@pytest.mark.skipif(
    any(find_spec(name) is None for name in NEEDED), reason="the site's builder is missing: pip install -e '.[docs]'"
)
def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-q", "-d", str(tmp_path / "site")]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    page = (tmp_path / "site" / "reference" / "index.html").read_text(encoding="utf-8")
    assert 'id="results.archive.pack"' in page and 'id="spaces.base.Space.discretise"' in page
