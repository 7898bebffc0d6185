"""The page stands alone, says what it is, and hides neither a failure nor a mixture."""

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from reports.page import write
from results.errors import BadInput
from results.store import Run

Make = Callable[..., dict[str, Any]]
Build = Callable[..., Run]


class Reader(HTMLParser):
    """Every reference, every visible text and the balance of tags."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.references: list[str] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.references += [value or "" for key, value in attrs if key in ("src", "href", "srcset", "data", "action")]
        if tag not in ("img", "meta", "link", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def page(out: Path, *runs: Run, notes: tuple[str, ...] = ()) -> Reader:
    reader = Reader(write(runs, out, notes).read_text(encoding="utf-8"))
    assert reader.open == []
    return reader


CONFIG = {
    "stands_for": "the paper's 100 epochs",
    "command": "diffnas run --seeds 2",
    "split": "halves",
    "overrides": {"rarts.lam": 2},
}


@pytest.fixture(scope="module")
def lost(make: Make) -> dict[str, Any]:
    """A trial that failed."""
    return make(
        "rarts",
        7,
        status="failed",
        error="RuntimeError: <out of memory> | step_3",
        evaluation="none",
        eval_dataset=None,
        genotype=None,
        edges=None,
    )


@pytest.fixture(scope="module")
def report(make: Make, run: Build, lost: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a run that has a bit of everything."""
    drawn = [make("random", seed, 8.0 + seed, **{"hp.random.k": 5}) for seed in range(2)]
    records = [make("rarts", 0, 9.0), make("rarts", 1, 9.5), *drawn]
    made = run(*records, make("<b>new</b>", 0, 9.0), lost, **CONFIG)
    return write([made], tmp_path_factory.mktemp("report"), ["No GPU here."]).parent


def test_the_page_refers_to_nothing_outside_itself(report: Path) -> None:
    html = (report / "index.html").read_text(encoding="utf-8")
    reader = Reader(html)
    assert reader.open == []
    assert len(reader.references) >= 4
    assert all(reference.startswith("#") for reference in reader.references)
    assert not re.search(r"<(link|iframe|object|embed|img)|@import|url\(|<script[^>]+src", html)
    assert "default-src 'none'" in html  # and a browser refuses what would slip in


def test_every_anchor_leads_somewhere_and_no_id_is_used_twice(report: Path) -> None:
    html = (report / "index.html").read_text(encoding="utf-8")
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert {reference[1:] for reference in Reader(html).references} <= set(ids)


@pytest.mark.parametrize(
    "said",
    [
        "No GPU here.",
        "Reduced protocol “mini”",
        "the paper's 100 epochs",
        "diffnas run --seeds 2",
        "halves",
        "rarts.lam = 2",
        "looked up in the space's table",
        "6 (5 done, 1 failed)",
        "0, 1, 7",
        "cpu",
        "abc1234",
        "torch 2.14.1",
        "ddof = 1",
        "Diverged and failed trials",
    ],
)
def test_page_and_markdown_say_what_was_run(said: str, report: Path) -> None:
    assert said in Reader((report / "index.html").read_text(encoding="utf-8")).text
    assert said in (report / "report.md").read_text(encoding="utf-8")


def test_names_and_reasons_are_shown_as_they_are(report: Path) -> None:
    text = Reader((report / "index.html").read_text(encoding="utf-8")).text
    assert "RuntimeError: <out of memory> | step_3" in text
    assert "<b>new</b>" in text
    markdown = (report / "report.md").read_text(encoding="utf-8")
    assert r"| RuntimeError: \<out of memory> \| step\_3 |" in markdown


def test_every_table_is_a_file_and_markdown_tables_are_whole(report: Path) -> None:
    tables = {path.name for path in (report / "tables").iterdir()}
    for key in ("unfinished", "test_error", "place", "cost", "differences", "trials"):
        assert {f"{key}.csv", f"{key}.tex"} <= tables
    markdown = (report / "report.md").read_text(encoding="utf-8")
    assert not (report / "figures").exists()  # only on request
    for block in re.findall(r"(?:^\|.*\n)+", markdown, flags=re.MULTILINE):
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
        assert len(widths) == 1, block


def test_a_full_protocol_is_not_called_reduced(make: Make, run: Build, tmp_path: Path) -> None:
    assert "Reduced" not in page(tmp_path, run(make("rarts", 0, 9.0), reduced=False)).text


def test_only_failures_still_make_a_report(run: Build, lost: dict[str, Any], tmp_path: Path) -> None:
    text = page(tmp_path, run(lost)).text
    assert "No trial has a test error" in text
    assert "RuntimeError" in text
    assert "Forward passes" not in text


def test_a_run_without_trials_says_so(run: Build, tmp_path: Path) -> None:
    text = page(tmp_path, run()).text
    assert "No trial has ended yet" in text
    assert "nats space, searched on cifar10" in text


