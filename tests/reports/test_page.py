"""The page stands alone, says what it is, and hides neither a failure nor a mixture."""

import base64
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import matplotlib as mpl
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
    assert all(reference.startswith(("data:image/svg+xml;base64,", "#")) for reference in reader.references)
    assert not re.search(r"<(script|link|iframe|object|embed)|@import|url\(", html)
    for reference in reader.references:
        drawing = base64.b64decode(reference.partition(",")[2]).decode()
        assert not re.search(r"href=\"(?!#)", drawing)


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


def test_every_table_and_figure_is_a_file_and_markdown_tables_are_whole(report: Path) -> None:
    tables = {path.name for path in (report / "tables").iterdir()}
    for key in ("unfinished", "test_error", "place", "cost", "differences", "trials"):
        assert {f"{key}.csv", f"{key}.tex"} <= tables
    markdown = (report / "report.md").read_text(encoding="utf-8")
    shown = re.findall(r"\]\((figures/[^)]+)\)", markdown)
    assert {Path(p).stem for p in shown} >= {"error_cost", "skip_ratio", "alpha_entropy", "anytime", "cell_1"}
    for path in shown:
        assert (report / path).exists()
        assert (report / path).with_suffix(".png").exists()
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
    first, second = text.split("nats space, searched on cifar10, protocol “paper”")[-2:]
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
    made = run(*(make("rarts", s, 10 * lam, trial=f"{lam}-{s}", **{"hp.rarts.lam": lam}) for lam, s in settings))
    text = page(tmp_path, made).text
    assert "A sweep: searches of one algorithm differ in rarts.lam." in text
    assert "RARTS (lam = 1)" in text
    assert "RARTS (lam = 3)" in text
    assert "20.00" not in text  # the mean over both settings
    assert (tmp_path / "tables" / "sensitivity_rarts.lam.csv").exists()
    assert (tmp_path / "figures" / "sensitivity_rarts.lam.png").exists()


def test_a_cell_found_twice_is_drawn_once_with_its_finders(make: Make, run: Build, tmp_path: Path) -> None:
    twice = [make(a, s, 9.0, genotype="the same") for a, s in (("rarts", 0), ("rarts", 2), ("darts1", 1))]
    with mpl.rc_context({"svg.fonttype": "none"}):
        reader = page(tmp_path, run(*twice, make("darts1", 3, 12.0)))
    drawn = sorted((tmp_path / "figures").glob("cell_*.svg"))
    assert [path.name for path in drawn] == ["cell_1.svg", "cell_2.svg"]
    assert "RARTS, seeds 0, 2; DARTS-1, seed 1" in drawn[0].read_text(encoding="utf-8")
    assert "Test error: cifar10 9.00 %. the same" in reader.text


def test_what_cannot_be_reported_is_refused(make: Make, run: Build, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no run to report on"):
        write([], tmp_path)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(BadInput, match="cannot be written"):
        write([run(make("rarts", 0, 9.0))], tmp_path / "file")
