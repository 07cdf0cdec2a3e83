"""A report is chosen, downloaded, and opened where there is no network."""

import os
import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Browser, expect

from probing.exports import pictures
from tests.browser.conftest import Window

A4 = 794  # CSS px that an A4 page is wide
SMALLER = 0.78  # that charts are on paper
_WIDTHS = """
return [...document.querySelectorAll(".js-plotly-plot .main-svg:first-child")].map(
  svg => svg.getBoundingClientRect().width)
"""


def test_a_downloaded_report_opens_offline_and_fits_on_paper(
    window: Window, chromium: Browser, tmp_path: Path
) -> None:
    page = window.page
    window.open("/report?language=zh")
    page.get_by_role("checkbox", name="逐类结果").check(force=True)
    window.picture("report")
    with page.expect_download() as started:
        page.get_by_role("button", name="下载报告").click()
    assert started.value.suggested_filename.startswith("cls-probe-report-")
    path = tmp_path / "report.html"
    started.value.save_as(path)

    context = chromium.new_context(viewport={"width": 390, "height": 800}, offline=True)
    paper, errors, asked = context.new_page(), [], []
    paper.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
    paper.on("pageerror", lambda error: errors.append(str(error)))
    paper.on("request", lambda r: asked.append(r.url))
    paper.goto(path.as_uri())
    expect(paper.locator(".js-plotly-plot .main-svg").first).to_be_visible()
    expect(paper.get_by_text("Which class is taken for which")).to_be_attached()
    assert paper.evaluate("document.documentElement.scrollWidth") <= 390
    paper.set_viewport_size({"width": 1600, "height": 900})
    on_paper = paper.evaluate(f"() => {{ dispatchEvent(new Event('beforeprint')); {_WIDTHS} }}")
    assert len(on_paper) > 8
    assert max(on_paper) * SMALLER < A4 - 2 * 53, "before the browser lays out the pages"
    pages = re.findall(rb"/Type\s*/Page\b", paper.pdf(prefer_css_page_size=True))
    assert len(on_paper) / 2 <= len(pages) <= len(on_paper), "two charts on most pages"
    paper.evaluate("dispatchEvent(new Event('afterprint'))")
    paper.wait_for_function(f"() => {{ {_WIDTHS.strip()}.every(width => width > {A4}) }}")
    with paper.expect_download() as saved:
        paper.get_by_role("button", name="SVG").first.click()
    assert saved.value.suggested_filename == "01-score-by-layer.svg"
    saved.value.save_as(tmp_path / "chart.svg")
    texts = ElementTree.parse(tmp_path / "chart.svg").getroot().itertext()
    assert "layer (0 = embedding output)" in texts
    context.close()
    assert errors == []
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []


_REACHED = """async () => {
  const tried = {document: () => parent.document.title, cookie: () => document.cookie,
    storage: () => localStorage.length, network: () => fetch("/ready")};
  const reached = [];
  for (const [name, act] of Object.entries(tried))
    try { await act(); reached.push(name); } catch {}
  return reached;
}"""


def test_the_preview_is_drawn_saves_charts_and_reaches_nothing(window: Window) -> None:
    page = window.page
    window.open("/report")
    page.get_by_role("button", name="Preview").click()
    frame = page.frame_locator("iframe[src*='/preview/']")
    expect(frame.locator(".js-plotly-plot .main-svg").first).to_be_visible()
    window.picture("report-preview")
    with page.expect_download() as started:
        frame.get_by_role("button", name="PNG").first.click()
    assert Path(started.value.path()).read_bytes().startswith(b"\x89PNG")
    assert window.errors == []
    (inner,) = (found for found in page.frames if "/preview/" in found.url)
    assert inner.evaluate(_REACHED) == []
    window.errors.clear()  # the policy says what it kept the test from
    page.get_by_role("button", name="Close").click()
    expect(page.locator("iframe")).to_have_count(0)


def test_drawing_pictures_is_followed_and_stopped(window: Window) -> None:
    if pictures.lacking() and not os.environ.get("CI"):
        pytest.skip(pictures.lacking())  # Playwright's own browser is not where kaleido looks
    page = window.page
    window.open("/report")
    page.get_by_role("checkbox", name="Charts as SVG and PNG").check(force=True)
    expect(page.get_by_text(re.compile("Drawing charts: [1-9]"))).to_be_visible()
    expect(page.get_by_role("button", name="Download the zip file")).to_be_disabled()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("button", name="Draw them again")).to_be_visible()
    page.get_by_role("checkbox", name="Charts as SVG and PNG").uncheck(force=True)
    expect(page.get_by_role("button", name="Download the zip file")).to_be_enabled()


def test_a_downloaded_zip_holds_what_is_ticked(window: Window, tmp_path: Path) -> None:
    page = window.page
    window.open("/report")
    size = page.get_by_text("before packing")
    before = size.inner_text()
    page.get_by_role("checkbox", name="The report, as ticked here").uncheck(force=True)
    expect(size).not_to_have_text(before)  # Streamlit forgets the former button's file
    with page.expect_download() as started:
        page.get_by_role("button", name="Download the zip file").click()
    path = tmp_path / "files.zip"
    started.value.save_as(path)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        names = set(archive.namelist())
    assert {"run.json", "probes.csv", "sentences.csv", "reproduce.ipynb"} <= names
    assert "report.html" not in names
