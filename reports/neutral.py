"""Text from records made harmless: what a terminal, a browser or Markdown would obey becomes visible."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

import pandas as pd

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

_KEPT = "\n\t"
_HIDDEN = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
"""Unicode's categories of controls (escape among them), direction marks, surrogates and separators of lines."""


def visible(text: str) -> str:
    """The text, each character that steers a reader's program instead of being shown replaced by U+FFFD."""
    return "".join(REPLACEMENT if c not in _KEPT and unicodedata.category(c) in _HIDDEN else c for c in text)


def neutral(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with ``visible`` texts; columns without a character to replace stay as they are."""
    changed: dict[str, pd.Series] = {}
    for name in (name for name in frame if pd.api.types.is_string_dtype(frame[name])):
        column = frame[name]
        wanted = {text: visible(text) for text in column.dropna().unique()}
        if any(text != shown for text, shown in wanted.items()):
            changed[str(name)] = column.map(wanted, na_action="ignore").astype(column.dtype)
    return frame.assign(**changed)


def neutral_value(value: object) -> object:
    """A configuration's value, or what JSON held, with ``visible`` texts at any depth."""
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, Mapping):
        return {visible(str(key)): neutral_value(item) for key, item in value.items()}
    return [neutral_value(item) for item in value] if isinstance(value, list | tuple) else value
