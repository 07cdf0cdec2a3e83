"""A report is chosen, downloaded, and opened where there is no network."""

import zipfile
from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.browser.conftest import Window

A4 = 794  # CSS px that an A4 page is wide
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
    assert max(on_paper) < A4, "before the browser lays out the pages"
    paper.evaluate("dispatchEvent(new Event('afterprint'))")
    paper.wait_for_function(f"() => {{ {_WIDTHS.strip()}.every(width => width > {A4}) }}")
    context.close()
    assert errors == []
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []


def test_a_downloaded_zip_holds_what_is_ticked(window: Window, tmp_path: Path) -> None:
    page = window.page
    window.open("/report")
    page.get_by_role("checkbox", name="The report, as ticked here").uncheck(force=True)
    with page.expect_download() as started:
        page.get_by_role("button", name="Download the zip file").click()
    path = tmp_path / "files.zip"
    started.value.save_as(path)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        names = set(archive.namelist())
    assert {"run.json", "probes.csv", "sentences.csv", "reproduce.ipynb"} <= names
    assert "report.html" not in names
