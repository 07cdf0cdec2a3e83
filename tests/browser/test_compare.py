"""Comparing runs in a real browser."""

import re
import shutil
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from dashboard.samples import FINISHED
from probing import store
from tests.browser.conftest import Server, Window, new_window

ONE, TWO = "1" * 32, "2" * 32


def stored(home: Path, run: str, encoder: str) -> None:
    """The sample's run under another encoder's name; nobody's, so its link opens it."""
    folder = home / "runs" / run
    if folder.exists():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(FINISHED, folder)
    record = store.read_record(folder)
    record = {**record, "id": run, "encoder": {**record["encoder"], "id": encoder}}
    store.write_json(record, folder / store.RUN)


def lines(page: Page) -> int:
    """Lines of runs in the chart by layer, once it is drawn."""
    expect(page.locator(".st-key-compared .main-svg").first).to_be_visible()
    return page.locator(".st-key-compared .js-plotly-plot").evaluate(
        "plot => plot.data.filter(trace => trace.mode === 'lines+markers').length"
    )


def test_runs_are_chosen_compared_and_linked_to(window: Window, server: Server) -> None:
    stored(server.home, ONE, "maker/first")
    stored(server.home, TWO, "maker/second")
    page = window.page
    window.open(f"/compare?run={ONE}")
    # the sample's run has the same sentences, so it is there at once
    expect(page.get_by_text("They get the same sentences right")).to_be_visible()
    assert lines(page) == 2
    field = page.get_by_role("textbox", name="or add a run by its link")
    field.fill(f"{window.base}/layers?run={TWO}")
    field.press("Enter")
    page.wait_for_url(re.compile(rf"with=[^&]*{TWO}"))
    expect(page.get_by_text("first – second", exact=True)).to_be_visible()
    expect(page.locator("[class*='st-key-compare_map'] .js-plotly-plot")).to_have_count(3)
    # a choice made while the page is still being drawn anew could be lost
    app = page.locator("[data-testid=stApp]")
    expect(app).to_have_attribute("data-test-script-state", "notRunning")
    page.locator(".st-key-pooling").get_by_role("radio", name="mean").click()
    page.wait_for_url(re.compile("pooling=mean"))
    page.reload()
    expect(page.get_by_text("first – second", exact=True)).to_be_visible()
    expect(page.locator(".st-key-compared").get_by_text("accuracy, mean")).to_be_visible()
    assert lines(page) == 3
    window.picture("compare-light-1440")


def test_it_fits_a_phone_in_the_dark_and_in_chinese(
    chromium: Browser, server: Server, address: str
) -> None:
    stored(server.home, ONE, "maker/first")
    window = new_window(chromium, address, width=390, height=900, dark=True)
    window.open(f"/compare?run={ONE}&with=sample&language=zh")
    expect(window.page.get_by_text("两者判断正确的句子完全相同")).to_be_visible()
    assert lines(window.page) == 2
    wide = window.page.evaluate(
        "document.querySelector('[data-testid=stMain]').scrollWidth - innerWidth"
    )
    assert wide <= 0
    window.picture("compare-dark-390")
    window.page.context.close()
    assert (window.errors, window.outside) == ([], [])
