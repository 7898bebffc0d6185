"""Text that steers a program is made visible, and nothing else is touched."""

from __future__ import annotations

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from reports.neutral import neutral, neutral_value, visible


@given(st.text(st.characters(categories=("L", "N", "P", "S", "Zs"))))
def test_plain_text_stays(text: str) -> None:
    assert visible(text) == text


def test_escape_and_direction_marks_are_replaced_in_place() -> None:
    assert visible("a\x1b[31mb\u202ec\nd") == "a\ufffd[31mb\ufffdc\nd"
    assert neutral_value({"k\x07": ["\x1b", 3, {"n": "\x9b"}]}) == {"k\ufffd": ["\ufffd", 3, {"n": "\ufffd"}]}


def test_a_frames_types_and_missing_values_stay() -> None:
    frame = pd.DataFrame({"text": ["a\x1b", None], "none": [None, None], "number": [1.0, None]})
    frame = frame.astype({"text": "str", "none": "str"})
    made = neutral(frame)
    assert made.dtypes.equals(frame.dtypes)
    assert made["text"].tolist()[0] == "a\ufffd" and made.isna().equals(frame.isna())
    assert neutral(frame[["none", "number"]]).equals(frame[["none", "number"]])
