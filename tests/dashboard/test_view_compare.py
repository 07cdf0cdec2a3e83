"""The view that compares runs, without a browser: choice, words, rights."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow
import pytest
from pyarrow import parquet
from streamlit.testing.v1 import AppTest

from dashboard import selection
from dashboard.library import Library, library
from dashboard.samples import FINISHED
from dashboard.visitors import new_id
from probing import store
from tests.dashboard import asked
from tests.dashboard.asked import sent

ANNE, BERT = new_id(), new_id()
ONE, TWO = "a" * 32, "b" * 32
Browse = Callable[..., AppTest]


pytestmark = pytest.mark.usefixtures("public")


def stored(run: str, visitor: str, encoder: str, *, worse: bool = False) -> None:
    """The sample's run under another encoder's name; with ``worse``, wrong wherever it can be."""
    folder = library().folder(run)
    shutil.copytree(FINISHED, folder)
    record = store.read_record(folder)
    record = {**record, "id": run, "encoder": {**record["encoder"], "id": encoder}}
    store.write_json(record, folder / store.RUN)
    if worse:
        path = folder / "predictions.parquet"
        table = parquet.read_table(path)
        for k, name in enumerate(table.column_names):
            if name.startswith(("cls_", "pooled_", "mean_")):
                values = np.array(table[name].to_pylist(), dtype=object)
                values[::2] = "gear"
                kind = table.schema.field(name).type
                table = table.set_column(k, name, pyarrow.array(values.tolist()).cast(kind))
        parquet.write_table(table, path)
    library().claim(run, visitor)


@pytest.fixture
def runs(public: None) -> Library:
    """Two runs of Anne's: the second is worse."""
    stored(ONE, ANNE, "maker/first")
    stored(TWO, ANNE, "maker/second", worse=True)
    return library()


@pytest.fixture
def browse(monkeypatch: pytest.MonkeyPatch) -> Browse:
    """The view as one visitor's browser gets it."""

    def opened(
        visitor: str, run: str | None = None, beside: str | None = None, **chosen: Any
    ) -> AppTest:
        monkeypatch.setattr(selection, "visitor", lambda: visitor)
        query = {"run": run, "with": beside} | chosen
        return asked.opened("compare", **{k: v for k, v in query.items() if v is not None})

    return opened


def words(page: AppTest) -> str:
    elements = [*page.markdown, *page.caption, *page.info, *page.warning, *page.error]
    return "\n".join(str(element.value) for element in elements).replace("\\", "")


def beside(page: AppTest) -> str:
    """What the address says."""
    found = page.query_params["with"]
    return found if isinstance(found, str) else found[0]


def charts(page: AppTest) -> list[str]:
    return [chart.proto.id for chart in page.get("plotly_chart")]


def test_a_planted_difference_is_named_and_shown(runs: Library, browse: Browse) -> None:
    page = browse(ANNE, ONE, TWO)
    said = words(page)
    assert "448 different sentences shared" in said
    assert "first is ahead by" in said
    assert "second is ahead" not in said
    assert len(charts(page)) == 4, "scores by layer, differences by layer, and a map of each"
    table = next(f.value for f in page.dataframe if "predicted_a" in f.value)
    assert (table["predicted_a"] == table["label"]).all()
    assert (table["predicted_b"] != table["label"]).all()
    settings = next(f.value for f in page.dataframe if "Setting" in f.value)
    assert settings["Setting"].tolist() == ["Encoder"]
    assert settings.iloc[0].tolist()[1:] == ["maker/first", "maker/second"]


def test_the_run_with_the_same_sentences_is_there_at_once(runs: Library, browse: Browse) -> None:
    page = browse(ANNE, ONE)
    assert page.multiselect[0].value == [TWO]
    assert "448 different sentences shared" in words(page)


def test_the_choice_lives_in_the_address(runs: Library, browse: Browse) -> None:
    page = browse(ANNE, ONE, "sample")
    assert page.multiselect[0].value == ["sample"]
    page.multiselect[0].set_value(["sample", TWO]).run()
    assert not page.exception
    assert beside(page) == f"sample,{TWO}"
    assert "must be 2 times smaller" in words(page)
    page.multiselect[0].set_value([]).run()
    assert beside(page) == "", "none chosen is not the same as nothing chosen yet"
    assert "Choose a run above" in words(page)
    assert charts(page) == []


def test_a_link_is_taken_from_wherever_it_stands(runs: Library, browse: Browse) -> None:
    runs.change(TWO, ANNE, shared=True)
    stored("c" * 32, BERT, "maker/third")
    page = browse(BERT, "c" * 32, "")
    page.text_input(key="compare_link").set_value(f"https://x.org/layers?run={TWO}&layer=3").run()
    assert not page.exception
    assert beside(page) == TWO
    assert "third is ahead by" in words(page)
    page.text_input(key="compare_link").set_value("layers?run=none").run()
    assert "That is no link of a run" in words(page)
    assert beside(page) == TWO


def test_what_does_not_open_is_said_and_nothing_more(runs: Library, browse: Browse) -> None:
    stored("c" * 32, BERT, "maker/third")
    shown = [words(browse(BERT, "c" * 32, other)) for other in (ONE, "d" * 32)]
    assert shown[0] == shown[1], "a stranger's run and none are the same"
    assert "does not open here" in shown[0]
    assert "first" not in shown[0]
    assert words(browse(BERT, "c" * 32, "../../etc")).count("does not open") == 0


def test_hidden_sentences_are_neither_shown_nor_paired(runs: Library, browse: Browse) -> None:
    folder = runs.folder(ONE)
    sentences = store.load_sentences(folder / "sentences.parquet")
    texts = tuple(f"Quokka {text}" for text in sentences.texts)
    store.save_sentences(replace(sentences, texts=texts), folder / "sentences.parquet")
    assert b"Quokka" in sent(browse(ANNE, ONE, TWO)), "else this test could not fail"
    runs.change(ONE, ANNE, shared=True, without_texts=True)
    stored("c" * 32, BERT, "maker/third")
    for run, other in (("c" * 32, ONE), (ONE, "c" * 32)):
        page = browse(BERT, run, other)
        assert b"Quokka" not in sent(page)
        assert "shared without its sentences" in words(page)
        assert "sentences shared" not in words(page)
        assert not any("predicted_a" in f.value for f in page.dataframe)
    # nor does a choice made for them tell that the sentences are the same
    assert browse(BERT, ONE).multiselect[0].value == []
    assert browse(ANNE, ONE).multiselect[0].value == [TWO], "else this test could not fail"


def test_alone_it_says_what_to_do(browse: Browse) -> None:
    page = browse(ANNE)
    assert "There is one run here" in words(page)
    assert "Make another run" in [button.label for button in page.button]
    assert charts(page) == []


def test_a_hostile_name_stays_a_name(runs: Library, browse: Browse) -> None:
    stored("c" * 32, ANNE, "![](x) $y$ **z**")
    page = browse(ANNE, ONE, "c" * 32)
    raw = "\n".join(str(m.value) for m in page.markdown)
    assert "![](x)" not in raw
    assert "$y$" not in raw
