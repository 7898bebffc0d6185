"""ℓ1 on the gates as a distance: its weight for a search of so many steps.

A proximal step moves a gate by ρ η_α towards 0, so that ℓ1 alone moves it by ρ Σ η_α over a search. A gate starts at 1:
near 1 is where gates vanish, whatever the number of images. Which distance where: docs/paper-gaps.md.
"""

from __future__ import annotations

from algorithms.hyper import Hyper
from harness.config.plain import number
from harness.config.protocol import Protocol, validated
from harness.data import Split
from results.errors import BadInput


def l1(protocol: Protocol, halves: Split) -> dict[str, object]:
    """The override ``space.l1`` that ``space.l1_travel`` stands for; none where there is no such distance, or ρ is set.

    Raises BadInput where the budget says no number of steps.
    """
    options, budget = protocol.raw["options"], protocol.raw["budget"]
    travel = options.get("l1_travel")
    if not travel or "l1" in options:
        return {}
    if budget["kind"] != "epochs":
        raise BadInput(
            f"a budget of {budget['kind']} leaves open how many steps space.l1_travel = {travel:g} is for: set space.l1"
        )
    hyper = validated("hyper", Hyper, protocol.raw["hyper"])
    steps = halves.n_train // protocol.settings.batch_size
    epochs = int(budget["amount"])
    moved = steps * sum(hyper.arch_lr_at(epoch / epochs) for epoch in range(epochs))
    return {"space.l1": float(f"{number(travel) / moved:.3g}")} if moved else {}
