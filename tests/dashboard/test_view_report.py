"""Report: what can be chosen, what the buttons make, what others do not get."""

import io
import shutil
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from dashboard import orders
from dashboard.jobs import Jobs, jobs
from dashboard.library import Rights
from dashboard.panels import report_files
from dashboard.panels.downloads import megabytes
from dashboard.queue import Job
from dashboard.samples import FINISHED
from dashboard.worker import Worker
from probing import load_run, report
from probing.exports import figure_files, pictures
from probing.hiding import hide_run
from probing.record import Run
from probing.representations import Representations

pytestmark = pytest.mark.usefixtures("fresh")


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


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """What is asked for, by jobs whose workers never start; this machine can draw pictures."""
    asked: list[dict[str, Any]] = []
    monkeypatch.setattr(Jobs, "_manage", lambda self, desk: None)
    monkeypatch.setattr(pictures, "lacking", lambda: "")
    add = Jobs._add

    def noted(self: Jobs, job: Job) -> None:
        asked.append(dict(job.order))
        add(self, job)

    monkeypatch.setattr(Jobs, "_add", noted)
    jobs.cache_clear()
    yield asked
    jobs().close()
    jobs.cache_clear()


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


def framed(page: AppTest) -> list[str]:
    """The addresses of the page's frames."""
    return [element.proto.src for element in page.get("iframe")]


def test_the_preview_is_of_what_is_ticked(offered: dict[str, Callable[[], bytes]]) -> None:
    page = opened()
    assert framed(page) == []
    page.checkbox(key="report:section:evidence").uncheck()
    page.button(key="report:preview").click().run()
    (address,) = framed(page)
    assert address.endswith("/sample/open/verdict.scores.maps.cells.settings")
    page.toggle(key="bare").set_value(True).run()
    assert framed(page) == [], "it was closed"
    page.button(key="report:preview").click().run()
    (address,) = framed(page)
    assert "/sample/hidden/" in address


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


def test_pictures_are_drawn_by_the_worker_and_then_in_the_zip(
    offered: dict[str, Callable[[], bytes]], queue: list[dict[str, Any]]
) -> None:
    page = opened()
    assert queue == []
    page.checkbox(key="report:part:pictures").check().run()
    (order,) = queue
    assert (order["kind"], order["folder"], order["texts"]) == ("pictures", str(FINISHED), True)
    assert "report:zip" not in offered, "they are still being drawn"
    assert "As soon as the charts are drawn" in words(page)
    out = Path(order["out"])
    out.mkdir(parents=True)
    (out / "accuracy.png").write_bytes(b"a picture")
    page.run()
    assert "pictures/accuracy.png" in names(offered["report:zip"]())
    page.toggle(key="bare").set_value(True).run()
    assert queue[1]["texts"] is False
    assert Path(queue[1]["out"]) != out
    assert "report:zip" not in offered


def test_pictures_that_were_cancelled_can_be_asked_for_again(
    offered: dict[str, Callable[[], bytes]], queue: list[dict[str, Any]]
) -> None:
    page = opened()
    page.checkbox(key="report:part:pictures").check().run()
    jobs().cancel(queue[0]["id"])
    page.run()
    assert "Cancelled" in words(page)
    assert len(queue) == 1
    next(b for b in page.button if b.label == "Draw them again").click().run()
    assert len(queue) == 2


@pytest.mark.parametrize("lacks", ["a browser", "the right"])
def test_pictures_are_not_offered_where_they_cannot_be_drawn(
    lacks: str,
    offered: dict[str, Callable[[], bytes]],
    queue: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if lacks == "a browser":
        monkeypatch.setattr(pictures, "lacking", lambda: "SVG and PNG need Chrome")
    else:
        from dashboard.views import report as view

        look = Rights(texts=True, change=False, compute=False)
        monkeypatch.setattr(view, "rights_of", lambda chosen: look)
    page = opened()
    assert "report:part:pictures" not in {box.key for box in page.checkbox}
    assert "needs Chrome or Chromium where this server runs" in words(page)
    assert "report:zip" in offered


# ---- what the worker does


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stored run, and a worker that writes without a browser what it would draw."""

    def write(run: Run, out: Path, formats: Any, *, report: Any) -> None:
        assert formats == ("svg", "png")
        report(0, 1)
        out.mkdir(parents=True)
        (out / "texts").write_text("\n".join(run.sentences.texts))

    monkeypatch.setattr(figure_files, "write_figures", write)
    return Path(shutil.copytree(FINISHED, tmp_path / "runs" / ("a" * 32)))


def drawn(folder: Path, out: Path, *, texts: bool) -> dict[str, Any]:
    order = orders.pictures(folder, out, "anne", texts=texts).order
    return Worker(io.StringIO()).do(dict(order))


def test_the_worker_draws_what_may_be_seen_and_drops_the_older(stored: Path) -> None:
    home = stored / "pictures"
    for half in (".open-1.partial-01ab", ".hidden-2.partial-23cd"):
        (home / half).mkdir(parents=True)
    for out, texts in (("open-1", True), ("hidden-1", False), ("open-2", True)):
        assert drawn(stored, home / out, texts=texts)["state"] == "done"
    assert {path.name for path in home.iterdir()} == {"open-2", "hidden-1"}
    assert TEXT in (home / "open-2" / "texts").read_text()
    assert TEXT not in (home / "hidden-1" / "texts").read_text()


def test_of_a_run_that_is_deleted_meanwhile_nothing_is_left(
    stored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = figure_files.write_figures

    def deleting(run: Run, out: Path, formats: Any, *, report: Any) -> Any:
        shutil.rmtree(stored)
        return write(run, out, formats, report=report)

    monkeypatch.setattr(figure_files, "write_figures", deleting)
    drawn(stored, stored / "pictures" / "open-1", texts=True)
    assert [path for path in stored.rglob("*") if path.is_file()] == []


def test_without_the_sentences_no_file_holds_one(
    offered: dict[str, Callable[[], bytes]],
) -> None:
    page = opened()
    assert TEXT in offered["report:html"]().decode()
    page.toggle(key="bare").set_value(True).run()
    for box in page.checkbox:
        # as the report's, but twenty of them; drawn elsewhere
        if box.key not in ("report:part:charts", "report:part:pictures"):
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
