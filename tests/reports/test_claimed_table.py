"""Claimed beside reproduced: the words of the table, at a reduced protocol and at another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from reports.page import write
from results.store import Run

Make = Callable[..., dict[str, Any]]
Build = Callable[..., Run]

GOLDEN = (
    "| Algorithm | Data set | Figure | Claimed | n, claimed | Reproduced (protocol mini, reduced) | n | p, adjusted "
    "| Verdict | Because | Claimed under | Source |\n"
    "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | --- | --- | --- | --- |\n"
    "| GDAS | cifar10 | test accuracy (%) | 93.61 ± 0.09 | 3 | 91.85 ± 0.11 | 7 | 0.031 | differs | shown to lie below "
    "it, at a reduced protocol | NAS-Bench-201's own search code: adds the weights of operations that were not drawn; "
    "250 epochs | Dong, Yang, ICLR 2020, Table 5; read in Zheng et al., arXiv 2304.10970, table of NAS-Bench-201 |\n\n"
    "Agrees: two sign-flip tests show it to lie within 0.5 points of the claim. Differs: one shows it to lie beyond. "
    "All are adjusted by Holm together. Cannot tell: neither is shown at this n.\n\n"
    "A claimed mean may be off by 2 of its standard errors, to either side; where no n is said, n is 1.\n\n"
    "Protocol “mini” is reduced: a verdict says how this run stands to the figure, and nothing about whether the claim "
    "holds under its own protocol."
)


def section(page: Path) -> str:
    """The section's Markdown."""
    text = (page.parent / "report.md").read_text(encoding="utf-8")
    return text.partition("### Claimed beside reproduced\n\n")[2].partition("\n###")[0].strip()


def test_what_stands_there_of_a_made_up_run(make: Make, run: Build, tmp_path: Path) -> None:
    rows = [make("gdas", s, 8.0 + s / 20) for s in range(7)] + [make("rarts", 0, 6.0)]
    reduced = section(write([run(*rows)], tmp_path / "reduced"))
    assert reduced == GOLDEN
    whole = section(write([run(*rows, reduced=False)], tmp_path / "whole"))
    assert "reduced" not in whole
    assert "| Reproduced (protocol mini) |" in whole and "| shown to lie below it |" in whole
    page = (tmp_path / "whole" / "index.html").read_text(encoding="utf-8")
    assert '<a href="#claimed">' in page and 'id="claimed"' in page
    assert (tmp_path / "whole" / "tables" / "claimed.csv").is_file()


def test_a_run_of_which_nothing_is_claimed_has_no_such_section(make: Make, run: Build, tmp_path: Path) -> None:
    page = write([run(make("rarts", 0, 6.0))], tmp_path)
    assert section(page) == "" and 'id="claimed"' not in page.read_text(encoding="utf-8")
