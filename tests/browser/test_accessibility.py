"""Every view with axe-core, light and dark, wide and narrow; a screenshot of each is kept."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from dashboard.library import Library
from dashboard.visitors import COOKIE
from tests.browser.conftest import Server, Window, new_window
from tests.browser.test_compare import stored

HERE = Path(__file__).parent
AXE = HERE / "node_modules" / "axe-core" / "axe.min.js"
FOCUS = HERE / "focus.js"
VISITOR = "accessibility-visitor-"  # 22 characters, as a cookie has them
ONE, TWO = "3" * 32, "4" * 32
VIEWS = {
    "Start": "Or try a sample",
    "Data": "First 200 sentences",
    "Layers": "About this run",
    "Map": "How faithful",
    "Sentences": "448 of 448 sentences",
    "Inside [CLS]": "The code that shows all this",
    "Compare": "first – second",
    "Report": "The report, as ticked here",
    "Runs": "Import a run",
}
"""The views by their links, and a text that each shows once it is there."""

_STILL = """() => {
  if (document.querySelector("[data-testid=stSkeleton]")) return false;
  const boxes = [...document.querySelectorAll("[data-testid], .main-svg")].map(element => {
    const box = element.getBoundingClientRect();
    return [box.x, box.y, box.width, box.height].map(Math.round).join();
  });
  const now = boxes.join(" "), still = now === window.before;
  window.before = now;
  return still;
}"""
_NOT_OURS = {
    # the field that one types into shrinks beside long tags; all of the box around it is clicked
    "target-size": "[data-testid=stMultiSelect] input",
}
"""Rules, and what they are not asked of: Streamlit draws it so, and no setting changes it."""
_RUN_AXE = """async notOurs => {
  const found = await axe.run(document, {resultTypes: ["violations"], elementRef: true});
  return found.violations
    .filter(each => ["serious", "critical"].includes(each.impact)
      || ["heading-order", "page-has-heading-one"].includes(each.id))
    .flatMap(each => each.nodes
      .filter(node => !node.element?.matches(notOurs[each.id] || "not-there"))
      .map(node => [
        each.id, node.target.join(" "), node.html.slice(0, 200), node.failureSummary,
      ].join("\\n  ")));
}"""
_UNNAMED = "[data-testid=stPlotlyChart]:is(:not([aria-label]), [aria-label=''])"
_SIDEWAYS = """() => {
  const main = document.querySelector("[data-testid=stMain]");
  return Math.max(document.documentElement.scrollWidth, main.scrollWidth) - innerWidth;
}"""
_AT_ONCE = "*, *::before, *::after { transition: none !important; animation: none !important }"
_HEIGHT = "document.querySelector('[data-testid=stMain]').scrollHeight"


@pytest.fixture(scope="module")
def axe() -> str:
    """The program of axe-core. Missing: skipped, but never in CI."""
    if not AXE.exists():
        why = "no axe-core; sh tests/browser/install.sh .venv/bin fetches it, with npm"
        pytest.fail(why) if os.environ.get("CI") else pytest.skip(why)
    return AXE.read_text()


@pytest.fixture(scope="module")
def runs(server: Server) -> Iterator[None]:
    """Two runs of one visitor, so that there is something to compare and to list."""
    library = Library(server.home)
    for run, encoder in ((ONE, "maker/first"), (TWO, "maker/second")):
        stored(server.home, run, encoder)
        library.claim(run, VISITOR)
    yield
    for run in (ONE, TWO):  # other tests of this server compare with what lies there
        library.remove(run)


@pytest.fixture(params=[False, True], ids=["light", "dark"])
def window(
    request: pytest.FixtureRequest, chromium: Browser, address: str, runs: None
) -> Iterator[Window]:
    """The visitor with two runs, on the page that compares them."""
    opened = new_window(chromium, address, dark=request.param)
    opened.page.context.add_cookies([{"name": COOKIE, "value": VISITOR, "url": address}])
    opened.open(f"/compare?run={ONE}&with={TWO}")
    yield opened
    opened.page.context.close()
    assert (opened.errors, opened.outside) == ([], [])


def resize(page: Page, width: int) -> None:
    """Give the window a width, and the height at which all of the view is to be seen."""
    page.set_viewport_size({"width": width, "height": 1000})
    page.set_viewport_size({"width": width, "height": page.evaluate(_HEIGHT)})
    still(page)


def still(page: Page) -> None:
    """Wait until the view is complete and nothing moves."""
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    page.wait_for_function(_STILL, polling=150)


def go(page: Page, view: str) -> None:
    """To another view by the navigation."""
    page.set_viewport_size({"width": 1440, "height": 1000})
    page.get_by_test_id("stTopNavLink").filter(has_text=view).click()
    expect(page.get_by_test_id("stMain").get_by_text(VIEWS[view]).first).to_be_attached()
    if view == "Runs":  # one of them with all that can be done to it
        page.get_by_role("button", name="Rename, share, export, delete").first.click()
        expect(page.get_by_role("textbox", name="Title")).to_be_visible()
    still(page)


def violations(page: Page, view: str, width: int) -> list[str]:
    """What axe finds of impact serious or critical, and of the order of headings."""
    found: list[Any] = page.evaluate(_RUN_AXE, _NOT_OURS)
    return [f"{view}, {width} px: {each}" for each in found]


def by_keyboard(page: Page, view: str) -> list[str]:
    """Controls that a round of Tab does not reach, or on which the focus is not seen."""
    page.mouse.move(1430, 990)  # what the mouse is over looks as if it had the focus
    page.evaluate("startFocus()")
    for _ in range(400):
        page.keyboard.press("Tab")
        if page.evaluate("noteFocus()"):
            break
    found: list[str] = page.evaluate("endFocus()")
    return [f"{view}: {each}" for each in found]


def test_every_view_by_eye_by_keyboard_and_with_axe(
    window: Window, axe: str, request: pytest.FixtureRequest
) -> None:
    page, appearance, found = window.page, request.node.callspec.id, []
    light = appearance == "light"
    expect(page.get_by_text(VIEWS["Compare"], exact=True)).to_be_visible()
    page.add_style_tag(content=_AT_ONCE)
    page.evaluate(axe)
    page.evaluate(FOCUS.read_text())
    for view in VIEWS:
        go(page, view)
        unnamed = page.locator(
            "[data-testid=stPlotlyChart]:is(:not([aria-label]), [aria-label=''])"
        )
        found += [f"{view}: a chart without a text"] * unnamed.count()
        if light:
            found += by_keyboard(page, view)
        for width in (1440, 390):
            resize(page, width)
            if light or width == 1440:  # colours are the same at any width
                found += violations(page, view, width)
            over = page.evaluate(_SIDEWAYS)
            if over > 0:
                found.append(f"{view}, {width} px: scrolls sideways by {over} px")
            name = view.partition(" ")[0].lower()
            window.picture(f"{name}-{appearance}-{width}")
    assert found == [], "\n".join(found)
