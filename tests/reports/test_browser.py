"""The page in a browser: the answer on the first screen, a click isolates, tables sort, nothing leaves the page."""

from __future__ import annotations

import itertools
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "mini-nats" / "report" / "index.html"
AXE = os.environ.get("HARNESS_AXE", "")
"""The path of axe-core's axe.min.js (npm, MPL-2.0), which is not shipped here."""

PATIENCE = 120_000
"""Milliseconds for a machine that does much else."""

sync_api = pytest.importorskip("playwright.sync_api", reason="no browser: pip install playwright")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium: the system's, or playwright's own."""
    with sync_api.sync_playwright() as driver:
        installed = next(
            (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
        )
        try:
            made = driver.chromium.launch(executable_path=installed, args=["--no-sandbox"])
        except sync_api.Error as error:
            pytest.skip(f"no browser: apt-get install chromium, or playwright install chromium ({error.message[:60]})")
        yield made
        made.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    asked: list[str] = []
    made = context.new_page()
    made.set_default_timeout(PATIENCE)
    made.on("request", lambda request: asked.append(request.url))
    made.on("pageerror", lambda error: asked.append(f"error: {error}"))
    made.on("console", lambda message: asked.append(f"console: {message.text}"))
    made.goto(PAGE.as_uri())
    yield made
    assert asked == [PAGE.as_uri()]  # no request, no fault, no complaint
    context.close()


def bottom(page: Any, selector: str) -> float:
    box = page.locator(selector).first.bounding_box()
    return float(box["y"] + box["height"])


def test_answer_forest_and_cost_are_on_the_first_screen(page: Any) -> None:
    assert bottom(page, ".answer") < 900
    assert bottom(page, "table.forest tbody tr:last-child") < 900
    first = page.locator("table.forest").first
    assert first.locator("tbody tr").count() == 16
    assert first.locator("tbody tr:first-child svg.strip").count() == 2  # result and cost
    for header in ("Search cost", "Pareto front", "Percentile"):
        assert first.locator("th", has_text=header).first.bounding_box()["x"] < 1440
    assert page.evaluate("document.documentElement.scrollWidth") == 1440


def test_a_click_on_a_name_isolates_it_everywhere_and_escape_undoes_it(page: Any) -> None:
    page.get_by_role("button", name="SNAS", exact=True).first.click()
    others = page.locator("[data-m]:not(.off)").evaluate_all("e => e.map(x => x.dataset.m)")
    assert others and set(others) == {"snas|"}
    panels = page.locator("#dynamics ~ .multiples figure:visible figcaption").all_inner_texts()
    assert panels and all(text.startswith("SNAS") for text in panels)
    page.keyboard.press("Escape")
    assert page.locator("[data-m].off").count() == 0


def test_tables_sort_and_filter_and_columns_can_be_hidden(page: Any) -> None:
    forest = page.locator("table.forest").first
    names = lambda: forest.locator("tbody tr th").all_inner_texts()  # noqa: E731 - read again after each click
    by_error = names()
    forest.get_by_role("button", name="Algorithm", exact=True).click()
    assert names() == sorted(by_error, key=str.lower) != by_error
    forest.get_by_role("button", name="Test error").click()
    assert names() == by_error
    page.locator("summary", has_text="Every trial").click()
    trials = page.locator("#trials")
    trials.get_by_role("searchbox").fill("DARTS-2")
    rows = trials.locator("tbody tr:visible")
    assert rows.count() == 9 and all("DARTS-2" in text for text in rows.all_inner_texts())
    trials.locator("summary", has_text="Columns").click()
    trials.get_by_role("checkbox", name="Status").uncheck()
    assert not trials.locator("th", has_text="Status").first.is_visible()


def test_a_mark_says_its_trial_and_shows_the_cell_and_a_pair_opens(page: Any) -> None:
    page.locator("table.forest").first.locator('tr[data-m="rarts|"] circle.seed').last.hover()
    tip = page.locator("#tip")
    assert "RARTS, seed 2" in tip.inner_text() and "cifar10 8.37 %" in tip.inner_text()
    assert tip.locator("svg.cell").is_visible()
    page.locator("button[data-p]").first.click()
    pair = page.locator("#pair")
    assert pair.locator("strong").first.inner_text() == "Evolution minus SNAS, cifar10"
    assert pair.locator("dt", has_text=re.compile(r"^seed \d")).count() == 3
    page.keyboard.press("Escape")
    assert not pair.is_visible()


BOXES = "e => e.map(x => { const r = x.getBoundingClientRect(); return [r.left, r.top, r.right, r.bottom]; })"


def test_in_the_cost_figures_no_drawn_name_lies_over_another(page: Any) -> None:
    figures = page.locator("#cost ~ .figures figure").filter(has=page.locator("text.name")).all()
    assert len(figures) == 6
    for figure in figures:
        boxes = figure.locator("text.name").evaluate_all(BOXES)
        assert len(boxes) > 10
        for (l1, t1, r1, b1), (l2, t2, r2, b2) in itertools.combinations(boxes, 2):
            # A letter's box has more room above and below than is drawn: two pixels of it may be shared.
            assert l1 >= r2 or l2 >= r1 or t1 + 2 >= b2 or t2 + 2 >= b1


def test_upright_heads_of_the_pairs_end_below_the_title(page: Any) -> None:
    matrix = page.locator("table.matrix").first
    heads = matrix.locator("thead th span").evaluate_all(BOXES)
    assert len(heads) == 16
    assert min(top for _, top, _, _ in heads) >= bottom(matrix, "caption")
    overflow = "e => e.filter(x => x.scrollHeight > x.clientHeight).length"
    assert matrix.locator("thead th span").evaluate_all(overflow) == 0


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1440, "dark")])
def test_a_telephone_and_the_dark_are_served(browser: Any, width: int, scheme: str) -> None:
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(PAGE.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") == width
    red = page.evaluate("getComputedStyle(document.body).backgroundColor").split("(")[1].split(",")[0]
    assert (int(red) < 60) == (scheme == "dark")
    context.close()


def test_without_a_script_the_figures_stand_still(browser: Any) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(PAGE.as_uri())
    assert page.locator("table.forest circle.seed").first.is_visible()
    assert page.locator("#dynamics ~ .multiples svg").first.is_visible()
    assert not page.locator("#tip").is_visible()
    context.close()


@pytest.mark.skipif(not AXE, reason="axe-core is not here: npm pack axe-core, and name its axe.min.js in HARNESS_AXE")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(browser: Any, scheme: str) -> None:
    context = browser.new_context(color_scheme=scheme, viewport={"width": 1440, "height": 900}, bypass_csp=True)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(PAGE.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(e => { e.open = true; })")
    page.add_script_tag(path=AXE)
    found = page.evaluate("axe.run()")["violations"]
    serious = [(v["id"], v["nodes"][0]["html"][:120]) for v in found if v["impact"] in ("serious", "critical")]
    assert serious == []
    context.close()
