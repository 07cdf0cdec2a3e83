"""What other people's browsers get of a run: the pages, searched for what must not be there."""

import io
import json
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import streamlit as st
from pyarrow import parquet
from streamlit.testing.v1 import AppTest

from dashboard import selection
from dashboard.library import Library, library
from dashboard.samples import FINISHED
from dashboard.visitors import new_id
from probing import store
from probing.mechanism import shelf
from probing.mechanism.values import Gradients, Inside, Missing, Row, RowLedger, Sample
from tests.dashboard import asked
from tests.dashboard.asked import sent

ANNE, BERT = new_id(), new_id()
RUN, OTHER = "a" * 32, "b" * 32
LISTS = ("hardest", "suspects", "against", "all")
VIEWS = ("start", "data", "map", "sentences", "inside", "compare", "report", "runs")
BARE = ("start", "map", "compare", "report", "runs")
"""Views whose page holds no sentence for the maker either: the map fetches them."""

Browse = Callable[..., AppTest]


pytestmark = pytest.mark.usefixtures("public")


@pytest.fixture
def runs(public: None) -> Library:
    """Anne's run is stored: the sample's with other sentences, and figures that name a word."""
    folder = library().folder(RUN)
    shutil.copytree(FINISHED, folder)
    store.write_json({**store.read_record(folder), "id": RUN}, folder / store.RUN)
    sentences = store.load_sentences(folder / "sentences.parquet")
    texts = tuple(f"Quokka {text}" for text in sentences.texts)
    own = {"Quokka column": tuple(f"Quokka {i % 3}" for i in range(len(texts)))}
    store.save_sentences(replace(sentences, texts=texts, beside=own), folder / "sentences.parquet")
    row = Row("zebraish", 0.5, 2)
    ledger = RowLedger("cls", True, row, 1, 5, (row,))
    none = Missing("Not measured here.")
    shelf.save(folder, Inside(Sample((0,), 448), none, none, Gradients((0.1,), (), (ledger,),
                              0.0, 0.0, 3)))  # fmt: skip
    library().claim(RUN, ANNE)
    return library()


@pytest.fixture
def browse(monkeypatch: pytest.MonkeyPatch) -> Browse:
    """A view as one visitor's browser gets it."""

    def opened(visitor: str, view: str = "layers", run: str = "", **chosen: Any) -> AppTest:
        monkeypatch.setattr(selection, "visitor", lambda: visitor)
        query = {**({"run": run} if run else {}), **{k: str(v) for k, v in chosen.items()}}
        return asked.opened("" if view == "start" else view, **query)

    return opened


def openings(runs: Library) -> set[bytes]:
    """How the run's sentences begin: enough of each to know it by, as charts hold it too."""
    texts = store.load_run(runs.folder(RUN)).sentences.texts
    plain = {text[:31] for text in texts if text[:31].replace(" ", "").isalpha()}
    return {text.encode() for text in plain}


def words(page: AppTest) -> str:
    elements = [*page.markdown, *page.caption, *page.info, *page.warning, *page.error]
    return "\n".join(str(element.value) for element in elements)


def leaks(runs: Library, browse: Browse, visitor: str) -> set[bytes]:
    """What of the sentences, and of the word in the figures of the inside, is in any view."""
    wanted, found = {*openings(runs), b"zebraish", b"Quokka"}, set()
    pages: list[tuple[str, dict[str, Any]]] = [(view, {}) for view in VIEWS]
    pages += [("layers", {"sentences": which}) for which in LISTS]
    pages += [("layers", {"evidence": panel}) for panel in ("Table",)]
    pages += [("map", {"dimensions": 3}), ("map", {"pooling": "mean", "layer": 2})]
    for view, chosen in pages:
        content = sent(browse(visitor, view, run=RUN, **chosen))
        here = {text for text in wanted if text in content}
        assert bool(here) == (visitor == ANNE) or view in BARE, (view, chosen)
        found |= here
    return found


def test_without_the_sentences_none_of_them_leaves_the_server(
    runs: Library, browse: Browse
) -> None:
    runs.change(RUN, ANNE, shared=True, without_texts=True)
    assert len(leaks(runs, browse, ANNE)) > 100, "else this test could not fail"
    # in the same process, after the maker: nothing of theirs comes out of a cache
    assert leaks(runs, browse, BERT) == set()
    page = browse(BERT, run=RUN)
    assert "figures only" in words(page)
    assert len(page.get("plotly_chart")) >= 2
    assert b"sentence 17" in sent(browse(BERT, "layers", run=RUN, sentences="all"))


def test_shared_with_the_sentences_they_are_there(runs: Library, browse: Browse) -> None:
    runs.change(RUN, ANNE, shared=True, title="For *you*", description="Look at layer 3")
    assert any(text in sent(browse(BERT, "sentences", run=RUN)) for text in openings(runs))
    page = browse(BERT, run=RUN)
    assert "Look at layer 3" in words(page)
    assert any(header.value == "For \\*you\\*" for header in page.title)


def test_a_foreign_a_deleted_and_an_unknown_run_say_the_same(runs: Library, browse: Browse) -> None:
    gone = library().folder(OTHER)
    shutil.copytree(FINISHED, gone)
    runs.claim(OTHER, ANNE)
    runs.delete(OTHER, ANNE)
    for view in ("layers", "inside", "data"):
        pages = [sent(browse(BERT, view, run=run)) for run in (RUN, OTHER, "c" * 32)]
        same = {
            page.replace(run.encode(), b"*" * 32)
            for page, run in zip(pages, (RUN, OTHER, "c" * 32), strict=True)
        }
        assert len(same) == 1, view
    assert "There is no run under this link" in words(browse(BERT, "layers", run=RUN))


