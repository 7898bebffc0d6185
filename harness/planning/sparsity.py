"""ℓ1 on the gates as a distance: its weight for a search of so many steps.

A proximal step moves a gate by ρ η_α towards 0, so that ℓ1 alone moves it by ρ Σ η_α over a search. A gate starts at 1:
near 1 is where gates vanish, whatever the number of images. Which distance where: docs/paper-gaps.md.
"""

from __future__ import annotations

from algorithms import ALGORITHMS
from algorithms.hyper import Hyper
from algorithms.widths import WidthSearch
from harness.config.protocol import Protocol, validated
from harness.config.sections import Budget
from harness.data import Split
from results.errors import BadInput
from spaces import SPACES


def l1(protocol: Protocol, halves: Split, algorithm: str = "") -> dict[str, object]:
    """The override ``space.l1`` that ``space.l1_travel`` stands for; none where there is no such distance, or ρ is set.

    It is for the rate of α that ``algorithm`` has; without one, for the rate that the protocol gives all searches.

    Raises BadInput where the budget says no number of steps.
    """
    options = protocol.raw["options"]
    if not options.get("l1_travel") or "l1" in options:
        return {}
    travel = validated("space", SPACES[protocol.space].Options, options).model_dump()["l1_travel"]
    budget = validated("budget", Budget, protocol.raw["budget"])
    if budget.kind != "epochs":
        raise BadInput(
            f"a budget of {budget.kind} leaves open how many steps space.l1_travel = {travel:g} is for: set space.l1"
        )
    hyper = _own(protocol, algorithm) or _shared(protocol)
    steps, epochs = halves.n_train // protocol.settings.batch_size, int(budget.amount)
    moved = steps * sum(hyper.arch_lr_at(epoch / epochs) for epoch in range(epochs))
    return {"space.l1": float(f"{travel / moved:.3g}")} if moved else {}


def _own(protocol: Protocol, algorithm: str) -> Hyper | None:
    """What moves the gates in a search by ``algorithm``; None where nothing does, so that any weight is as good.

    A search that reads another's record has that one's, for its trial has to be like that one in all else.
    """
    if not algorithm:
        return None
    hyper = protocol.hyper(algorithm)
    if (other := hyper.after()) in ALGORITHMS and other != algorithm:
        return _own(protocol, other)
    return hyper if isinstance(hyper, Hyper) and not issubclass(ALGORITHMS[algorithm], WidthSearch) else None


def _shared(protocol: Protocol) -> Hyper:
    """The protocol's hyperparameters of all searches, with what was given to all of them."""
    given = {key: value for key, value in protocol.overrides.items() if key in Hyper.model_fields}
    return validated("hyper", Hyper, {**protocol.raw.get("hyper", {}), **given})
