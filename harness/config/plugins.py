"""Plug-ins: a user's own modules, whose algorithms and spaces register as the package's own do.

Named by ``--plugin``, by the argument ``plugins`` of ``harness.compare``, or by an installed package's entry point in
the group ``diffnas_harness.plugins``; imported in every process that searches. How to write one: docs/plug-ins.md.
"""

from __future__ import annotations

import hashlib
import importlib.util
import sys
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType

from results.errors import BadInput

GROUP = "diffnas_harness.plugins"
"""The group of entry points in which an installed package names its module."""


@dataclass(frozen=True)
class Plugin:
    """An imported plug-in.

    Attributes
    ----------
    name : str
        The module's name.
    where : str
        What another process imports: the file's absolute path, or the name of an installed module.
    digest : str
        Twelve hexadecimal digits of the SHA-256 of its files.
    """

    name: str
    where: str
    digest: str


def load(names: Sequence[str]) -> list[Plugin]:
    """Import the plug-ins of that name, and those that installed packages declare; each once a process.

    Parameters
    ----------
    names : sequence of str
        Modules that Python finds, modules of the current folder, or paths of ``.py`` files.

    Raises
    ------
    BadInput
        In one line, for one that is not there, that fails when it is imported, or whose name another file has.
    """
    return [_imported(name) for name in dict.fromkeys([*names, *_installed()])]


def used(names: Sequence[str], classes: Iterable[type]) -> dict[str, str] | None:
    """Digests by name of the plug-ins ``names``, and of installed ones that define one of ``classes``; None of none."""
    modules = [f"{cls.__module__}." for cls in classes]
    installed = [
        plugin for plugin in map(_imported, _installed()) if any(m.startswith(f"{plugin.name}.") for m in modules)
    ]
    return {plugin.name: plugin.digest for plugin in [*map(_imported, names), *installed]} or None


def load_here(where: Sequence[str]) -> None:
    """Import, in a trial's process, what ``load`` found in the process that planned it."""
    for place in where:
        _imported(place)


def _installed() -> list[str]:
    """The modules that installed packages declare as plug-ins."""
    return [entry.value.partition(":")[0] for entry in entry_points(group=GROUP)]


def _imported(name: str) -> Plugin:
    try:
        path = Path(name).expanduser()
    except RuntimeError as error:
        raise BadInput(f"--plugin {name}: {error}; give the path without ~") from None
    if path.suffix == ".py":
        return _file(path.resolve())
    try:
        found = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        found = None
    if found is None and (beside := Path(f"{name}.py")).exists():
        return _file(beside.resolve())
    if found is None:
        raise BadInput(f"there is no plug-in {name!r}: name a module that is installed, or a file ending in .py")
    return _module(name)


@cache
def _module(name: str) -> Plugin:
    module = _run(name, lambda: import_module(name))
    return Plugin(name, name, _digest(Path(str(module.__file__))))


@cache
def _file(path: Path) -> Plugin:
    """A file as the module of its stem, so that tracebacks and messages name it as its author does."""
    name = path.stem
    if not path.exists():
        raise BadInput(f"there is no plug-in {path}: name a module that is installed, or a file ending in .py")
    if name in sys.modules or name in sys.stdlib_module_names:
        raise BadInput(f"the plug-in {path} is called as another module is, {name}: give the file another name")
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise BadInput(f"the plug-in {path} is no Python file")
    module, loader = importlib.util.module_from_spec(spec), spec.loader
    sys.modules[name] = module
    _run(name, lambda: _executed(module, loader.exec_module))
    return Plugin(name, str(path), _digest(path))


def _executed(module: ModuleType, execute: Callable[[ModuleType], None]) -> ModuleType:
    execute(module)
    return module


def _run(name: str, importing: Callable[[], ModuleType]) -> ModuleType:
    """Import it; what it raises as one line that names the place."""
    try:
        return importing()
    except BadInput:
        sys.modules.pop(name, None)
        raise
    except Exception as error:
        sys.modules.pop(name, None)
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(last.filename).name}, line {last.lineno}"
        raise BadInput(f"the plug-in {name} cannot be imported: {type(error).__name__}: {error} ({place})") from error


def _digest(path: Path) -> str:
    """Of one file, or of all Python files of a package."""
    files = sorted(path.parent.rglob("*.py")) if path.name == "__init__.py" else [path]
    content = hashlib.sha256()
    for file in files:
        content.update(file.relative_to(path.parent).as_posix().encode() + b"\0" + file.read_bytes())
    return content.hexdigest()[:12]
