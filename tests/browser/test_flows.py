"""What people do, in a real browser, on the server as the README starts it."""

import csv
import os
import signal
import subprocess
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Server, Window, new_window

HOSTILE = (
    "<img src=x onerror=\"document.title='owned'\"> <a href='https://example.org'>win</a> "
    "**bold** ![](https://example.org/x.png) $x^2$ :material/skull:"
)


def sentences(path: Path, n: int = 60, extra: str = "") -> Path:
    """A small CSV in a dialect of its own: semicolons, a German header."""
    with path.open("w", encoding="cp1252", newline="") as file:
        out = csv.writer(file, delimiter=";")
        out.writerow(["Kommentar", "Klasse"])
        for i in range(n):
            good = i % 2 == 0
            out.writerow(
                [
                    f"The {'soup' if good else 'train'} number {i} was "
                    f"{'délicious and warm' if good else 'late and crowded'} {extra}",
                    f"food {extra}" if good else "travel",
                ]
            )
    return path


def upload(page: Page, path: Path) -> None:
    page.get_by_role("link", name="Data").click()
    page.get_by_role("combobox", name="Source").click()
    page.get_by_role("option", name="Upload a CSV").click()
    page.locator("input[type=file]").set_input_files(path)
    expect(page.get_by_text("rows left out")).to_be_visible()


def start(page: Page) -> None:
    page.get_by_role("button", name="Run probes").click()
    page.wait_for_url("**/layers?run=*")


def points(page: Page, plot: str) -> int:
    """Points that Plotly holds in a chart, once it is drawn."""
    expect(page.locator(f".st-key-{plot} .main-svg").first).to_be_visible()
    return page.locator(f".st-key-{plot} .js-plotly-plot").evaluate(
        "plot => plot._fullData.reduce((sum, trace) => sum + (trace._length || 0), 0)"
    )


def test_first_page_shows_a_finished_run_without_a_click(window: Window) -> None:
    window.open()
    expect(window.page.locator(".js-plotly-plot")).to_have_count(2)
    assert points(window.page, "start_accuracy") > 21
    assert points(window.page, "start_map") > 400
    window.picture("start")


def test_upload_to_both_charts_and_inside(window: Window, tmp_path: Path) -> None:
    page = window.page
    window.open()
    upload(page, sentences(tmp_path / "küche.csv"))
    expect(page.get_by_text("60 sentences · 2 classes")).to_be_visible()
    expect(page.get_by_text("read as cp1252, semicolon")).to_be_visible()
    window.picture("data")
    start(page)
    expect(page.get_by_text("About this run")).to_be_visible()
    assert points(page, "accuracy") >= 3 * 7
    window.picture("layers")
    page.get_by_role("link", name="Map", exact=True).click()
    expect(page.get_by_text("How faithful")).to_be_visible()
    page.get_by_role("radio", name="PCA").click()
    expect(page.locator(".panel .said", has_text="of the variance")).to_have_count(3)
    window.picture("map")
    slider = page.get_by_role("slider", name="Layer")
    for _ in range(6):
        slider.press("ArrowLeft")
    expect(page.get_by_text("there is nothing to map").first).to_be_visible()
    page.wait_for_url("**layer=0**")
    page.get_by_role("link", name="Inside").click()  # measured while one looks
    expect(page.get_by_text("Being measured").first).to_be_visible()
    expect(page.get_by_text("Being measured")).to_have_count(0)
    for plot in ("knockout", "ledger", "gradient_shares"):
        assert points(page, f"i-{plot}") > 0, plot


def test_refresh_and_a_copied_link_attach_again(
    window: Window, chromium: Browser, address: str, tmp_path: Path
) -> None:
    page = window.page
    window.open()
    upload(page, sentences(tmp_path / "again.csv", 400))
    start(page)
    page.reload()
    expect(
        page.get_by_role("button", name="Cancel").or_(page.get_by_text("About this run"))
    ).to_be_visible()
    other = new_window(chromium, address)
    other.page.goto(page.url)
    expect(other.page.get_by_text("About this run")).to_be_visible()
    expect(page.get_by_text("About this run")).to_be_visible()
    assert points(other.page, "accuracy") == points(page, "accuracy")
    other.page.get_by_role("link", name="Data").click()
    expect(other.page.get_by_text("400 sentences · 2 classes")).to_be_visible()
    other.page.context.close()


def test_cancel(window: Window, tmp_path: Path) -> None:
    window.open()
    upload(window.page, sentences(tmp_path / "long.csv", 2_000))
    start(window.page)
    expect(window.page.get_by_role("heading", name="So far")).to_be_visible()
    assert points(window.page, "so_far") >= 1
    window.page.get_by_role("button", name="Cancel").click()
    expect(window.page.get_by_text("Cancelled. Nothing was stored.")).to_be_visible()
    window.page.get_by_role("button", name="Show the sample run").click()
    expect(window.page.get_by_text("About this run")).to_be_visible()


def test_a_crash_of_the_worker_costs_one_run(
    window: Window, server: Server, tmp_path: Path
) -> None:
    page = window.page
    window.open()
    upload(page, sentences(tmp_path / "crash.csv", 2_000, "again"))  # vectors of no other test
    start(page)
    expect(page.get_by_text("Encoding sentences:")).to_be_visible()
    command = ["pgrep", "-P", str(server.pid)]
    listed = subprocess.run(command, capture_output=True, text=True, check=True)
    (worker,) = listed.stdout.split()
    os.kill(int(worker), signal.SIGKILL)
    expect(page.get_by_text("ended unexpectedly")).to_be_visible()
    upload(page, sentences(tmp_path / "after.csv"))
    start(page)
    expect(page.get_by_text("About this run")).to_be_visible()


def test_a_bad_file_is_refused_in_words(window: Window, tmp_path: Path) -> None:
    window.open("/data")
    page = window.page
    page.get_by_role("combobox", name="Source").click()
    page.get_by_role("option", name="Upload a CSV").click()
    alert = page.get_by_test_id("stMain").get_by_role("alert")
    for name, content, message in (
        ("packed.csv", b"\x1f\x8b\x08\x00rest of a gzip file", "gzip"),
        ("empty.csv", b"text,label\n", "no row below its header"),
        ("page.csv", b"<!doctype html><html><body>hi</body></html>", "HTML"),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        page.locator("input[type=file]").set_input_files(path)
        expect(alert).to_contain_text(message)
        assert "Traceback" not in page.content()
        expect(page.get_by_role("button", name="Run probes")).to_be_disabled()


def test_inside_of_the_sample_and_of_a_typed_sentence(window: Window) -> None:
    page = window.page
    window.open()
    page.get_by_role("link", name="Inside").click()
    for plot in ("arrival", "knockout", "ledger", "gradient_shares", "row_ledger"):
        assert points(page, f"i-{plot}") > 0, plot
    expect(page.get_by_text("Not read yet")).to_have_count(0)
    assert points(page, "i-readings") > 0
    box = page.get_by_role("combobox", name="The sentence for panels")
    box.click()
    box.fill(f"The waiter forgot {HOSTILE} our soup twice")
    box.press("Enter")
    expect(page.get_by_text("Not read yet")).to_have_count(0)
    expect(page.locator(".st-key-i-average text").filter(has_text="waiter").first).to_be_visible()
    assert "owned" not in page.title()
    for plot in ("ledger_from", "average", "readings", "effects", "place"):
        assert points(page, f"i-{plot}") > 0, plot
    window.picture("inside")
