"""Tables of the documents that list what there is list all of it, as the registries say it."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from algorithms import ALGORITHMS, PARTS
from algorithms.counts import Cost

ROOT = Path(__file__).parents[2]


def rows(page: str, heading: str) -> list[list[str]]:
    """The cells of the first table behind a line of a page, without its head."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8").partition(f"\n{heading}")[2]
    table = re.search(r"(?:^\|.*\|\n)+", text, re.MULTILINE)
    assert table is not None, heading
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[0].splitlines()[2:]]


def test_every_search_has_its_row_with_the_cost_of_its_step() -> None:
    listed: dict[str, tuple[str, str]] = {}
    for names, _, _, costs, units, _ in rows("searches.md", "## Searches"):
        found = re.findall(r"`(\w+)`", names)
        for name, cost, worth in zip(found, costs.split("; "), units.split("; "), strict=True):
            assert name not in listed
            listed[name] = cost, worth
    steps = {name: ALGORITHMS.facts(name)["cost"] for name in ALGORITHMS.single}
    costs_of = {name: Cost(*step) if isinstance(step, tuple) else None for name, step in steps.items()}
    assert listed == {name: (str(c), str(c.units)) if c else ("–", "–") for name, c in costs_of.items()}


def test_every_part_has_its_row() -> None:
    assert Counter(row[0] for row in rows("searches.md", "## Parts")) == Counter(f"`+{part}`" for part in PARTS)


def test_every_trait_is_explained_with_the_parts_that_need_it() -> None:
    listed = {row[0].strip('"'): re.findall(r"`\+(\w+)`", row[2]) for row in rows("add-an-algorithm.md", "made from")}
    needed: dict[str, list[str]] = {}
    for part in sorted(PARTS):
        for trait in PARTS.facts(part)["wraps"]:  # type: ignore[attr-defined]  # a tuple of texts
            needed.setdefault(trait, []).append(part)
    assert listed == needed


def test_the_table_is_named_by_one_option() -> None:
    """The pages of every day use ``--table``, not its other name."""
    used = [
        name for name in ("README.md", "docs/index.md", "docs/use.md") if "--nats" in (ROOT / name).read_text("utf-8")
    ]
    assert used == [] and "--table" in (ROOT / "docs" / "use.md").read_text(encoding="utf-8")


def test_the_changelog_says_nothing_twice() -> None:
    entries = re.findall(r"^- (.+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(entries) > 50 and [entry for entry, n in Counter(entries).items() if n > 1] == []
