"""docs/add-a-space.md shows a whole space: here it is written outside the package, registered, searched and refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

SEARCHED = """if True:
    import sys, torch
    sys.path[:0] = [{folder!r}, {tests!r}]
    import my_space
    from searches import make_batch, make_search
    from algorithms import ALGORITHMS
    from results.errors import BadInput
    from spaces import SPACES
    from spaces.base import Batch
    space = SPACES.named("activations")()
    assert SPACES.facts("activations")["bases"][0] == "CellSpace"
    # Labels that only tanh of a colour, not its relu, can tell: negative colours of two sizes.
    y = torch.arange(64) % 2
    x = (-0.5 - 2.0 * y.float()).view(-1, 1, 1, 1).expand(64, 3, 4, 4).contiguous()
    for name in ("darts1", "rarts", "gdas"):
        search = make_search(name, space, arch_lr=0.05, arch_weight_decay=0.0, lr=0.5)
        search.on_epoch(0, 0.0)
        search.epoch([(Batch(x, y, "train"), Batch(x, y, "val"))] * 30)
        assert search.genotype() == "tanh", name
    try:
        ALGORITHMS["pdarts"].check(space, ALGORITHMS["pdarts"].Hyper())
    except BadInput as fault:
        print(fault)
"""


def test_the_documented_space_is_searched_and_refused_by_what_it_keeps(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "add-a-space.md").read_text(encoding="utf-8")
    (tmp_path / "my_space.py").write_text(text.partition("```python\n")[2].partition("```")[0], encoding="utf-8")
    code = SEARCHED.format(folder=str(tmp_path), tests=str(ROOT / "tests"))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "pdarts needs a space that stacks cells; activations does not: search darts or nats\n"
    assert done.stdout.strip() in " ".join(text.split())
