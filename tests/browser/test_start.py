"""A newcomer: from the first page to a result of one's own."""

from pathlib import Path

from playwright.sync_api import expect

from probing.figures.style import DARK, LIGHT
from tests.browser.conftest import Window
from tests.browser.test_flows import points, sentences

_COUNT = """
window.clicks = 0;
addEventListener("click", event => { if (event.isTrusted) window.clicks += 1; }, true);
"""


def test_three_clicks_lead_to_a_result_of_ones_own(window: Window, tmp_path: Path) -> None:
    page = window.page
    page.add_init_script(_COUNT)
    window.open()
    main = page.get_by_test_id("stMain")
    main.get_by_role("button", name="Upload your CSV").first.click()
    with page.expect_file_chooser() as asked:
        main.locator("[data-testid=stFileUploaderDropzone] button").click()
    asked.value.set_files(sentences(tmp_path / "newcomer.csv"))
    page.get_by_role("button", name="Run probes").click()
    page.wait_for_url("**/layers?run=*")
    expect(page.get_by_text("About this run")).to_be_visible()
    assert points(page, "accuracy") >= 3 * 7
    assert page.evaluate("window.clicks") == 3


def test_charts_follow_when_the_system_turns_dark(window: Window) -> None:
    page = window.page
    window.open()
    tick = page.locator(".st-key-start_accuracy .ytick text").first
    expect(tick).to_have_css("fill", _rgb(LIGHT.ink))
    page.wait_for_function("() => history[Symbol.for('cls-probe-history')]")  # it listens
    page.emulate_media(color_scheme="dark")
    expect(tick).to_have_css("fill", _rgb(DARK.ink))
    page.emulate_media(color_scheme="light")
    expect(tick).to_have_css("fill", _rgb(LIGHT.ink))


def _rgb(colour: str) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgb({red}, {green}, {blue})"
