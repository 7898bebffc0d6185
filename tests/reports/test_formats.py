"""How numbers are written, and that nothing LaTeX would read gets through."""

import math
import re

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports import formats as f


@pytest.mark.parametrize(
    ("value", "text"),
    [(1234.0, "1,234"), (12.345, "12.3"), (0.03125, "0.0312"), (-0.5, "−0.500"), (0, "0"), (3.2e-7, "3.2e−07")],
)
def test_significant_digits(value: float, text: str) -> None:
    assert f.significant(value) == text


@given(st.floats(min_value=1e-12, max_value=1e12))
def test_three_significant_digits_are_right_to_half_a_percent(value: float) -> None:
    assert float(f.significant(value).replace(",", "").replace("−", "-")) == pytest.approx(value, rel=0.005)


def test_missing_values_are_empty() -> None:
    for missing in (math.nan, None, pd.NA):
        assert f.fixed(missing) == f.significant(missing) == f.count(missing) == f.percent(missing) == ""
    assert f.plus_minus(3.0, math.nan) == "3.00"
    assert f.interval(math.nan, 1.0) == ""


def test_units_follow_the_largest_value() -> None:
    assert f.engineering(pd.Series([3.0e9, 4.2e12, 1e17]), "multiply-adds") == (1e12, "10¹² multiply-adds")
    assert f.engineering(pd.Series([999.0]), "s") == (1.0, "s")
    assert f.engineering(pd.Series([math.nan]), "s") == (1.0, "s")


def test_greek_and_superscripts_in_latex() -> None:
    assert f.latex("10¹² × λ_max ± 5 %") == r"10$^{12}$ $\times$ $\lambda$\_max $\pm$ 5 \%"


@given(st.text(alphabet=st.sampled_from(list("ab\\&%$#_{}~^<>|±λ²"))))
def test_latex_is_balanced_and_escaped(text: str) -> None:
    written = f.latex(text)
    bare = re.sub(r"\\[&%$#_{}]", "", written)
    assert bare.count("{") == bare.count("}")
    assert bare.count("$") % 2 == 0
    assert not re.search(r"[&%#~<>|]", bare)
    assert not re.search(r"(?<!\$)[\^_]", bare)
