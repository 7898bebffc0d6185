"""The registries: what is read from the text of the files is what the imported classes say."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from algorithms import ALGORITHMS, PARTS
from algorithms.base import Algorithm
from algorithms.counts import Cost
from algorithms.search import Search
from results.declared import Declarations, outline
from results.errors import BadInput
from spaces import SPACES

SAID = ("name", "title", "order", "role", "source", "departures", "traits")


@pytest.mark.parametrize("name", [*ALGORITHMS, "rarts+es+pt"])
def test_facts_read_from_text_are_those_of_the_class(name: str) -> None:
    facts, cls = ALGORITHMS.facts(name), ALGORITHMS[name]
    assert {fact: facts[fact] for fact in SAID} == {fact: getattr(cls, fact) for fact in SAID}
    cost = facts["cost"]
    assert (Cost(*cost) if isinstance(cost, tuple) else None) == cls.cost
    assert facts["requires"] == tuple(dict.fromkeys(contract.__name__ for contract in cls.requires))


@pytest.mark.parametrize("name", ALGORITHMS.single)
def test_ancestors_read_from_text_are_in_the_order_in_which_python_looks(name: str) -> None:
    ours = [base.__name__ for base in ALGORITHMS[name].__mro__[1:] if base.__module__.startswith("algorithms.")]
    assert list(ALGORITHMS.facts(name)["bases"]) == ours  # type: ignore[call-overload]


def test_names_facts_and_refusals_import_no_torch() -> None:
    code = """if True:
        import sys
        from algorithms import ALGORITHMS
        from results.errors import BadInput
        from spaces import SPACES
        assert ALGORITHMS.facts("rarts+es")["title"] == "RARTS + ES" and "nats" in list(SPACES)
        for name in ("rartz", "pdarts+es", "rarts+ez"):
            try:
                ALGORITHMS.named(name)
            except BadInput as fault:
                print(fault)
        sys.exit("torch" in sys.modules)
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "did you mean 'rarts'" in done.stdout
    assert "+es needs a search that is steady, which pdarts is not" in done.stdout
    assert "did you mean 'es'" in done.stdout


def test_parts_compose_as_typed_where_each_finds_what_it_needs() -> None:
    cls = ALGORITHMS["rarts+es+pt"]
    order = [cls.__name__ for cls in cls.__mro__]
    assert order.index("Perturbation") < order.index("EarlyStopping") < order.index("Rarts")
    # What early stopping keeps is not what perturbation selects: nothing goes around a selection.
    assert "rarts+pt+es" not in ALGORITHMS and "rarts+es+es" not in ALGORITHMS
    with pytest.raises(KeyError):
        ALGORITHMS["rarts+pt+es"]


def test_what_is_said_of_one_class_alone_is_not_inherited() -> None:
    assert (ALGORITHMS["darts1"].role, ALGORITHMS["darts1"].order) == ("reference", 1)
    assert (ALGORITHMS["fairdarts"].role, ALGORITHMS["fairdarts"].order) == ("", 100)
    assert ALGORITHMS["fairdarts"].traits == ("steady", "alternating")


PLUG_IN = '''"""An algorithm of a user's own."""

from algorithms import ALGORITHMS
from algorithms.darts import Darts1


@ALGORITHMS.register
class Plugged(Darts1):
    """First-order DARTS under another name."""

    name = "plugged"
    title = "Plugged"
    traits = ("steady",)
'''


def test_a_plug_in_registers_in_the_same_way(tmp_path: Path) -> None:
    (tmp_path / "my_search.py").write_text(PLUG_IN, encoding="utf-8")
    code = f"""if True:
        import sys
        sys.path.append({str(tmp_path)!r})
        import my_search
        from algorithms import ALGORITHMS
        assert ALGORITHMS.named("plugged") is my_search.Plugged
        facts = ALGORITHMS.facts("plugged")
        assert (facts["title"], facts["order"], facts["cost"]) == ("Plugged", 100, (2, 1, 1))
        assert "plugged" in ALGORITHMS.wrapped_by("es") and "plugged" not in ALGORITHMS.wrapped_by("pt")
        assert issubclass(ALGORITHMS["plugged+es"], my_search.Plugged)
    """
    subprocess.run([sys.executable, "-c", code], check=True)


