"""A run's charts as files: pages that need no network, pictures that show what the chart does."""

import io
import os
import socketserver
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image

from probing import load_run
from probing.cli import main
from probing.errors import Cancelled, RunFolderError, SettingsError
from probing.exports import pictures
from probing.exports.figure_files import figures_of, write_figures
from probing.figures import FIGURES
from probing.hiding import hide_run
from probing.record import Run
from tests.test_report import FINISHED, fetched

DRAWN = ("accuracy", "confusion", "umap2_mean_6")


@pytest.fixture(scope="module")
def sample() -> Run:
    return load_run(FINISHED)


def test_a_run_has_its_figures_and_the_flat_maps_of_its_last_layer(sample: Run) -> None:
    found = set(figures_of(sample))
    maps = {f"{method}2_{p}_6" for method in ("pca", "umap") for p in ("cls", "pooled", "mean")}
    assert maps <= found
    assert found - maps == set(FIGURES) - {"map"}
    assert "rows" not in figures_of(hide_run(sample)), "they name words"


def test_a_page_loads_plotly_beside_it_and_nothing_else(sample: Run, tmp_path: Path) -> None:
    files = write_figures(sample, tmp_path / "out", ["html"], names=DRAWN)
    assert [path.name for path in files] == sorted(
        [*(f"{name}.html" for name in DRAWN), "plotly.min.js"]
    )
    assert files[-2].stat().st_size > 4_000_000
    for name in DRAWN:
        html = (tmp_path / "out" / f"{name}.html").read_text("utf-8")
        assert fetched(html) == ["plotly.min.js"]
        assert html.count("<button") == 2
        assert f'data-name="{name}"' in html
    assert "trustworthiness" in html


def test_nothing_is_left_of_what_was_cancelled(sample: Run, tmp_path: Path) -> None:
    heard = []

    def report(done: int, total: int) -> None:
        heard.append((done, total))
        if done == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        write_figures(sample, tmp_path / "out", ["html"], names=DRAWN, report=report)
    assert heard == [(0, 3), (1, 3), (2, 3)]
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_there_is_said(sample: Run, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no format 'pdf'; the formats are html, svg, png"):
        write_figures(sample, tmp_path / "out", ["svg", "pdf"])
    with pytest.raises(SettingsError, match="without a format; the formats are html"):
        write_figures(sample, tmp_path / "out", [])
    with pytest.raises(SettingsError, match="no figure 'pie'; its figures are accuracy, arrival"):
        write_figures(sample, tmp_path / "out", names=["pie"])
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(RunFolderError, match="not empty"):
        write_figures(sample, tmp_path, ["html"], names=DRAWN)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_the_command_writes_what_it_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "out")
    assert main(["figures", str(FINISHED), "--out", out, "--names", "accuracy, lengths"]) == 0
    said = capsys.readouterr()
    assert said.out == f"{out}\n"
    assert "Drawing charts: 2/2" in said.err
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        *("accuracy.html", "lengths.html", "plotly.min.js")
    }
    assert main(["figures", str(FINISHED), "--out", out, "--formats", "gif", "--quiet"]) == 2
    assert capsys.readouterr().err.startswith("error: there is no format 'gif'")


# ---- pictures


def test_without_kaleido_it_is_said_how_to_get_it(
    sample: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "choreographer.browsers.chromium", None)
    with pytest.raises(SettingsError, match="pip install kaleido, or choose html"):
        write_figures(sample, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
    write_figures(sample, tmp_path / "out", ["html"], names=DRAWN)


@pytest.fixture
def browser() -> None:
    """One that kaleido finds; missing: skipped, but never in CI."""
    if pictures.lacking() and not os.environ.get("CI"):
        pytest.skip(pictures.lacking())


def test_without_a_browser_it_is_said_what_to_install(
    sample: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from choreographer.browsers.chromium import Chromium

    monkeypatch.setattr(Chromium, "find_browser", lambda **_: None)
    with pytest.raises(SettingsError, match="need Chrome or Chromium, which was not found"):
        write_figures(sample, tmp_path / "out", ["svg"])


def test_a_browser_that_does_not_start_is_no_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "browser"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("BROWSER_PATH", str(broken))
    asked = ["figures", str(FINISHED), "--out", str(tmp_path / "out"), "--quiet"]
    assert main([*asked, "--names", "lengths", "--formats", "svg"]) == 2
    said = capfd.readouterr().err
    assert said.startswith("error: the Chrome or Chromium of this machine did not start.")
    assert len(said.splitlines()) == 1
    assert not (tmp_path / "out").exists()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The first lines of what the browser asks the network for: it gets no answer."""
    heard: list[str] = []

    class Proxy(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            heard.append(self.rfile.readline().decode("latin-1"))

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Proxy) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        monkeypatch.setattr(pictures, "_NOWHERE", f"http://127.0.0.1:{server.server_address[1]}")
        yield heard
        server.shutdown()
        thread.join()


@pytest.mark.usefixtures("browser")
def test_pictures_show_the_chart_and_ask_nobody(
    sample: Run, tmp_path: Path, asked: list[str]
) -> None:
    files = write_figures(sample, tmp_path / "out", ["svg", "png"], names=DRAWN)
    assert len(files) == 6
    for name, figure in figures_of(sample, DRAWN).items():
        high = int(figure.layout.height or 460)
        svg = ElementTree.fromstring((tmp_path / "out" / f"{name}.svg").read_bytes())
        assert (svg.get("width"), svg.get("height")) == ("800", str(high))
        texts = {"".join(e.itertext()) for e in svg.iter("{http://www.w3.org/2000/svg}text")}
        assert {"accuracy": "mean", "confusion": "culture"}.get(name, "culture (81)") in texts
        picture = Image.open(io.BytesIO((tmp_path / "out" / f"{name}.png").read_bytes()))
        assert picture.size == (1600, 2 * high)
        colours = {colour for _, colour in picture.convert("RGB").getcolors(1 << 24)}
        assert picture.convert("RGBA").getpixel((0, 0)) == (255, 255, 255, 255)
        if name == "accuracy":
            assert (0, 114, 178) in colours, "CLS's line"
    # Chromium looks for its own updates; the page for nothing
    assert not [line for line in asked if "plot" in line or "cdn" in line or "mathjax" in line]


@pytest.mark.usefixtures("browser")
def test_labels_and_texts_are_not_obeyed_in_pictures(sample: Run, tmp_path: Path) -> None:
    evil = '<a href="https://example.org">x</a><img src=x onerror=alert(1)>'
    labels = tuple(f"{evil}{label}" for label in sample.sentences.labels or ())
    run = replace(sample, sentences=replace(sample.sentences, labels=labels))
    (path,) = write_figures(run, tmp_path / "out", ["svg"], names=["counts"])
    svg = ElementTree.fromstring(path.read_bytes())
    tags = {element.tag.rpartition("}")[2] for element in svg.iter()}
    assert tags.isdisjoint({"a", "img", "image", "script", "foreignObject"})
    assert "<a" in "".join(svg.itertext())
