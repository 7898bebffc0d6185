"""How a number is written for people, and how text is escaped for LaTeX. A missing value is the empty string."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

import pandas as pd

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "±": r"$\pm$",
    "×": r"$\times$",
    "÷": r"$\div$",
    "−": r"$-$",
    "–": "--",
    "α": r"$\alpha$",
    "β": r"$\beta$",
    "λ": r"$\lambda$",
    "χ": r"$\chi$",
    "κ": r"$\kappa$",
    "…": r"\ldots{}",
}


def fixed(value: float | None, places: int = 2) -> str:
    """``value`` with so many decimals, thousands separated, a true minus sign."""
    return "" if pd.isna(value) else f"{value:,.{places}f}".replace("-", "−")


def significant(value: float | None, digits: int = 3) -> str:
    """``value`` to so many significant digits; whole numbers keep all of theirs: 1234 is ``1,234``."""
    if pd.isna(value):
        return ""
    if value == 0:
        return "0"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    magnitude = math.floor(math.log10(abs(value)))
    if magnitude < -4:
        return f"{value:.{digits}g}".replace("-", "−")
    return fixed(value, max(0, digits - 1 - magnitude))


def count(value: float | None) -> str:
    """A count, or a mean of counts: one decimal only where it is not whole."""
    return "" if pd.isna(value) else fixed(value, 0 if float(value).is_integer() else 1)


def percent(fraction: float | None, places: int = 1) -> str:
    """A fraction of 1 as a percentage, without the sign: the header carries it."""
    return "" if pd.isna(fraction) else fixed(100 * fraction, places)


def plus_minus(mean: float | None, sd: float | None, places: int = 2) -> str:
    """``mean ± sd``; the mean alone where one value gives no deviation."""
    return fixed(mean, places) if pd.isna(sd) else f"{fixed(mean, places)} ± {fixed(sd, places)}"


def interval(low: float | None, high: float | None, places: int = 2) -> str:
    """``[low, high]``."""
    return "" if pd.isna(low) or pd.isna(high) else f"[{fixed(low, places)}, {fixed(high, places)}]"


def listed(values: Iterable[float], places: int = 2) -> str:
    """Every value, in the order given."""
    return ", ".join(fixed(value, places) for value in values)


def engineering(values: pd.Series, unit: str) -> tuple[float, str]:
    """The power of a thousand that suits the median of ``values``, and the unit with it: (1e12, "10¹² s")."""
    typical = values.abs().median()
    for divisor, text in ((1e18, "10¹⁸"), (1e15, "10¹⁵"), (1e12, "10¹²"), (1e9, "10⁹"), (1e6, "10⁶"), (1e3, "10³")):
        if typical >= divisor:
            return divisor, f"{text} {unit}"
    return 1.0, unit


def latex(text: object) -> str:
    """``text`` with everything escaped that LaTeX would read, and Greek letters and signs in mathematics."""
    escaped = "".join(_LATEX.get(character, character) for character in str(text))
    return re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda m: f"$^{{{m.group().translate(_SUPERSCRIPTS)}}}$", escaped)
