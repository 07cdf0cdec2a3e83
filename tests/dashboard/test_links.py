"""What a link holds: choices of all views, in both directions; without a browser."""

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import selection
from dashboard.samples import FINISHED
from dashboard.selection import links
from probing import load_run
from tests.dashboard.asked import opened

BACK = SimpleNamespace(is_history_navigation=True)
"""What Streamlit tells of a page that the browser went back to."""
ONE = "1" * 32
LINKS: dict[str, dict[str, str]] = {
    "layers": {
        "layer": "3",
        "pooling": "mean",
        "score": "cosine",
        "evidence": "geometry",
        "measure": "participation_ratio",
        "sentences": "against",
        "against": "pooled_5",
        "quarter": "neither",
    },
    "map": {
        "layer": "4",
        "method": "pca",
        "beside": "cls",
        "colour": "right",
        "find": "shop",
        "select": "rows~3~5",
    },
    "sentences": {
        "layer": "2",
        "pooling": "mean",
        "search": "the",
        "labels": "0,2",
        "right": "wrong",
        "row": "7",
        "z_neighbours": "yes",
    },
    "inside": {"rollout": "yes", "head": "0", "row": "440"},
    "compare": {
        "run": ONE,
        "with": "sample",
        "pooling": "mean",
        "map_pooling": "pooled",
        "method": "pca",
    },
    "report": {"sections": "cells,settings", "parts": "tables", "bare": "yes"},
}


ELSEWHERE = {"run", "with", "row", "select", "sections", "parts", "z_neighbours"}
"""What no widget shows by that key, or only one of a run with vectors."""

pytestmark = pytest.mark.usefixtures("fresh")


def link(page: AppTest) -> dict[str, str]:
    """The parameters of the page's address."""
    found: dict[str, Any] = dict(page.query_params)
    return {name: v if isinstance(v, str) else v[-1] for name, v in found.items()}


def values(page: AppTest) -> dict[str | None, Any]:
    """What the widgets show, by key."""
    kinds = (page.segmented_control, page.selectbox, page.slider, page.select_slider, page.toggle)
    more = (page.text_input, page.multiselect, page.checkbox)
    return {widget.key: widget.value for kind in (*kinds, *more) for widget in kind}


@pytest.mark.parametrize("view", LINKS)
def test_what_a_link_says_is_shown_and_stays_in_it(view: str, tmp_path: Path) -> None:
    shutil.copytree(FINISHED, tmp_path / "runs" / ONE)
    page = opened(view, **LINKS[view])
    assert link(page) == LINKS[view]
    shown = values(page)
    for name in LINKS[view].keys() & shown.keys():
        kind = type(shown[name])
        asked = LINKS[view][name]
        if kind is bool:
            assert shown[name] is (asked == "yes"), name
        elif kind is list:
            assert [str(option) for option in shown[name]] == asked.split(","), name
        else:
            assert str(shown[name]) == asked, name
    unseen = LINKS[view].keys() - shown.keys()
    assert unseen <= (ELSEWHERE | {"layer"} if view == "map" else ELSEWHERE)


@pytest.mark.parametrize(
    ("view", "name", "title"),
    [
        ("layers", "about", "About this run"),
        ("layers", "contrasts_listed", "All comparisons"),
        ("map", "faithful", "How faithful are these maps?"),
    ],
)
def test_a_part_that_was_opened_is_open_under_the_link(view: str, name: str, title: str) -> None:
    for asked in ({}, {name: "yes"}):
        page = opened(view, **asked)
        (part,) = [each for each in page.expander if each.label == title]
        assert part.proto.expanded is bool(asked)
        assert link(page).get(name) == asked.get(name)


def test_a_followed_sentence_is_the_same_in_each_view() -> None:
    run = load_run(FINISHED)
    rows, texts = run.sentences.rows, run.sentences.texts
    text = texts[rows.index(440)]
    assert text not in texts[:400], "else it would be offered anyway"
    assert text in [t.value for t in opened("sentences", row="440").text]
    assert text in [t.value for t in opened("layers", row="440", sentences="all").text]
    assert text in [box.value for box in opened("inside", row="440").selectbox]


def test_a_cell_leads_to_its_map_with_its_sentences_selected() -> None:
    page = opened("layers", layer="4", pooling="mean")
    table = next(f.value for f in page.dataframe if "information_bits" in f.value)
    found = page.get("page_link")
    queries = [dict(parse_qsl(link.proto.query_string)) for link in found]
    cell = {"layer": "4", "beside": "mean", "colour": "right"}
    assert queries == [cell, cell | {"select": "~".join(["rows", *map(str, table["row"])])}]
    shown = opened("map", **queries[1])
    assert f"{len(table)} sentences selected" in [h.value for h in shown.header]
    listed = next(f.value for f in shown.dataframe if "p_mean_4" in f.value)
    assert set(listed["row"]) == set(table["row"])
    assert (listed["predicted_mean_4"] != listed["label"]).all()