def test_protocols_are_never_mixed(make: Make, run: Build, tmp_path: Path) -> None:
    mini = run(make("rarts", 0, 9.0), make("rarts", 1, 11.0))
    paper = run(make("rarts", 0, 30.0, trial="p", protocol="paper"), protocol="paper", reduced=False)
    text = page(tmp_path, mini, paper).text
    sections = text.partition("Reduced protocol")[2]  # after the contents and the table of both
    first, second = sections.split("nats space, searched on cifar10, protocol “paper” Answer")
    assert "10.00 ± 1.41" in first
    assert "10.00 ± 1.41" not in second
    assert "30.00" in second
    assert "30.00" not in first
    assert "16.67" not in text  # the mean over both
    assert {p.name for p in (tmp_path / "tables").glob("*test_error.csv")} == {
        "mini-nats-cifar10_test_error.csv",
        "paper-nats-cifar10_test_error.csv",
    }


def test_runs_of_one_protocol_are_joined_and_no_trial_counts_twice(make: Make, run: Build, tmp_path: Path) -> None:
    shared = make("rarts", 1, 11.0)
    text = page(tmp_path, run(make("rarts", 0, 9.0), shared), run(shared, make("rarts", 2, 13.0))).text
    assert "11.00 ± 2.00" in text
    assert "9.00, 11.00, 13.00" in text
    assert "3 (3 done)" in text


def test_a_changed_protocol_is_not_shown_under_its_name(make: Make, run: Build, tmp_path: Path) -> None:
    asked = {"protocol": "paper", "reduced": False, "overrides": {}, "changed": []}
    whole = page(tmp_path / "a", run(make("rarts", 0, 9.0, protocol="paper"), **asked)).text
    assert "changed (" not in whole
    for fields in ({"overrides": {"epochs": 1}}, {"changed": ["epochs = 1"]}):
        text = page(tmp_path / "b", run(make("rarts", 0, 9.0, protocol="paper"), **(asked | fields))).text
        assert "Protocol “paper”, changed (epochs = 1): its numbers are not the protocol's" in text


def test_data_of_one_name_but_another_digest_are_never_averaged(make: Make, run: Build, tmp_path: Path) -> None:
    runs = [run(make("rarts", 0, error), data_digest=digest) for error, digest in ((9.0, "aaa"), (11.0, "bbb"))]
    text = page(tmp_path, *runs).text
    assert "searched on cifar10 (aaa)" in text
    assert "searched on cifar10 (bbb)" in text
    assert "9.00, 11.00" not in text


def test_a_sweep_has_a_row_figure_and_table_per_setting(make: Make, run: Build, tmp_path: Path) -> None:
    settings = [(lam, seed) for lam in (1.0, 3.0) for seed in range(2)]
    made = run(*(make("rarts", s, 10 * lam + s, trial=f"{lam}-{s}", **{"hp.rarts.lam": lam}) for lam, s in settings))
    text = page(tmp_path, made).text
    assert "A sweep: searches of one algorithm differ in rarts.lam." in text
    assert "RARTS (lam = 1)" in text
    assert "RARTS (lam = 3)" in text
    assert "20.50" not in text  # the mean over both settings
    assert (
        "RARTS on cifar10: of 2 settings, rarts.lam = 1 has the lowest mean test error, 10.50 % (n = 2: 10.00, 11.00). "
        "The next is 20.00 % above; the best one's own seeds spread over 1.00 %."
    ) in text
    rows = pd.read_csv(tmp_path / "tables" / "settings.csv")
    assert rows[["hp.rarts.lam", "n", "mean"]].to_numpy().tolist() == [[1, 2, 10.5], [3, 2, 30.5]]


@pytest.mark.parametrize(("values", "joined"), [((1.0, 3.0), True), (("s1", "s2"), False)])
def test_only_numbers_are_joined_by_a_line(
    make: Make, run: Build, tmp_path: Path, values: tuple[Any, ...], joined: bool
) -> None:
    """Names of a parameter have no order."""
    points = [(value, seed) for value in values for seed in range(2)]
    made = run(*(make("rarts", s, 10.0 + s, trial=f"{v}-{s}", **{"hp.space.operations": v}) for v, s in points))
    write([made], tmp_path)
    markup = (tmp_path / "index.html").read_text()
    figure = markup.partition("Test error by space.operations")[2].partition("</figure>")[0]
    assert ('<polyline class="mean"' in figure, "the line joins each setting" in figure) == (joined, joined)
    assert figure.count("<circle") >= 4