PART = '''"""A part of a user's own, one of whose hyperparameters is called as one of RARTS is."""

from algorithms import PARTS
from algorithms.hyper import Fields
from algorithms.wrapping import Part


class OwnHyper(Fields):
    """One that RARTS has too."""

    lam: float = 7.0


@PARTS.register
class Own(Part):
    """Changes nothing."""

    name = "own"
    title = "own"
    Hyper = OwnHyper
'''


def test_a_search_and_a_part_cannot_both_declare_a_hyperparameter(tmp_path: Path) -> None:
    (tmp_path / "my_part.py").write_text(PART, encoding="utf-8")
    code = f"""if True:
        import sys
        sys.path.append({str(tmp_path)!r})
        import my_part
        from algorithms import ALGORITHMS
        from results.errors import BadInput
        assert ALGORITHMS["darts1+own"].Hyper().lam == 7
        try:
            ALGORITHMS.known("rarts+own")
        except BadInput as fault:
            assert "both have a hyperparameter lam" in str(fault) and "own_lam" in str(fault)
        else:
            raise SystemExit("accepted")
    """
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_plug_in_cannot_take_a_name_that_is_there() -> None:
    with pytest.raises(BadInput, match=r"is called 'rarts', as the algorithm of algorithms.rarts is"):

        @ALGORITHMS.register
        class Other(Search):
            name = "rarts"


def test_every_registered_class_has_its_name_and_a_line_of_its_own() -> None:
    for registry in (ALGORITHMS, PARTS, SPACES):
        for name in registry:
            assert registry.facts(name)["doc"]
            assert getattr(registry[name], "name") == name  # noqa: B009 - a registry's type has no name
    titles = [cls.title for cls in ALGORITHMS.values()]
    assert all(titles) and len(set(titles)) == len(titles)
    assert all(issubclass(cls, Algorithm) for cls in ALGORITHMS.values())


def bare(tree: ast.Module) -> list[str]:
    """Every statement of a file outside its functions, as text; of a function nothing."""

    def plain(body: list[ast.stmt]) -> list[ast.stmt]:
        kept = [node for node in body if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
        for node in kept:
            if isinstance(node, ast.ClassDef):
                node.body = plain(node.body)
        return kept

    return [ast.dump(node) for node in plain(tree.body)]


@pytest.mark.parametrize("package", ["algorithms", "spaces", "harness/data"])
def test_an_outline_says_all_that_stands_outside_functions(package: str) -> None:
    for path in (Path(__file__).parents[2] / package).glob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert bare(ast.parse(outline(text))) == bare(ast.parse(text)), path


def test_an_outline_ends_a_function_where_python_does() -> None:
    text = '''
class A:
    one = 1

    @property
    def f(
        self,
    ) -> int:
        """Text."""

        def g():
            pass
        return 2
    async def h(self): return 3
    two = 2

def k(x=(
    1,
)):
    y = 1
B = 3
'''
    (a, _, b) = ast.parse(outline(text)).body
    assert isinstance(a, ast.ClassDef) and [type(node).__name__ for node in a.body] == [
        "Assign", "FunctionDef", "FunctionDef", "Assign",
    ]  # fmt: skip
    assert isinstance(b, ast.Assign)


def package(folder: Path, name: str, body: str, monkeypatch: pytest.MonkeyPatch) -> Declarations:
    """A package of one file, with a class that says two facts and one that inherits them."""
    base = 'class Base:\n    cost = (2, 1, 1)\n    traits = ("steady",)\n\n\n'
    (folder / name).mkdir()
    (folder / name / "__init__.py").touch()
    (folder / name / "searches.py").write_text(f"{base}class Own(Base):\n{body}", encoding="utf-8")
    monkeypatch.syspath_prepend(folder)
    return Declarations(name)


def test_a_fact_may_be_another_classs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = package(tmp_path, "borrowing", "    traits = Base.traits\n    cost = (3, 1, 2)\n", monkeypatch)
    facts = read.facts("borrowing.searches", "Own")
    assert (facts["traits"], facts["cost"]) == (("steady",), (3, 1, 2))


def test_a_fact_that_only_running_code_knows_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = package(tmp_path, "running", "    seen = open\n    cost = Cost(forwards=3)\n", monkeypatch)
    with pytest.raises(BadInput, match=r"running/searches\.py: cost of Own .* Cost\(forwards=3\) .* as a literal"):
        read.facts("running.searches", "Own")
