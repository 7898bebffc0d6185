"""docs/add-a-space.md shows a whole space: here it is a plug-in, searched, refused, and given text that is none."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

import results

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "add-a-space.md").read_text(encoding="utf-8")
SPACE, SETTINGS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
(YAML,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
(COMMAND,) = re.findall(r"```\npython (-m harness run .*)\n```", PAGE)

SEARCHED = """if True:
    import sys, torch
    sys.path[:0] = [{folder!r}, {root!r}, {tests!r}]  # the root first: tests/spaces is no package of ours
    import my_space
    from searches import make_batch, make_search
    from algorithms import ALGORITHMS
    from results.errors import BadInput
    from spaces import SPACES
    from spaces.base import Batch
    torch.manual_seed(0)
    space = SPACES.named("kernels")()
    assert SPACES.facts("kernels")["bases"][0] == "CellSpace"
    # Labels that no 1 × 1 convolution can tell, for the pixels' values are the same: stripes that lie or stand.
    y = torch.arange(64) % 2
    stripes = ((torch.arange(8) % 2) * 2.0 - 1).expand(3, 8, 8)
    x = torch.stack([stripes if label else stripes.transpose(1, 2) for label in y]).contiguous()
    for name in ("darts1", "rarts"):
        search = make_search(name, space, arch_lr=0.05, arch_weight_decay=0.0, lr=0.1)
        search.on_epoch(0, 0.0)
        search.epoch([(Batch(x, y, "train"), Batch(x, y, "val"))] * 40)
        assert search.genotype() == "conv_3x3", name
    try:
        ALGORITHMS["pdarts"].check(space, ALGORITHMS["pdarts"].Hyper())
    except BadInput as fault:
        print(fault)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of the reader's, with the page's file."""
    folder = tmp_path_factory.mktemp("space")
    (folder / "my_space.py").write_text(f"{SPACE}\n\n{SETTINGS}", encoding="utf-8")
    return folder


def python(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *words], cwd=folder, capture_output=True, text=True, check=False)


def test_the_documented_space_is_searched_and_refused_by_what_it_keeps(folder: Path) -> None:
    done = python(folder, "-c", SEARCHED.format(folder=str(folder), root=str(ROOT), tests=str(ROOT / "tests")))
    assert done.returncode == 0, done.stderr
    assert done.stdout == "pdarts needs a space that stacks cells; kernels does not: search darts or nats\n"
    assert done.stdout.strip() in " ".join(PAGE.split())


def test_the_documented_command_runs_to_its_end(folder: Path) -> None:
    """As it is printed, but for fewer seeds and epochs."""
    more = ("--seeds", "0", "--budget", "epochs=1", "--set", "evaluation.epochs=1", "--serial", "--out", "run")
    done = python(folder, *COMMAND.split(), *more)
    assert done.returncode == 0, done.stdout + done.stderr
    records = results.load(folder / "run").records.set_index("algorithm")
    assert set(records.index) == {"darts1", "gdas", "random"} and set(records["status"]) == {"done"}
    assert records.loc["gdas", "search_macs"] < records.loc["darts1", "search_macs"]


@pytest.mark.parametrize(
    "words", [("describe", "--genotype", "foo"), ("show", "cell.svg", "--genotype", "foo")], ids=["build", "edges"]
)
def test_a_genotype_that_is_none_is_refused_in_one_line(folder: Path, words: tuple[str, ...]) -> None:
    done = python(folder, "-m", "harness", words[0], "--plugin", "my_space.py", "--space", "kernels", *words[1:])
    assert done.returncode != 0 and "Traceback" not in done.stderr
    assert done.stderr.strip() == "error: 'foo' is no genotype of the space kernels: write conv_1x1 or conv_3x3"


def test_the_settings_of_the_plugin_and_of_the_package_are_the_same() -> None:
    added: list[Any] = []
    exec(
        SETTINGS.replace("from harness.config.names import add_settings", ""),
        {"add_settings": lambda *a: added.extend(a)},
    )
    assert added[:2] == ["quick", "kernels"]
    assert yaml.safe_load(YAML) == {"kernels": added[2]}
