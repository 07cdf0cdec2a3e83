"""The Data view without a browser: what it finds, and what becomes of labels."""

import csv
import re
from io import StringIO
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.words import plain
from probing.language import choose_by

pytestmark = pytest.mark.usefixtures("fresh")


def _data(content: str) -> None:
    import streamlit as st

    from dashboard import draft, selection
    from dashboard.views import data
    from dashboard.words import said
    from probing.errors import ProbingError

    st.session_state.setdefault("source", "upload")
    selection.keep_upload("given.csv", content.encode())
    chosen = selection.current()
    try:
        data.show(chosen)
    except ProbingError as error:
        st.error(said(error))
        return
    found = draft.current(chosen)
    st.session_state["next_run"] = None if found is None else found.sentences


def opened(rows: list[tuple[str, ...]]) -> AppTest:
    file = StringIO()
    csv.writer(file).writerows(rows)
    page = AppTest.from_function(_data, default_timeout=60, args=(file.getvalue(),)).run()
    assert not page.exception
    return page


def next_run(page: AppTest) -> Any:
    """The sentences that a run would have."""
    return page.session_state["next_run"]


def words(page: AppTest) -> str:
    return "\n".join(str(e.value) for e in [*page.markdown, *page.caption, *page.error])


@pytest.mark.parametrize(
    ("rows", "chinese"),
    [
        ([("text", "label")], "given.csv 的表头（text, label）之下没有任何行。"),
        ([("text", "label"), *[(f"no {i}", "xX"[i % 2]) for i in range(9)]], "'X' / 'x'"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_in_chinese(
    rows: list[tuple[str, ...]], chinese: str
) -> None:
    choose_by(lambda: "zh")
    try:
        said = words(opened(rows)).replace("\\", "")
    finally:
        choose_by(lambda: "en")
    assert chinese in said
    assert not re.search("[a-z]+ [a-z]+ [a-z]+", said)


def opened_by_click(page: AppTest) -> list[Any]:
    """The expanders, but for the way to the hub."""
    return [e for e in page.expander if "Hugging Face" not in e.label]


def findings(page: AppTest) -> list[str]:
    return [e.label for e in opened_by_click(page)]


def rows(*labels: str, times: int = 8) -> list[tuple[str, ...]]:
    """``times`` sentences of each label."""
    texts = [
        (f"sentence {i} of {j}", label) for j, label in enumerate(labels) for i in range(times)
    ]
    return [("text", "label"), *texts]


CLEAN = rows("food", "travel", "hotel")
EDITOR = "Rename, merge or leave out labels"


def test_of_a_clean_file_there_is_nothing_to_mend() -> None:
    page = opened(CLEAN)
    assert findings(page) == [EDITOR]
    assert "Nothing to mend" in words(page)
    assert "**24** sentences · **3** classes · **0** rows left out" in words(page)
    assert len(page.get("download_button")) == 3


def test_findings_have_a_table_each() -> None:
    messy = [
        *CLEAN,
        ("SENTENCE 1  of 0", "travel"),
        ("sentence 2 of 0", "food"),
        ("", "food"),
        ("no label", ""),
        ("one of its kind", "alone"),
        ("w " * 700, "food"),
    ]
    page = opened(messy)
    assert findings(page) == [
        EDITOR,
        "Rows left out: 2",
        "Same text, different labels: 1 text",
        "Copies: 2 sentences repeat an earlier one",
        "Longer than the encoder reads: about 1 sentence",
        "A single text: 1 class",
    ]
    left_out, conflicts = (e.dataframe[0].value for e in opened_by_click(page)[1:3])
    assert left_out["Line"].tolist() == [28, 29]
    assert left_out["Reason"].tolist() == ["blank text", "missing label"]
    assert conflicts["Labels"].tolist() == ["food, travel"]
    assert conflicts["Rows"].tolist() == ["1, 24"]
    assert r"all\-MiniLM\-L6\-v2 reads 512 word pieces" in words(page)


def test_a_split_with_copies_on_both_sides_is_told() -> None:
    given = [("text", "label", "split")]
    given += [(f"s {i}", "ab"[i % 2], "train" if i < 10 else "test") for i in range(16)]
    page = opened([*given, ("s 1", "b", "test")])
    assert "In more than one split: 1 text" in findings(page)


def test_spellings_are_merged_by_a_click_and_taken_apart_by_another() -> None:
    page = opened(rows("food", "food ", "Food", "travel"))
    assert "Spelt in several ways: 1 label" in findings(page)
    page.button(key="merge_labels").click().run()
    assert dict(next_run(page).class_counts) == {"food": 24, "travel": 8}
    assert next_run(page).source.relabelled == (("Food", "food"), ("food ", "food"))
    assert "2 labels renamed (Food → food, food␣ → food)" in words(page)
    assert findings(page) == [EDITOR]
    page.button(key="reset_labels").click().run()
    assert len(next_run(page).classes) == 4


def test_what_becomes_of_labels_belongs_to_the_column() -> None:
    given = [("text", "label", "mood")]
    given += [(f"s {i}", ("food", "food ", "x")[i % 3], "ab"[i % 2]) for i in range(30)]
    page = opened(given)
    assert "Several columns could be the label: **label**, **mood**" in words(page)
    page.button(key="merge_labels").click().run()
    label = next(box for box in page.selectbox if box.label == "Label")
    label.select("mood").run()
    assert next_run(page).source.relabelled == ()
    label = next(box for box in page.selectbox if box.label == "Label")
    label.select("label").run()
    assert next_run(page).source.relabelled == (("food ", "food"),)


def test_labels_that_no_run_could_use_can_still_be_edited() -> None:
    page = opened(rows("food", "Food"))
    page.button(key="merge_labels").click().run()
    assert "nothing to tell apart" in words(page)
    assert EDITOR in findings(page)
    page.button(key="reset_labels").click().run()
    assert len(next_run(page).classes) == 2


def test_numbers_have_no_editor_of_labels() -> None:
    given = [("text", "rating"), *((f"s {i}", f"{i % 30 / 4}") for i in range(60))]
    page = opened(given)
    assert EDITOR not in findings(page)
    assert "**30** different numbers" in words(page)


def test_a_label_cannot_write_on_the_page() -> None:
    page = opened(rows("![x](https://example.org/x.png)", "![X](https://example.org/x.png)", "y"))
    page.button(key="merge_labels").click().run()
    assert "![" not in words(page)


def test_other_columns_are_named_shown_and_kept() -> None:
    evil = "![](https://example.org/x.png) $x$ **b**"
    given = [("text", "label", "source", evil)]
    given += [(*row, f"place {i}", "x" * 201) for i, row in enumerate(rows("a", "b")[1:])]
    page = opened(given)
    assert "2 other columns are kept" in words(page)
    assert "**source**" in words(page)
    assert plain(evil) in words(page)
    assert plain("Columns with longer ones: 1.") in words(page)
    table = page.dataframe[-1].value
    assert table["column:source"].tolist()[:3] == ["place 0", "place 1", "place 2"]
    found = next_run(page)
    assert found.beside["source"] == tuple(f"place {row}" for row in found.rows)
    assert "other columns" not in words(opened(rows("a", "b")))
