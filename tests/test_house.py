"""The house's rules that code can break: names in their own files alone, no look at a class, few untyped values."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from described import DESCRIBED

from algorithms import ALGORITHMS, PARTS
from harness.data import DATASETS
from results.published import published_algorithms
from results.registry import Registry
from spaces import SPACES

ROOT = Path(__file__).parents[1]
PACKAGES = ("algorithms", "spaces", "harness", "results", "reports")

ALLOWED: dict[str, set[str]] = {
    # The paper's experiments name their algorithms, spaces and data sets; so does its Table 6's control.
    "harness/reproduce.py": {
        *("rarts", "darts1", "darts2", "milenas", "random", "nats", "darts"),
        "beta",  # RARTS's hyperparameter, as in reports/trajectories.py
    },
    "algorithms/random_pruning.py": {"rarts"},
    # NATS-Bench's table is of these data sets.
    "spaces/nats_benchmark.py": {"cifar10", "cifar100", "ImageNet16-120"},
    # NAS-Bench-Macro's is of CIFAR-10.
    "spaces/macro.py": {"cifar10"},
    "spaces/macro_table.py": {"cifar10"},
    # A stem's name, and a published genotype's.
    "spaces/darts.py": {"imagenet"},
    "spaces/mobilenetv2.py": {"imagenet"},
    "spaces/darts_published.py": {"pdarts"},
    # What a request takes where nothing is named.
    "harness/config/defaults.py": {"nats", "darts"},
    # A split's name: NATS-Bench's own halves.
    "harness/config/names.py": {"nats"},
    "harness/data/splits.py": {"nats"},
    # Searches that between them run every kind of kernel.
    "harness/measuring/doctor.py": {
        *("nats", "darts", "resnet164", "darts1", "darts2", "gdas", "rarts", "snas", "tas", "network_slimming"),
    },
    # Words that are a part's name as well: a symbol, a hyperparameter, a row of the paper's Table 2.
    "reports/trajectories.py": {"beta"},
    "reports/paper_tables.py": {"baseline"},
}
"""Names that stand in another file, which has its reason."""

WORDS = ("reports/glossary.py",)
"""Files whose literals are words of the page and their definitions: a part may be called as one of them is."""

MAPPED = (
    "algorithms",
    "spaces",
    "reports",
    "results",
    "harness",
    *sorted(f"harness/{p.parent.name}" for p in (ROOT / "harness").glob("*/__init__.py")),
)
"""Packages whose docstring says of each file what it holds."""

BORDER = {
    "algorithms/base.py": "what a checkpoint holds",
    "algorithms/executed.py": "torch's function mode and flop counter",
    "algorithms/parameters.py": "an optimiser's state",
    "spaces/counting.py": "torch's flop counter",
    "spaces/mobilenetv2.py": "torchvision's blocks",
    "spaces/nats_by_hand.py": "the context of a function of torch's autograd",
    "spaces/nats_compiled.py": "a function of a C library",
    "harness/cli/__init__.py": "rich's options of a console and of a text",
    "harness/execution/cluster.py": "ray's module and answers",
    "harness/execution/loggers.py": "ray's callbacks",
    "harness/execution/schedule.py": "ray's tuner and callbacks",
    "reports/cell_graph.py": "matplotlib's options of a line",
    "reports/cell_lanes.py": "matplotlib's options of a box",
    "reports/style.py": "matplotlib's context",
}
"""Files at the border to untyped libraries, whose values are ``Any``."""


def files(*packages: str) -> Iterator[tuple[str, ast.Module]]:
    for package in packages:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield str(path.relative_to(ROOT)), ast.parse(path.read_text(encoding="utf-8"))


def own_files() -> dict[str, set[str]]:
    """The files that may call each algorithm, part, space and data set by its name: those that define it."""
    registries: list[Registry[object]] = [ALGORITHMS, PARTS, SPACES, DATASETS]  # type: ignore[list-item]
    found: dict[str, set[str]] = {}
    for registry in registries:
        for name in registry:
            if "+" not in name:
                found.setdefault(name, set()).add(str(registry.facts(name)["module"]).replace(".", "/") + ".py")
    return found


def named(own: dict[str, set[str]]) -> list[str]:
    """Literals that are a name and stand neither in its own file nor where they are allowed."""
    return [
        f"{path}:{node.lineno} {node.value!r}"
        for path, tree in files(*PACKAGES)
        if path not in WORDS
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.value in own
        and path not in own[node.value]
        and node.value not in ALLOWED.get(path, ())
    ]


def test_algorithms_spaces_and_data_sets_are_named_in_their_own_files_alone() -> None:
    """So that no code treats one of them in a way of its own; a word that is a name as well is ALLOWED, with why."""
    assert named(own_files()) == []


def test_a_part_may_be_called_as_a_word_that_the_page_explains() -> None:
    """But not as what code compares with."""
    assert named({"entropy": {"algorithms/entropy.py"}}) == []
    assert named({"sgd": {"algorithms/sgd.py"}})


def test_what_is_allowed_is_there() -> None:
    """An exception that nothing needs any more goes."""
    text = {path: (ROOT / path).read_text(encoding="utf-8") for path in ALLOWED}
    assert [(path, name) for path, names in ALLOWED.items() for name in names if f'"{name}"' not in text[path]] == []


def test_nothing_asks_which_class_an_algorithm_or_a_space_is() -> None:
    """``offers`` and ``provides`` of the contracts are the one place that asks what a space keeps."""
    roots = {"Algorithm", "Search", "Part", "Querying", "Space", "CellSpace", "WidthSpace", "GatedSpace"}
    every = (node for _, tree in files("algorithms", "spaces") for node in tree.body if isinstance(node, ast.ClassDef))
    classes = roots | {node.name for node in every if _registered(node)}
    asked = [
        f"{path}:{call.lineno}"
        for path, tree in files(*PACKAGES)
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and ast.unparse(call.func) in ("isinstance", "issubclass")
        and classes & set(re.findall(r"\w+", ast.unparse(call.args[1])))
    ]
    assert asked == []


def _registered(node: ast.ClassDef) -> bool:
    return any(ast.unparse(decorator).endswith(".register") for decorator in node.decorator_list)


def test_few_values_are_untyped() -> None:
    found = Counter(
        path
        for path, tree in files(*PACKAGES)
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and node.id == "Any" and path not in BORDER
    )
    assert found.total() < 30, found


def test_how_an_algorithm_is_shown_is_the_same_where_its_class_cannot_be_read() -> None:
    """Of the paper's rows, for ``reports`` knows no algorithm; and of the tests' made records."""
    paper = published_algorithms().to_dict("records")
    shown = {row["algorithm"]: (row["title"], row["order"]) for row in paper}
    assert shown == {name: (ALGORITHMS.facts(name)["title"], ALGORITHMS.facts(name)["order"]) for name in shown}
    facts = {name: ALGORITHMS.facts(name) for name in DESCRIBED}
    assert {name: (own["title"], own["order"], own["role"]) for name, own in facts.items()} == DESCRIBED


def _registers(path: Path, registries: str) -> bool:
    """Whether a file registers something in one of the registries."""
    text = path.read_text(encoding="utf-8")
    return bool(re.search(rf"^@(?:{registries})\.register", text, re.MULTILINE))


def test_an_algorithm_is_a_page() -> None:
    """A file that registers an algorithm or a part has no more than 120 lines."""
    found = [path for path in (ROOT / "algorithms").glob("*.py") if _registers(path, "ALGORITHMS|PARTS")]
    lengths = {path.name: path.read_text(encoding="utf-8").count("\n") for path in found}
    assert len(lengths) > 20 and {name: length for name, length in lengths.items() if length > 120} == {}


@pytest.mark.parametrize("package", MAPPED)
def test_a_packages_map_names_each_of_its_files_once(package: str) -> None:
    """Lines that begin with a dash name files, before the colon.

    A file that registers something may be left out, for its registry lists it: adding one is one file.
    """
    folder = ROOT / package
    described = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))) or ""
    lines = re.findall(r"^- (.+)$", described, re.MULTILINE)
    # ``a``, ``b``: what they are. ``c``: what it is.
    heads = [head for line in lines for head in re.findall(r"(?:^|\. )((?:``\w+``(?:, )?)+):", line)]
    mapped = [name for head in heads for name in re.findall(r"``(\w+)``", head)]
    files = {path.stem: path for path in folder.glob("*.py") if path.stem != "__init__"}
    packages = {path.parent.name for path in folder.glob("*/__init__.py")}
    listed = {name for name, path in files.items() if _registers(path, "ALGORITHMS|PARTS|SPACES|DATASETS")}
    assert len(mapped) == len(set(mapped)) and set(mapped) <= {*files, *packages}
    assert {*files, *packages} - listed - set(mapped) == set()