def test_a_computing_run_of_somebody_else_is_not_there_either(
    runs: Library, browse: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dashboard.jobs import Jobs, Status

    runs.claim(OTHER, ANNE)
    running = {OTHER: Status("running", "probe", 1, 2)}
    monkeypatch.setattr(Jobs, "status", lambda self, job: running.get(job))
    mine = browse(ANNE, run=OTHER)
    assert "Your run" in [header.value for header in mine.title]
    assert f"cancel:{OTHER}" in [button.key for button in mine.button]
    theirs = browse(BERT, run=OTHER)
    assert "There is no run under this link" in words(theirs)
    runs.change(OTHER, ANNE, shared=True)
    shared = browse(BERT, run=OTHER)
    assert "Your run" in [header.value for header in shared.title]
    assert f"cancel:{OTHER}" not in [button.key for button in shared.button]


def test_who_only_looks_starts_no_computation(
    runs: Library, browse: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dashboard.jobs import Jobs

    started = []
    monkeypatch.setattr(Jobs, "_add", lambda self, job: started.append(job.order["kind"]))
    monkeypatch.setattr(Jobs, "expect_maps", lambda self, *_: started.append("expected"))
    runs.change(RUN, ANNE, shared=True)
    folder = runs.folder(RUN)
    (folder / "mechanism" / "inside.json").unlink()
    record = store.read_record(folder)
    store.write_json({**record, "projections": []}, folder / store.RUN)
    for view in ("layers", "map", "inside"):
        browse(BERT, view, run=RUN)
    assert started == []
    assert b"This map has not been drawn" in sent(browse(BERT, "map", run=RUN))
    browse(ANNE, "inside", run=RUN)
    assert "inside" in started, "else this test could not fail"


# ---- one's own runs


def test_a_list_of_ones_own(runs: Library, browse: Browse) -> None:
    mine = browse(ANNE, "runs")
    assert "448 sentences of reviews\\.csv" in words(mine)
    assert "yours alone" in words(mine)
    assert f"open:{RUN}" in [button.key for button in mine.button]
    theirs = browse(BERT, "runs")
    assert RUN.encode() not in sent(theirs)
    assert "No run yet" in words(theirs)


def managed(browse: Browse) -> AppTest:
    page = browse(ANNE, "runs")
    page.button(key=f"manage:{RUN}").click().run()
    assert not page.exception
    return page


def test_a_run_is_named_shared_and_kept(runs: Library, browse: Browse) -> None:
    page = managed(browse)
    page.text_input(key=f"title:{RUN}").set_value("My reviews")
    page.text_area(key=f"description:{RUN}").set_value("Which layer knows")
    next(b for b in page.button if b.label == "Save").click().run()
    page.toggle(key=f"shared:{RUN}").set_value(True).run()
    page.toggle(key=f"without_texts:{RUN}").set_value(True).run()
    assert not page.exception
    entry = runs.entry(RUN)
    assert entry is not None
    assert (entry.title, entry.description) == ("My reviews", "Which layer knows")
    assert entry.shared
    assert entry.without_texts
    assert any(f"layers?run={RUN}" in str(code.value) for code in page.code)
    assert "without sentences for others" in words(page)


def test_downloads_are_made_when_asked_for(
    runs: Library, browse: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered: dict[str, Callable[[], bytes]] = {}
    monkeypatch.setattr(
        st, "download_button", lambda title, data, **_: offered.update({title: data})
    )
    managed(browse)
    held = {}
    for title, make in offered.items():
        data = make()
        assert isinstance(data, bytes), "Streamlit takes no temporary file"
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            held[title] = archive.read("sentences.parquet")
    texts = {
        title: parquet.read_table(io.BytesIO(data))["text"][0].as_py()
        for title, data in held.items()
    }
    assert texts["Export"].startswith("Quokka")
    assert texts["Export without the sentences"] == "sentence 0"


def test_delete_now_in_the_list(runs: Library, browse: Browse) -> None:
    browse(ANNE, run=RUN)  # its files are mapped and its charts cached
    page = managed(browse)
    page.button(key=f"delete:{RUN}").click().run()
    assert not page.exception
    assert not runs.folder(RUN).exists()
    assert "No run yet" in words(page)
    assert "There is no run under this link" in words(browse(ANNE, run=RUN))


def test_an_import_is_ones_own_and_nobody_elses(runs: Library, browse: Browse) -> None:
    from probing import archive

    with archive.export(runs.folder(RUN)) as file:
        data = file.read()
    page = browse(BERT, "runs")
    page.file_uploader(key="archive").set_value(("run.zip", data, "application/zip")).run()
    page.button(key="import").click().run()
    assert not page.exception
    found = runs.of(BERT)
    assert len(found) == 1
    assert found[0].id != RUN
    assert runs.rights(found[0].id, ANNE) is None
    page = browse(BERT, "runs")
    page.file_uploader(key="archive").set_value(("run.zip", b"none", "application/zip")).run()
    page.button(key="import").click().run()
    assert "damaged, or no zip file" in words(page)
    assert len(runs.of(BERT)) == 1


def test_a_private_installation_opens_every_link(
    runs: Library, browse: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PROBING_PUBLIC")
    assert any(text in sent(browse(BERT, "sentences", run=RUN)) for text in openings(runs))
    assert json.loads((runs.folder(RUN) / "run.json").read_text())["id"] == RUN