def test_a_link_selects_as_many_rows_as_it_can_hold() -> None:
    text = selection.rows_on_map(range(100_000, 200_000))
    assert 1_490 < len(text) <= 1_500
    assert text.startswith("rows~100000~100001~")
    assert text.split("~")[-1] == str(100_000 + text.count("~") - 1)
    assert selection.rows_on_map([]) == ""


def _text() -> None:
    import streamlit as st

    from dashboard import selection

    row, texts, rows = selection.followed(), ("one", "two", "two"), (3, 5, 9)
    text = texts[rows.index(row)] if row in rows else None
    st.text_input("Sentence", **selection.linked_text("run", text, texts[0], texts, rows))


def test_a_typed_sentence_is_never_in_the_link() -> None:
    page = AppTest.from_function(_text)
    page.query_params["row"] = "9"
    assert page.run().text_input[0].value == "two"
    page.text_input[0].set_value("one").run()
    assert link(page) == {"row": "3"}
    page.text_input[0].set_value("Nobody's business").run()
    assert link(page) == {}
    assert page.text_input[0].value == "Nobody's business"


def _page() -> None:
    import streamlit as st

    from dashboard import selection

    usual = st.session_state.get("usual", 1)
    st.slider("Layer", 0, 9, **selection.linked("layer", usual, range(10)))
    st.multiselect("Labels", range(5), **selection.linked("labels", [], range(5)))
    st.toggle("z", **selection.linked("z", False))
    for name in ("a", "b", "c"):
        st.checkbox(name, **selection.linked_tick("parts", name, name != "b", f"box:{name}"))


def small(**query: str) -> AppTest:
    page = AppTest.from_function(_page)
    page.query_params.update(query)
    page.run()
    assert not page.exception
    return page


def test_choices_go_into_the_link_and_the_usual_out_of_it() -> None:
    page = small()
    assert link(page) == {}
    page.slider[0].set_value(3).run()
    page.multiselect[0].set_value([4, 1]).run()
    page.toggle[0].set_value(True).run()
    page.checkbox[0].uncheck().run()
    assert link(page) == {"layer": "3", "labels": "4,1", "z": "yes", "parts": "a"}
    assert values(small(**link(page))) == values(page)
    page.slider[0].set_value(1).run()
    page.multiselect[0].set_value([]).run()
    page.toggle[0].set_value(False).run()
    page.checkbox[0].check().run()
    assert link(page) == {}


def test_nonsense_in_a_link_is_the_usual() -> None:
    page = small(layer="99", labels="x,4,,4", z="perhaps", parts="z,a")
    assert values(page) == {
        "layer": 1, "labels": [4], "z": False, "box:a": False, "box:b": False, "box:c": True,
    }  # fmt: skip
    assert link(page) == {"labels": "4", "parts": "a,z"}


def test_a_choice_is_not_lost_to_a_browser_that_has_not_heard_of_it() -> None:
    page = small(layer="2")
    page.slider[0].set_value(5).run()
    page.query_params["layer"] = "2"  # as it was when the next thing was done
    page.toggle[0].set_value(True).run()
    assert page.slider[0].value == 5
    assert link(page) == {"layer": "5", "z": "yes"}


def test_back_shows_what_the_link_then_said(monkeypatch: pytest.MonkeyPatch) -> None:
    page = small(layer="2")
    page.slider[0].set_value(5).run()
    page.checkbox[1].check().run()
    monkeypatch.setattr(links, "context", lambda: BACK)
    del page.query_params["parts"]
    page.query_params["layer"] = "2"
    page.run()
    assert (page.slider[0].value, page.checkbox[1].value) == (2, False)
    del page.query_params["layer"]
    page.run()
    assert page.slider[0].value == 1
    assert link(page) == {}


def test_what_was_not_chosen_follows_the_usual() -> None:
    page = small()
    page.session_state["usual"] = 7
    assert page.run().slider[0].value == 7
    page.slider[0].set_value(4).run()
    page.session_state["usual"] = 8
    assert page.run().slider[0].value == 4


def _runs() -> None:
    import streamlit as st

    from dashboard import selection

    st.text(str(selection.current().run))
    st.text(str(selection.followed()))


def test_a_row_means_nothing_for_another_run_and_back_goes_to_the_sample(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page = AppTest.from_function(_runs)
    page.query_params.update(run="a" * 32, row="7")
    assert [t.value for t in page.run().text] == ["a" * 32, "7"]
    page.query_params.clear()
    assert [t.value for t in page.run().text] == ["a" * 32, "7"], "another view"
    page.query_params.clear()
    page.query_params["run"] = "b" * 32
    assert [t.value for t in page.run().text] == ["b" * 32, "None"]
    page.query_params.clear()
    monkeypatch.setattr(links, "context", lambda: BACK)
    assert [t.value for t in page.run().text] == ["None", "None"]
