"""Algorithms by name, composed ones too: ``rarts+es`` is a class of its own, made of RARTS and early stopping.

A search says in ``traits`` what holds of it ("steady", "softmax"); a part says in ``wraps`` which of them it needs, and
in ``keeps`` which still hold under it. So several parts compose, innermost first, where each finds what it needs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from algorithms.counts import Cost
from results.errors import BadInput
from results.lookup import nearest
from results.registry import Facts, Registry

if TYPE_CHECKING:
    from algorithms.base import Algorithm
    from algorithms.wrapping import Part

MARK = "+"
"""What stands between a search's name and those of its parts."""


class Algorithms(Registry["Algorithm"]):
    """The algorithms of a package, and their compositions with ``parts``.

    Listed are the algorithms and each with one part; found is also a search with several, each named once.
    """

    def __init__(self, kind: str, package: str, called: str, parts: Registry[Part]) -> None:
        super().__init__(kind, package, called)
        self.parts = parts
        self._composed: dict[str, type[Algorithm]] = {}

    @property
    def single(self) -> list[str]:
        """The algorithms alone, without parts."""
        return list(super().__iter__())

    def wrapped_by(self, part: str) -> list[str]:
        """The algorithms that a part can change."""
        return [name for name in self.single if not self._missing(name, part)]

    def facts(self, name: str) -> Facts:
        """What an algorithm says of itself in literals; of a composition, what its classes together say.

        Raises
        ------
        BadInput
            Where there is no such algorithm, or its parts do not go together.
        """
        self.known(name)
        inner, _, part = name.rpartition(MARK)
        return composed(self.facts(inner), self.parts.facts(part)) if inner else super().facts(name)

    def known(self, name: str) -> str:
        """``name``, if there is such an algorithm or composition; nothing is imported.

        Raises
        ------
        BadInput
            Where there is none; the message names the nearest, or says which part does not go with what.
        """
        alone, *parts = name.split(MARK)
        if not super().__contains__(alone):
            with_parts = ", ".join(f"NAME{MARK}{part} ({len(self.wrapped_by(part))} of them)" for part in self.parts)
            close = nearest(alone, self.single)
            raise BadInput(f"unknown {self.kind} {name!r}{close}: there are {', '.join(self.single)}; {with_parts}")
        for part in parts:
            if fault := self._fault(alone, self.parts.known(part)):
                raise BadInput(fault)
            alone += MARK + part
        return name

    def _fault(self, inner: str, part: str) -> str | None:
        """Why ``inner`` does not go under ``part``; None where it does."""
        if part in inner.split(MARK)[1:]:
            return f"{inner} has the part {part} already: name it once"
        if missing := self._missing(inner, part):
            able = ", ".join(self.wrapped_by(part))
            return (
                f"{MARK}{part} needs a search that is {missing[0]}, which {inner} is not by its traits: it goes with "
                f"{able}"
            )
        if both := self._declared_twice(inner, part):
            return (
                f"{inner} and {MARK}{part} both have a hyperparameter {both[0]}: give the part's another name, such as "
                f"{part}_{both[0]}"
            )
        return None

    def _declared_twice(self, inner: str, part: str) -> list[str]:
        """The hyperparameters, shared ones aside, that both declare: a value would be for either."""
        from algorithms.hyper import Hyper  # only here: it imports pydantic, which listing names does without

        alone, *outer = inner.split(MARK)
        known = {*self.fields(alone, "Hyper")}.union(*(self.parts.fields(name, "Hyper") for name in outer))
        return [name for name in self.parts.fields(part, "Hyper") if name in known and name not in Hyper.model_fields]

    def _missing(self, inner: str, part: str) -> list[str]:
        """The traits that ``part`` needs and ``inner`` lacks."""
        traits = _texts(self.facts(inner)["traits"])
        return [trait for trait in _texts(self.parts.facts(part)["wraps"]) if trait not in traits]

    def __contains__(self, name: object) -> bool:
        alone, *parts = str(name).split(MARK)
        if not super().__contains__(alone):
            return False
        for part in parts:
            if part not in self.parts or self._fault(alone, part):
                return False
            alone += MARK + part
        return True

    def __iter__(self) -> Iterator[str]:
        yield from self.single
        for part in self.parts:
            yield from (name + MARK + part for name in self.wrapped_by(part))

    def __getitem__(self, name: str) -> type[Algorithm]:
        inner, _, part = name.rpartition(MARK)
        if not inner:
            return super().__getitem__(name)
        if name not in self:
            raise KeyError(name)
        if name not in self._composed:
            self._composed[name] = wrapped(self.parts[part], self[inner])
        return self._composed[name]


def composed(inner: Facts, part: Facts) -> Facts:
    """What a search under a part says of itself."""
    kept = tuple(trait for trait in _texts(inner["traits"]) if trait in _texts(part["keeps"]))
    departures = [str(facts["departures"]) for facts in (inner, part) if facts["departures"]]
    return inner | {
        "name": f"{inner['name']}{MARK}{part['name']}",
        "title": f"{inner['title']} + {part['title']}",
        "source": f"{inner['source']}; {part['source']}",
        "departures": "; ".join(departures),
        "role": "",
        "traits": kept,
        "requires": tuple(dict.fromkeys([*_texts(inner["requires"]), *_texts(part["requires"])])),
        "cost": _cost(inner, part),
        "doc": f"{inner['title']} under {part['title']}.",
    }


def _cost(inner: Facts, part: Facts) -> Cost | None:
    """The passes of a step of ``inner``, and what the part adds to each of its weight steps."""
    cost, adds, steps = inner["cost"], part["adds"], inner["weight_steps"]
    if not isinstance(cost, tuple) or not isinstance(adds, tuple) or not isinstance(steps, int):
        return None
    of_step, more = Cost(*cost), Cost(*adds)
    return Cost(*(passes + steps * added for passes, added in zip(of_step, more, strict=True)))


def wrapped(part: type[Part], inner: type[Algorithm]) -> type[Algorithm]:
    """``inner`` under ``part``: a class of both, with the hyperparameters of both."""
    # The search first: of the fields that both have its own defaults hold.
    both = type(f"{inner.Hyper.__name__}{part.Hyper.__name__}", (inner.Hyper, part.Hyper), {})
    said = ("name", "title", "source", "departures", "role", "traits", "requires", "order", "cost")
    facts = composed(_said(inner), _said(part))
    attributes = {name: facts[name] for name in said} | {"requires": (*inner.requires, *part.requires)}
    attributes |= {"__doc__": facts["doc"], "__module__": part.__module__, "Hyper": both}
    return type(f"{inner.__name__}{part.__name__}", (part, inner), attributes)


def _said(cls: type[Algorithm]) -> Facts:
    names = ("name", "title", "source", "departures", "role", "order", "traits")
    of_parts = {name: getattr(cls, name, ()) for name in ("keeps", "adds", "cost", "weight_steps")}
    return {name: getattr(cls, name) for name in names} | {"requires": (), **of_parts}


def _texts(value: object) -> tuple[str, ...]:
    """A fact that is a tuple of texts."""
    return value if isinstance(value, tuple) else ()
