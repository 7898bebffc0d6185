"""C++ files compiled for this machine: once, anew where the text is another, refused in one line where they cannot."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import sys
from pathlib import Path

import pytest

from results.errors import BadInput
from spaces.compiling import library
from spaces.nats import Nats, NatsOptions

pytestmark = pytest.mark.skipif(shutil.which("c++") is None, reason="there is no C++ compiler here")

TEXT = 'extern "C" int answer() {{ return {0}; }}\n'
compiled = library.__wrapped__
"""Without its memory: as a new process finds the cache."""


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache's folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("CXX", raising=False)
    return tmp_path / "cache" / "differentiable-nas-harness"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "answer.cpp"
    path.write_text(TEXT.format(42))
    return path


def answer(source: Path) -> int:
    return int(compiled(source).answer())


def test_a_file_is_compiled_once_and_anew_where_its_text_is_another(source: Path, kept: Path) -> None:
    assert answer(source) == 42
    (first,) = kept.iterdir()
    written = first.stat().st_mtime_ns
    assert answer(source) == 42 and first.stat().st_mtime_ns == written
    source.write_text(TEXT.format(43))
    assert answer(source) == 43 and len(list(kept.iterdir())) == 2


def test_another_flag_of_the_compiler_is_another_library(
    source: Path, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(source)
    monkeypatch.setenv("CXX", "c++ -DNOTHING")
    assert answer(source) == 42 and len(list(kept.iterdir())) == 2


def test_a_damaged_library_is_compiled_again(source: Path, kept: Path) -> None:
    answer(source)
    (library,) = kept.iterdir()
    library.unlink()
    library.write_bytes(b"")
    assert answer(source) == 42


def test_processes_that_compile_at_once_end_well(source: Path, kept: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        assert pool.map(answer, [source] * 3) == [42] * 3
    assert [path.suffix for path in kept.iterdir()] == [".so"]


@pytest.mark.parametrize(
    ("compiler", "said"),
    [("not-here", "there is no not-here here"), ("false", "false cannot compile the kernel"), ("", "")],
)
def test_without_a_compiler_that_works_a_plan_is_refused_in_one_line(
    monkeypatch: pytest.MonkeyPatch, source: Path, compiler: str, said: str
) -> None:
    monkeypatch.setenv("CXX", compiler)
    if not compiler:
        assert answer(source) == 42, "an empty $CXX is none"
        return
    with pytest.raises(BadInput, match=said) as raised:
        compiled(source)
    assert "leave the option out" in str(raised.value) and "\n" not in str(raised.value)


def test_what_the_compiler_says_of_an_error_is_said(source: Path) -> None:
    source.write_text("#include <vector>\nint answer( { }\n")
    with pytest.raises(BadInput, match=r"answer\.cpp:2.*error"):
        compiled(source)


@pytest.mark.skipif(sys.platform != "linux", reason="a device file stands in the folder's place")
def test_a_cache_that_cannot_be_written_is_refused_in_one_line(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", os.devnull)
    with pytest.raises(BadInput, match="set XDG_CACHE_HOME to a folder that can be written") as raised:
        compiled(source)
    assert "\n" not in str(raised.value)


def test_a_finished_runs_options_are_read_without_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "not-here")
    assert Nats(NatsOptions(compiled=True)).options.compiled
