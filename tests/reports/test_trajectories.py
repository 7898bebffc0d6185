"""Fig. 1: every trajectory in its panel, the others in all of them."""

from pathlib import Path
from xml.etree import ElementTree

import matplotlib as mpl
import pandas as pd
import pytest

from reports.trajectories import draw
from results.errors import BadInput


def trajectory(panel: str, algorithm: str, label: str, end: tuple[float, float]) -> list[dict[str, object]]:
    shares = [i / 10 for i in range(11)]
    return [
        {
            "panel": panel,
            "algorithm": algorithm,
            "label": label,
            "step": i,
            "alpha": 2 + s * (end[0] - 2),
            "w": -2 + s * (end[1] + 2),
            "y": 0.0,
        }
        for i, s in enumerate(shares)
    ]


def frame(baseline_panels: tuple[str, ...]) -> pd.DataFrame:
    rows = [
        *trajectory("lam", "rarts", "λ = 2", (1.38, 1.31)),
        *trajectory("lam", "rarts", "λ = 20", (1.05, 1.0)),
        *trajectory("beta", "rarts", "β = 2", (1.2, 0.9)),
        *trajectory("y0", "rarts", "y₀ = 5", (1.08, 1.03)),
    ]
    for panel in baseline_panels:
        rows += trajectory(panel, "darts1", "DARTS-1", (2.0, 2.0))
    return pd.DataFrame(rows)


@pytest.mark.parametrize("panels", [("lam", "beta", "y0"), ("lam",), ("",)])
def test_every_panel_shows_its_own_paths_darts_and_the_optimum(panels: tuple[str, ...], tmp_path: Path) -> None:
    with mpl.rc_context({"svg.fonttype": "none"}):
        paths = draw(frame(panels), tmp_path)
    assert [path.name for path in paths] == ["fig1.png", "fig1.svg"]
    assert paths[0].read_bytes().startswith(b"\x89PNG")
    texts = [
        "".join(t.itertext()).strip() for t in ElementTree.parse(paths[1]).iter("{http://www.w3.org/2000/svg}text")
    ]
    assert [texts.count(label) for label in ("λ = 2", "λ = 20", "β = 2", "y₀ = 5")] == [1, 1, 1, 1]
    assert texts.count("DARTS-1") == 3
    assert texts.count("optimum (1, 1)") == 3
    assert texts.count("architecture parameter α") == 3


def test_missing_columns_and_no_rows_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="lack the column\\(s\\) w, y"):
        draw(frame(("lam",)).drop(columns=["w", "y"]), tmp_path)
    whole = frame(("lam",))
    with pytest.raises(BadInput, match="hold no row"):
        draw(whole[:0], tmp_path)
