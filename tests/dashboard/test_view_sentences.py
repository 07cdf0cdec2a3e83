"""The Sentences view without a browser: the columns of a person's own in its table."""

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.samples import FINISHED
from dashboard.views import sentences as view
from probing import load_run
from probing.record import Run

pytestmark = pytest.mark.usefixtures("fresh")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """The sample's run with two columns more, one of them called like one of ours."""
    found = load_run(FINISHED)
    rows = found.sentences.rows
    beside = {"text": tuple(f"other {row}" for row in rows), "b": ("",) * len(rows)}
    found = replace(found, sentences=replace(found.sentences, beside=beside))
    monkeypatch.setattr(view, "run_or_reason", lambda chosen: found)
    return found


def _sentences() -> None:
    from dashboard import selection
    from dashboard.views import sentences

    sentences.show(selection.current())


def opened() -> AppTest:
    page = AppTest.from_function(_sentences, default_timeout=60)
    page.run()
    assert not page.exception
    return page


def test_columns_of_ones_own_are_shown_where_they_are_chosen(run: Run) -> None:
    page = opened()
    chooser = page.multiselect(key="columns")
    assert chooser.options == ["text", "b"]
    table = page.dataframe[0].value
    assert [name for name in table if str(name).startswith("column:")] == []
    chooser.set_value([0]).run()
    assert page.query_params["columns"] in ("0", ["0"]), "its place: names may be hidden"
    page.text_input(key="search").set_value("#17").run()
    assert not page.exception
    table = page.dataframe[0].value
    assert table["column:text"].tolist() == ["other 17"]
    assert table["text"].tolist() == [run.sentences.texts[run.sentences.rows.index(17)]]


def test_without_columns_there_is_nothing_to_choose(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = replace(run, sentences=replace(run.sentences, beside={}))
    monkeypatch.setattr(view, "run_or_reason", lambda chosen: bare)
    assert [one.key for one in opened().multiselect] == ["labels"]
