"""What one iteration of each algorithm costs beside first-order DARTS's: CPU time against counted multiply-adds."""

from __future__ import annotations

from functools import partial
from typing import Any

import pandas as pd
import pytest
from benchmarks.interleaved import note, ratios
from benchmarks.mini import Mini

GOALS = {"milenas": "at most 1.5", "rarts": "at most 2.2", "darts2": "at most 2.9"}

UNMERGED = "sampled operations run unmerged; norms, pools and skips count nothing"
PASSING = "channels that pass by, norms and pools count nothing"
WHY = {
    **dict.fromkeys(("gdas", "proxylessnas", "random_ws"), UNMERGED),
    **dict.fromkeys(("pcdarts", "drnas_progressive"), PASSING),
}
"""Why time and multiply-adds differ where they do by more than a fifth."""

AFTER_WARM_UP: dict[str, dict[str, Any]] = {
    "pcdarts": {"warm_up": 0.0},
    "pdarts": {"frozen": 0.0},
    "drnas_progressive": {"frozen": 0.0},
}
"""Steps that move α; of P-DARTS those of its first stage."""


@pytest.mark.parametrize("space", ["nats", "darts"])
def test_iterations_of_the_algorithms(benchmark: Any, space: str) -> None:
    mini = Mini.of(space, benchmark.enabled)
    train, val = mini.batches()
    # Where nothing is measured, a step of those whose counts are looked at below.
    names = [name for name in mini.algorithms() if benchmark.enabled or name in {"darts1", *WHY}]
    searches = {name: mini.search(name, **AFTER_WARM_UP.get(name, {})) for name in names}
    steps = {name: partial(search.step, train, val) for name, search in searches.items()}
    ratios(benchmark, steps, "darts1", GOALS, rounds=10)
    # All took as many steps, so that their multiply-adds compare as one step's do.
    macs = {name: search.counts.macs / searches["darts1"].counts.macs for name, search in searches.items()}
    assert all(macs[name] < 1 for name in WHY)
    if benchmark.enabled:
        measured = {name: benchmark.extra_info[f"{name} / darts1"]["median"] for name in macs}
        table = pd.DataFrame({"counted": macs, "measured": measured})
        table["measured / counted"] = table["measured"] / table["counted"]
        differs = (table["measured / counted"] - 1).abs() > 0.2
        table["why"] = [WHY.get(name, "unexplained") if differs[name] else "" for name in table.index]
        note(benchmark, "table", "\n" + table.round(2).to_string())
