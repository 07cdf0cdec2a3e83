"""A data set of the hub in place of an upload: the logic of its panel."""

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import asking
from dashboard.panels import hub_data as panel
from probing.errors import DataError
from probing.hub_data import Fetched, HubFile

SMALL, LARGE = HubFile("a.csv", 900, "main"), HubFile("b.csv", 10**9, "main")


class Hub:
    """What the panel asks, answered at once."""

    def __init__(self) -> None:
        self.files: tuple[HubFile, ...] = (SMALL, LARGE)
        self.trouble: str | None = None
        self.asked: list[tuple[Any, ...]] = []

    def list_files(self, repo: str, *, private: bool) -> tuple[HubFile, ...]:
        self.asked.append((repo, private))
        if self.trouble is not None:
            raise DataError(self.trouble)
        return self.files

    def fetch(self, repo: str, file: HubFile, limits: Any, *, private: bool) -> Fetched:
        self.asked.append((repo, file, private))
        return Fetched(f"set-{file.path}", b"text,label\na b,c\n", ("tokens",))


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Hub:
    made = Hub()
    monkeypatch.setattr(panel, "list_files", made.list_files)
    monkeypatch.setattr(panel, "fetch", made.fetch)
    monkeypatch.setattr(asking, "questions", asking.Questions())
    return made


def _page() -> None:
    import streamlit as st

    from dashboard import selection
    from dashboard.panels import hub_data

    if st.checkbox("the widget holds a file", key="holds"):
        selection.keep_upload("own.csv", b"mine")
    hub_data.show()
    kept = selection.upload()
    st.text(kept.name if kept else "nothing")


def opened() -> AppTest:
    page = AppTest.from_function(_page, default_timeout=30).run()
    assert not page.exception
    return page


def test_nothing_is_asked_before_an_id_is_given(hub: Hub) -> None:
    page = opened()
    assert not page.selectbox
    page.text_input(key="hub_set").set_value("not an id").run()
    assert "is not the id of a data set" in page.info[0].value
    assert hub.asked == []


def test_a_file_is_taken_in_place_of_an_upload(hub: Hub) -> None:
    page = opened()
    page.checkbox(key="holds").check().run()
    assert page.text[0].value == "own.csv"
    page.checkbox(key="holds").uncheck().run()
    page.text_input(key="hub_set").set_value("owner/set").run()
    assert page.caption[0].value == "1 file is larger than this server takes."
    assert page.selectbox[0].options == ["a.csv · 0.9 kB"]
    page.button(key="hub_take").click().run()
    assert not page.exception
    assert page.text[0].value == "set-a.csv"
    assert hub.asked == [("owner/set", True), ("owner/set", SMALL, True)]
    assert [toast.value for toast in page.toast] == [
        "Left out, as lists and structures are not read: tokens"
    ]


def test_only_large_files_are_refused_with_the_reason(hub: Hub) -> None:
    hub.files = (LARGE,)
    page = opened()
    page.text_input(key="hub_set").set_value("owner/set").run()
    assert "954 MB, and 50 MB are downloaded" in page.info[0].value
    assert not page.button


def test_what_the_hub_refuses_is_said(hub: Hub) -> None:
    hub.trouble = "The hub can't be reached from here. *Check*"
    page = opened()
    page.text_input(key="hub_set").set_value("owner/set").run()
    assert r"\*Check\*" in page.info[0].value


def test_a_public_server_asks_nothing_unless_it_may(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROBING_PUBLIC", "1")
    assert not opened().text_input
    monkeypatch.setenv("PROBING_HUB_DATA", "1")
    page = opened()
    page.text_input(key="hub_set").set_value("owner/set").run()
    assert hub.asked == [("owner/set", False)], "without the operator's login"


def test_the_file_in_the_widget_does_not_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    import streamlit as st

    from dashboard import selection

    class File:
        file_id = "1"

    state: dict[str, Any] = {"file": File()}
    monkeypatch.setattr(st, "session_state", state)
    selection.keep_upload("own.csv", b"mine")
    selection.keep_fetched("set.csv", b"theirs")
    assert selection.keep_upload("own.csv", b"mine").name == "set.csv"
    File.file_id = "2"
    assert selection.keep_upload("new.csv", b"new").name == "new.csv"
    selection.keep_fetched("set.csv", b"theirs")
    del state["file"]
    assert selection.keep_upload("other.csv", b"other").name == "other.csv"
