"""Names of what a user can choose, known without importing it: an algorithm, a space, a data set.

A class registers beside itself::

    @ALGORITHMS.register
    class Rarts(Search):
        name = "rarts"

Its name is read from the file's text, so that listing names or refusing a misspelt one imports no torch; the file is
imported when its class is asked for. A user's own file, imported as a plug-in, registers in the same way.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib import import_module, resources
from typing import Generic, TypeVar

from results.lookup import lookup

T = TypeVar("T")


class Registry(Mapping[str, type[T]], Generic[T]):
    """The classes of one package that are decorated with ``register``, by their ``name``.

    Parameters
    ----------
    kind : str
        What an entry is called in messages, for instance ``algorithm``.
    package : str
        The package whose files declare the entries.
    """

    def __init__(self, kind: str, package: str) -> None:
        self.kind, self.package = kind, package
        self._classes: dict[str, type[T]] = {}

    def register(self, cls: type[T]) -> type[T]:
        """Make ``cls`` known by its ``name``: a class decorator."""
        self._classes[cls.name] = cls  # type: ignore[attr-defined]  # every entry's class has one
        return cls

    @cached_property
    def _modules(self) -> dict[str, str]:
        """The module that declares each name, in the order of the entries' ``order``, then of their names."""
        found: dict[str, tuple[int, str]] = {}
        for entry in resources.files(self.package).iterdir():
            if entry.name.endswith(".py") and not entry.name.startswith("_"):
                for literals in _registered(entry.read_text(encoding="utf-8")):
                    place = (int(literals.get("order", 0)), f"{self.package}.{entry.name.removesuffix('.py')}")
                    found[literals["name"]] = place
        return {name: found[name][1] for name in sorted(found, key=lambda name: (found[name][0], name))}

    def __getitem__(self, name: str) -> type[T]:
        if name not in self._classes and name in self._modules:
            import_module(self._modules[name])
        return self._classes[name]

    def __contains__(self, name: object) -> bool:
        return name in self._modules or name in self._classes

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys([*self._modules, *self._classes]))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def named(self, name: str) -> type[T]:
        """The class of ``name``.

        Raises
        ------
        BadInput
            Where there is none; the message names the nearest.
        """
        return lookup(self.kind, name, self)


def _registered(source: str) -> Iterator[dict[str, str]]:
    """The literal class attributes, as text, of every class that is decorated with ``….register``."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef) and any(
            isinstance(d, ast.Attribute) and d.attr == "register" for d in node.decorator_list
        ):
            yield {
                target.id: str(statement.value.value)
                for statement in node.body
                if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant)
                for target in statement.targets
                if isinstance(target, ast.Name)
            }
