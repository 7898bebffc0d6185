"""A search and a space from files of one's own, in a folder that holds files named as the harness's packages.

In processes of their own: a plug-in stays in the registries, and what a folder shadows is decided when Python starts.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from equal_runs import assert_same, frames
from faults import Faults
from plugin_files import SEARCH, python, write_folder

import results
from harness.config import plugins
from results.errors import BadInput

RUN = ("--algos", "twice,darts1", "--no-random", "--space", "narrow", "--seeds", "0", "--evaluate", "none")
PLUGINS = ("--plugin", "my_search", "--plugin", "my_space.py")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The user's folder, with one run through Ray and one serial."""
    folder = write_folder(tmp_path_factory.mktemp("own"))
    for name, more in (("ray", ()), ("serial", ("--serial",))):
        ran = python(folder, "-m", "harness", "run", *PLUGINS, *RUN, "--out", name, *more)
        assert ran.returncode == 0, ran.stdout + ran.stderr
    return folder


def test_plugins_search_alike_serially_and_in_rays_workers(folder: Path) -> None:
    records = results.load(folder / "serial").records
    assert list(records["algorithm"]) == ["darts1", "twice"] and set(records["status"]) == {"done"}
    assert_same(frames(folder / "ray"), frames(folder / "serial"))


def test_a_plugins_own_step_ran(folder: Path) -> None:
    records = results.load(folder / "serial").records.set_index("algorithm")
    steps = records.loc["darts1", "weight_backwards"]
    assert steps == records.loc["twice", "weight_backwards"] == 718 // 128  # one epoch of a half of the digits
    assert records.loc["darts1", ["forwards", "alpha_backwards"]].tolist() == [2 * steps, steps]
    assert records.loc["twice", ["forwards", "alpha_backwards"]].tolist() == [3 * steps, 2 * steps]


def test_a_plugin_composes_by_the_traits_that_it_declares(folder: Path) -> None:
    """``+es`` measures λ_max after epochs 1 and 2 of three: passes that ``twice`` alone does not make."""
    short = ("--set", "es_every=1", "--set", "es_window=1", "--set", "es_delta=1", "--set", "es_start=0")
    asked = ("--algos", "twice,twice+es", "--no-random", "--space", "narrow", "--seeds", "0", "--evaluate", "none")
    out = ("--budget", "epochs=3", "--serial", "--out", "composed")
    ran = python(folder, "-m", "harness", "run", *PLUGINS, *asked, *short, *out)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    records = results.load(folder / "composed").records.set_index("algorithm")
    assert records.loc["twice+es", "title"] == "DARTS-1, twice + ES"
    assert records.loc["twice+es", "forwards"] > records.loc["twice", "forwards"]


def test_a_plugin_does_not_compose_by_its_parents_traits(folder: Path) -> None:
    refused = python(folder, "-m", "harness", "run", *PLUGINS, "--algos", "twice+oles", "--space", "narrow")
    assert refused.returncode != 0
    assert "+oles needs a search that is alternating, which twice is not by its traits" in refused.stderr


def test_the_frozen_description_names_each_plugin_with_its_digest(folder: Path) -> None:
    config = yaml.safe_load((folder / "ray" / "config.yaml").read_text())
    assert set(config["plugins"]) == {"my_search", "my_space"}
    assert all(len(digest) == 12 for digest in config["plugins"].values())


def test_from_python_and_a_changed_plugin_does_not_finish_the_old_run(folder: Path) -> None:
    """The folder is first on the path of a script of the user's, so that the script is elsewhere."""
    call = (
        "import sys; sys.path.pop(0); import harness\n"
        "run = harness.compare(['twice'], 'narrow', [0], plugins=['my_search.py', 'my_space.py'], evaluate='none',"
        " serial=True, quiet=True, out='{}')\n"
        "print(run.records['genotype'][0])"
    )
    asked = python(folder, "-c", call.format("api"))
    assert asked.returncode == 0, asked.stderr
    assert (
        asked.stdout.strip() == results.load(folder / "serial").records.set_index("algorithm").loc["twice", "genotype"]
    )
    (folder / "my_search.py").write_text(SEARCH.replace("range(2)", "range(3)"))
    again = python(folder, "-c", call.format("api"))
    assert "BadInput" in again.stderr and "plugins.my_search = " in again.stderr


def test_lists_know_plugins(folder: Path) -> None:
    listed = python(folder, "-m", "harness", "list", *PLUGINS)
    assert "twice" in listed.stdout and "narrow" in listed.stdout


@pytest.mark.parametrize(
    ("name", "text", "named"),
    [
        ("gone.py", None, "there is no plug-in"),
        ("gone", None, "name a module that is installed, or a file ending in .py"),
        (
            "broken_plugin.py",
            "x = 1\nx.y",
            "AttributeError: 'int' object has no attribute 'y' (broken_plugin.py, line 2)",
        ),
        ("wrong_plugin.py", "def f(:", "SyntaxError"),
        ("json.py", "", "give the file another name"),
        ("taking_plugin.py", SEARCH.replace('"twice"', '"rarts"'), "is called 'rarts', as the algorithm of"),
    ],
)
def test_a_plugin_that_cannot_be_had(fault: Faults, tmp_path: Path, name: str, text: str | None, named: str) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    assert named in fault("run --plugin", name)


def test_a_package_is_digested_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "packed_plugin"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "inner.py").write_text("a = 1")
    monkeypatch.syspath_prepend(str(tmp_path))
    (first,) = plugins.load(["packed_plugin"])
    assert first.where == "packed_plugin"
    plugins._module.cache_clear()
    (package / "inner.py").write_text("a = 2")
    (second,) = plugins.load(["packed_plugin"])
    assert first.digest != second.digest


def test_an_installed_packages_entry_point_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What pip writes for an installed package: its metadata, with the entry point."""
    (tmp_path / "entry_plugin.py").write_text("loaded = True")
    metadata = tmp_path / "entry_plugin-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: entry-plugin\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text(f"[{plugins.GROUP}]\nmine = entry_plugin\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert [plugin.name for plugin in plugins.load([])] == ["entry_plugin"]
    assert plugins.used([], [int]) is None  # none of its classes is used


def test_settings_of_a_space_that_has_them(fault: Faults) -> None:
    from harness.config.names import add_settings

    with pytest.raises(BadInput, match="has settings for the space 'nats' already"):
        add_settings("quick", "nats", {})
    with pytest.raises(BadInput, match="lack stands_for, budget, options, settings"):
        add_settings("quick", "narrow", {})
