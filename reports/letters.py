"""How wide a text is, so that it gets the room that it needs."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from matplotlib import get_data_path
from matplotlib.ft2font import FT2Font

_EM = 1000
_EMPTY = 0  # the glyph of a character that the font lacks


def width(text: str, size: float) -> float:
    """The width of ``text`` at a font size, in the size's unit, as DejaVu Sans sets it without kerning.

    DejaVu Sans is the widest font of those that the page names, so none of them needs more.
    """
    return sum(map(_advance, text)) * size / _EM


@cache
def _advance(character: str) -> float:
    """Thousandths of the font size; a whole one where the font lacks the character, as ideographs take."""
    font = _font()
    if font.get_char_index(ord(character)) == _EMPTY:
        return float(_EM)
    return float(font.load_char(ord(character)).linearHoriAdvance) / 65536


@cache
def _font() -> FT2Font:
    font = FT2Font(str(Path(get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")))
    font.set_size(_EM, 72)
    return font