def test_two_parameters_make_a_heat_map_and_no_mean_runs_over_one(make: Make, run: Build, tmp_path: Path) -> None:
    points = [(lam, beta) for lam in (1.0, 3.0) for beta in (0.1, 0.5)]
    made = run(
        *(
            make(
                "rarts",
                s,
                10 * lam + 4 * beta,
                trial=f"{lam}-{beta}-{s}",
                **{"hp.rarts.lam": lam, "hp.rarts.beta": beta},
            )
            for lam, beta in points
            for s in range(2)
        )
    )
    html = write([made], tmp_path).read_text(encoding="utf-8")
    cells = re.findall(r'<td( class="best")? style="--shade: (\d+)%">([^<]+)</td>', html)
    assert cells == [
        (' class="best"', "60", "10.40 (n = 2)"),
        ("", "56", "12.00 (n = 2)"),
        ("", "4", "30.40 (n = 2)"),
        ("", "0", "32.00 (n = 2)"),
    ]
    assert not re.search(r"\b(11\.20|20\.40|21\.20|22\.00|31\.20)\b", html)  # means over λ, over β, over all


def test_a_cell_found_twice_is_drawn_once_with_its_finders(make: Make, run: Build, tmp_path: Path) -> None:
    twice = [make(a, s, 9.0, genotype="the same") for a, s in (("rarts", 0), ("rarts", 2), ("darts1", 1))]
    reader = page(tmp_path, run(*twice, make("darts1", 3, 12.0)))
    html = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert html.count('<svg class="cell"') == 2
    assert "RARTS, seeds 0, 2; DARTS-1, seed 1" in reader.text
    assert "Test error: cifar10 9.00 %. the same" in reader.text


HOSTILE = (
    "![t](http://evil.example/x.png) [a](http://evil.example) <img src=x onerror=alert(1)> \x1b[31m\u202e</script>"
)


def test_text_from_records_is_shown_and_never_obeyed(make: Make, run: Build, tmp_path: Path) -> None:
    """In HTML, in its script's data and drawings, and in Markdown: no tag, no image, no link, no escape character."""
    edges = [{"cell": HOSTILE, "source": "0", "target": "1", "operation": HOSTILE, "weight": 1.0}]
    fields = {"title": HOSTILE, "genotype": HOSTILE, "eval_dataset": HOSTILE, "edges": json.dumps(edges)}
    made = run(
        *(make("rarts", s, 9.0 + s, **fields) for s in range(2)),
        make("darts1", 0, status="failed", error=HOSTILE, evaluation="none", eval_dataset=None),
        command=HOSTILE,
        stands_for=HOSTILE,
    )
    reader = page(tmp_path, made, notes=(HOSTILE,))
    html = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "<img" not in html and html.count("</script>") == 2 and "evil.example" in reader.text
    assert all(reference.startswith("#") for reference in reader.references)
    markdown = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "evil.example" in markdown
    assert not re.search(r"(?<!\\)[\[\]!<]|https?://", markdown.replace("![", "", 0))
    for path in tmp_path.rglob("*.*"):
        text = path.read_text(encoding="utf-8")
        assert "\x1b" not in text and "\u202e" not in text and "\\u001b" not in text, path


def test_figures_are_written_in_the_formats_asked_for(make: Make, run: Build, tmp_path: Path) -> None:
    made = run(*(make(a, s, e + s) for a, e in (("rarts", 8.0), ("darts1", 11.0)) for s in range(2)))
    write([made], tmp_path, figures=["png", "svg"])
    stems = {path.stem for path in (tmp_path / "figures").iterdir()}
    assert {"regret-search_macs", "skip_ratio", "alpha_entropy", "anytime-cifar10", "cell_1"} <= stems
    assert {path.suffix for path in (tmp_path / "figures").iterdir()} == {".png", ".svg"}
    markdown = (tmp_path / "report.md").read_text(encoding="utf-8")
    shown = re.findall(r"\]\((figures/[^)]+)\)", markdown)
    assert "figures/skip_ratio.png" in shown and all((tmp_path / path).exists() for path in shown)
    with pytest.raises(BadInput, match="figures are not written as 'gif': choose of png, svg, pdf"):
        write([made], tmp_path, figures=["gif"])


def test_several_settings_say_first_in_what_they_differ(make: Make, run: Build, tmp_path: Path) -> None:
    mini = run(make("rarts", 0, 9.0), make("rarts", 1, 11.0))
    paper = run(make("rarts", 0, 30.0, trial="p", protocol="paper"), protocol="paper", reduced=False)
    text = page(tmp_path, mini, paper).text.rpartition("2 settings compared")[2]
    assert text.index("In what these settings differ") < text.index("Protocol mini paper") < text.index("Answer")
    assert "RARTS 10.00 ± 1.41 (n = 2) 30.00 (n = 1)" in text


def test_what_cannot_be_reported_is_refused(make: Make, run: Build, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no run to report on"):
        write([], tmp_path)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(BadInput, match="cannot be written"):
        write([run(make("rarts", 0, 9.0))], tmp_path / "file")
