"""Report: what can be chosen, what the buttons make, what others do not get."""

import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from dashboard.panels import report_files
from dashboard.panels.downloads import megabytes
from dashboard.samples import FINISHED
from probing import load_run, report
from probing.hiding import hide_run
from probing.record import Run
from probing.representations import Representations


@pytest.fixture(autouse=True)
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No cached run of another test, and a store of one's own."""
    monkeypatch.setenv("PROBING_HOME", str(tmp_path))
    st.cache_resource.clear()
    yield
    st.cache_resource.clear()


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[[], bytes]]:
    """What the buttons of a page would make, by the buttons' keys."""
    found: dict[str, Callable[[], bytes]] = {}

    def button(title: str, data: Any, *, key: str, disabled: bool = False, **_: Any) -> None:
        found.pop(key, None)
        if not disabled:
            found[key] = data

    monkeypatch.setattr(st, "download_button", button)
    return found


def _report() -> None:
    from dashboard import selection
    from dashboard.views import report

    report.show(selection.current())


def opened() -> AppTest:
    page = AppTest.from_function(_report, default_timeout=60).run()
    assert not page.exception
    return page


def words(page: AppTest) -> str:
    return "\n".join(str(e.value) for e in [*page.markdown, *page.caption, *page.info, *page.code])


def names(zipped: bytes) -> set[str]:
    with zipfile.ZipFile(io.BytesIO(zipped)) as archive:
        assert archive.testzip() is None
        return set(archive.namelist())


TEXT = "Better coffee than at the place opposite."


def test_nothing_is_made_before_a_button_is_pressed(
    offered: dict[str, Callable[[], bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def made(*_: object) -> str:
        raise AssertionError("a report that nobody asked for")

    monkeypatch.setattr(report, "html", made)
    opened()
    assert offered.keys() == {
        "report:html",
        "report:zip",
        "report:reproduce.py",
        "report:reproduce.ipynb",
    }


def test_the_report_holds_what_is_ticked(offered: dict[str, Callable[[], bytes]]) -> None:
    page = opened()
    before = offered["report:html"]().decode()
    assert "All cells" in before
    assert "Hardest sentences" not in before
    page.checkbox(key="report:section:cells").uncheck()
    page.checkbox(key="report:section:sentences").check()
    page.run()
    after = offered["report:html"]().decode()
    assert "All cells" not in after
    assert "Hardest sentences" in after


def test_without_a_part_there_is_nothing_to_download(
    offered: dict[str, Callable[[], bytes]],
) -> None:
    page = opened()
    for box in page.checkbox:
        box.uncheck()
    page.run()
    assert offered.keys().isdisjoint({"report:html", "report:zip"})
    assert words(page).count("Choose a part") == 2


def test_the_zip_holds_what_is_ticked(offered: dict[str, Callable[[], bytes]]) -> None:
    page = opened()
    page.checkbox(key="report:part:report").uncheck()
    page.checkbox(key="report:part:maps").uncheck()
    page.checkbox(key="report:part:script").check()
    page.run()
    assert names(offered["report:zip"]()) == {
        *("run.json", "probes.csv", "predictions.csv", "predictions.parquet"),
        *("sentences.csv", "sentences.parquet", "reproduce.py", "reproduce.ipynb"),
    }
    assert "About" in words(page)


def test_without_the_sentences_no_file_holds_one(
    offered: dict[str, Callable[[], bytes]],
) -> None:
    page = opened()
    assert TEXT in offered["report:html"]().decode()
    page.toggle(key="bare").set_value(True).run()
    for box in page.checkbox:
        if box.key != "report:part:charts":  # as the report's, but twenty of them
            box.check()
    page.run()
    assert TEXT not in offered["report:html"]().decode()
    packed = offered["report:zip"]()
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        everything = b"".join(archive.read(name) for name in archive.namelist())
    assert TEXT.encode() not in everything
    assert not {name for name in names(packed) if "sentences" in name or "reproduce" in name}


def test_of_a_run_shared_without_sentences_nothing_can_be_made_again(
    offered: dict[str, Callable[[], bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from dashboard.views import report as view

    run = hide_run(load_run(FINISHED))
    monkeypatch.setattr(view, "run_or_reason", lambda chosen: run)
    page = opened()
    assert offered.keys() == {"report:html", "report:zip"}
    assert not page.toggle
    assert "ask whoever made the run" in words(page)
    assert "shared without its sentences" in words(page)
    assert "report:section:sentences" not in {box.key for box in page.checkbox}


def test_what_does_not_fit_into_memory_is_not_handed_out(
    offered: dict[str, Callable[[], bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from dashboard.views import report as view

    run: Run = load_run(FINISHED)
    vectors = {"cls": np.zeros((7, len(run.sentences), 384), dtype=np.float32)}
    whole = replace(run, representations=Representations(vectors))
    monkeypatch.setattr(view, "run_or_reason", lambda chosen: whole)
    monkeypatch.setattr(report_files, "MOST", 9_000_000)
    page = opened()
    assert "report:zip" in offered
    page.checkbox(key="report:part:vectors").check().run()
    assert "report:zip" not in offered
    assert "more than the 9.0 MB" in words(page)


def test_what_it_rests_on_stands_on_the_page() -> None:
    said = words(opened())
    assert "python -m probing run reviews.csv --text text --label category" in said
    assert "revision sha256:53aa" in said
    assert "--to sentence-transformers" in said


@pytest.mark.parametrize(
    ("size", "said"),
    [(1, "1 kB"), (80_400, "80 kB"), (5_420_000, "5.4 MB"), (1_230_000_000, "1.2 GB")],
)
def test_sizes_are_for_people(size: int, said: str) -> None:
    assert megabytes(size) == said
