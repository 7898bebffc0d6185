"""Names of what a user can choose, known without importing it: an algorithm, a space, a data set.

A class registers beside itself::

    @ALGORITHMS.register
    class Rarts(Search):
        name = "rarts"

Its literal attributes are read from the file's text, so that listing names, saying what each is or refusing a misspelt
one imports no torch; the file is imported when its class is asked for. A user's own file, imported as a plug-in,
registers in the same way.
"""

from __future__ import annotations

import inspect
from abc import ABC
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Generic, TypeVar

from results.declared import Declarations, Described
from results.errors import BadInput
from results.lookup import lookup

if TYPE_CHECKING:
    from pydantic import BaseModel

T = TypeVar("T")

Facts = dict[str, object]
"""What a class says of itself in literals; ``doc``, ``bases`` and ``module`` besides."""

PLAIN = (str, int, float, bool, tuple, type(None))


class Registry(Mapping[str, type[T]], Generic[T]):
    """The classes of one package that are decorated with ``register``, by their ``name``.

    In the order of their literal ``order``, then of their names; classes from outside the package follow.

    Parameters
    ----------
    kind : str
        What an entry is called in messages, for instance ``algorithm``.
    package : str
        The package whose files declare the entries.
    called : str
        The registry's own name in those files: ``ALGORITHMS`` of ``@ALGORITHMS.register``.
    """

    def __init__(self, kind: str, package: str, called: str) -> None:
        self.kind, self.package, self.called = kind, package, called
        self._classes: dict[str, type[T]] = {}
        self._fields: dict[tuple[str, str], dict[str, Described]] = {}

    def register(self, cls: type[T]) -> type[T]:
        """Make ``cls`` known by its ``name``: a class decorator.

        Raises
        ------
        BadInput
            Where another class has the name.
        """
        name, own = str(getattr(cls, "name", cls.__name__)), (cls.__module__, cls.__qualname__)
        there = self._classes.get(name)
        taken = self._facts[name]["module"] if name in self._facts else there and there.__module__
        if taken and taken != own[0]:
            raise BadInput(
                f"{own[0]}.{own[1]} is called {name!r}, as the {self.kind} of {taken} is: give it another name"
            )
        self._classes[name] = cls
        return cls

    @cached_property
    def _declarations(self) -> Declarations:
        """What the package's files declare."""
        return _read(self.package)

    @cached_property
    def _facts(self) -> dict[str, Facts]:
        """The facts of each class of the package, by name, in order."""
        found = {name: facts for name, (_, facts) in self._declared.items()}
        return dict(sorted(found.items(), key=lambda entry: (int(str(entry[1].get("order", 0))), entry[0])))

    @cached_property
    def _declared(self) -> dict[str, tuple[tuple[str, str], Facts]]:
        """By name, where each class of the package is declared (module, class), and its facts."""
        read = self._declarations
        found = ((place, read.facts(*place)) for place in read.registered(self.called))
        return {str(facts["name"]): (place, facts) for place, facts in found}

    def facts(self, name: str) -> Facts:
        """What the class of ``name`` says of itself in literals, read without importing it.

        Raises
        ------
        BadInput
            Where there is none; the message names the nearest.
        """
        self.known(name)
        return dict(self._facts[name]) if name in self._facts else _facts_of(self._classes[name])

    def inherits(self, name: str, base: str) -> bool:
        """Whether the class of ``name`` has a base class that is called ``base``; nothing is imported.

        Raises
        ------
        BadInput
            Where there is no such entry; the message names the nearest.
        """
        bases = self.facts(name)["bases"]
        return isinstance(bases, tuple) and base in bases

    def fields(self, name: str, model: str) -> dict[str, Described]:
        """The fields of the pydantic model that an entry has as its attribute ``model``; nothing is imported.

        Raises
        ------
        BadInput
            Where there is no such entry; the message names the nearest.
        """
        if (name, model) not in self._fields:
            self.known(name)
            if name in self._declared:
                found = self._declarations.fields(*self._declared[name][0], model)
            else:
                found = fields_of(getattr(self._classes[name], model))
            self._fields[name, model] = found
        return self._fields[name, model]

    def known(self, name: str) -> str:
        """``name``, if there is such an entry; nothing is imported.

        Raises
        ------
        BadInput
            Where there is none; the message names the nearest.
        """
        if name not in self:
            lookup(self.kind, name, self)
        return name

    def named(self, name: str) -> type[T]:
        """The class of ``name``.

        Raises
        ------
        BadInput
            Where there is none; the message names the nearest.
        """
        return self[self.known(name)]

    def __getitem__(self, name: str) -> type[T]:
        if name not in self._classes and name in self._facts:
            import_module(str(self._facts[name]["module"]))
        return self._classes[name]

    def __contains__(self, name: object) -> bool:
        return name in self._facts or name in self._classes

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys([*self._facts, *self._classes]))

    def __len__(self) -> int:
        return len(list(iter(self)))


def _facts_of(cls: type[object]) -> Facts:
    """The same facts of a class from outside the package, which is imported already."""
    facts: Facts = {}
    for base in reversed(cls.__mro__[:-1]):
        facts |= {name: value for name, value in vars(base).items() if _is_fact(name, value)}
    bases = tuple(base.__name__ for base in cls.__mro__[1:-1] if base is not ABC)
    doc = (inspect.getdoc(cls) or "").partition("\n")[0]
    return {name: _plain(value) for name, value in facts.items()} | {
        "doc": doc,
        "bases": bases,
        "module": cls.__module__,
    }


@cache
def _read(package: str) -> Declarations:
    """A package's files, read once though several registries are of it."""
    return Declarations(package)


def fields_of(model: type[BaseModel]) -> dict[str, Described]:
    """The same fields of a model from outside the package, which is imported already."""
    return {
        name: Described(
            annotation=getattr(field.annotation, "__name__", str(field.annotation)),
            default=field.get_default(),
            description=field.description or "",
            owner=next(cls.__name__ for cls in model.__mro__ if name in vars(cls).get("__annotations__", {})),
        )
        for name, field in model.model_fields.items()
    }


def _is_fact(name: str, value: object) -> bool:
    return not name.startswith("_") and isinstance(value, (*PLAIN, type))


def _plain(value: object) -> object:
    """A class as its name, in tuples too."""
    if isinstance(value, tuple):
        return tuple(_plain(element) for element in value)
    return value.__name__ if isinstance(value, type) else value
