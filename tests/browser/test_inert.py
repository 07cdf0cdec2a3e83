"""A canary: hostile words as text, label, column, file name, title and typed sentence, taken
through every view, the exports and the report in Chromium.

The page's content security policy is switched off here, so that what a view lets through does what
it would do: the policy is tested elsewhere, and a second wall is no reason for holes in the first.
"""

import csv
import io
import re
import secrets
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, Response, expect
from playwright.sync_api import TimeoutError as Expired

from dashboard import visitors
from dashboard.library import Library
from probing import reading
from probing.environment import Limits
from probing.runs import execute
from probing.settings import Settings
from tests.browser.conftest import Server, Window, new_window
from tests.browser.test_map import until

HOST = "https://canary.example"
ACT = "window.owned=1;document.title='0wned';alert(1)"
PAYLOADS = (
    f"<script>{ACT}</script><script src='{HOST}/s.js'></script>",
    f'<img src=\'{HOST}/i.png\' onerror="{ACT}"><svg onload="{ACT}"></svg>',
    f"<a href='{HOST}/a' style='background:url({HOST}/css)'>l1nk</a> <b>b0ld</b><br>%{{x}}",
    f"[l1nk]({HOST}/m) ![]({HOST}/m.png) <{HOST}/auto> {HOST}/bare [l1nk](javascript:{ACT})",
    "www.canary.example/bare ftp://canary.example mailto:a@canary.example a@canary.example",
    "**b0ld** *it4lic* `c0de` ~~str1ke~~ :red[c0lour] :material/skull: :streamlit: $k4tex$ #",
    f"$$\\href{{{HOST}/k}}{{k4tex}}$$ \\includegraphics{{{HOST}/g.png}} $\\url{{{HOST}}}$",
    "\u202eright to left\u202c \u2066isolated\u2069 zero\u200bwidth\u200d\ufeff a\u0300\u0301",
    "=cmd|'/C calc'!A0 @SUM(1+1) +1+1 -1-1 \x1b[31mansi\x1b[0m {{1234*1001}} ${1234*1001} %s %n",
    "w" * 90_000,
)
MARKS = ("l1nk", "b0ld", "it4lic", "c0de", "str1ke", "c0lour", "skull", "k4tex", "ansi", "1235234")
"""What would be the whole text of an element if its markup were obeyed."""
COLUMNS = (f"t**b0ld**<img/src={HOST}/c.png>$k4tex$", "=1+1<b>b0ld</b>:red[c0lour]")
OWN = "0wn<b>b0ld</b>$k4tex$:red[c0lour]**x**"
"""A column beside text and label."""
SHORT = f"{PAYLOADS[2]} {PAYLOADS[5]} {PAYLOADS[4]} <img src='{HOST}/t.png' onerror=\"{ACT}\">"
SECRET = "xylophonic"  # in every sentence, and in nothing else

_LOOK = """([host, marks]) => {
  const found = [];
  const look = root => root.querySelectorAll('*').forEach(element => {
    if (element.shadowRoot) look(element.shadowRoot);
    for (const {name, value} of element.attributes) {
      const loads = /^(xlink:)?(href|src|srcset|action|data|poster|style|background)$/.test(name);
      const bad = loads && (value.includes(host) || /javascript:|mailto:/i.test(value));
      if (name.startsWith('on') || bad) found.push(element.outerHTML.slice(0, 200));
    }
    if (marks.includes(element.textContent.trim())) found.push(element.outerHTML.slice(0, 200));
  });
  look(document);
  if (document.querySelector('.katex')) found.push('a formula');
  if (window.owned || document.title === '0wned') found.push('a script ran');
  return found;
}"""


@dataclass
class Canary:
    """A window, and what was found in it that should not be there."""

    window: Window
    found: list[str] = field(default_factory=list)
    received: list[bytes] = field(default_factory=list)
    """What came over the websocket."""

    @property
    def page(self) -> Page:
        return self.window.page

    def look(self) -> None:
        """Once the page has come to rest: does anything live in it that a person wrote?"""
        settle(self.page)
        found = self.page.evaluate(_LOOK, ["canary.example", list(MARKS)])
        self.found += [f"{self.page.url}: {each}" for each in found]


def settle(page: Page) -> None:
    """Until the script has ended and all that it sent is drawn."""
    app = page.get_by_test_id("stApp")
    if app.count():
        expect(page.locator("[data-test-script-state='notRunning']").first).to_be_attached()
        expect(page.locator("[data-stale='true'], [data-testid='stSkeleton']")).to_have_count(0)


def watched(browser: Browser, base: str) -> Canary:
    """A fresh visitor without the content security policy, and with no way out."""
    window = new_window(browser, base, bypass_csp=True)
    canary = Canary(window)
    window.page.on("dialog", lambda d: (canary.found.append(f"dialog {d.message}"), d.dismiss()))
    window.page.context.route(
        re.compile(r"canary\.example"),
        lambda route: (canary.found.append(route.request.url), route.abort()),
    )

    def frame(data: str | bytes) -> None:
        canary.received.append(data if isinstance(data, bytes) else data.encode())

    window.page.on("websocket", lambda socket: socket.on("framereceived", frame))
    return canary


@pytest.fixture
def canary(chromium: Browser, address: str) -> Iterator[Canary]:
    """A visitor in whose window nothing may come to life."""
    opened = watched(chromium, address)
    yield opened
    opened.page.context.close()
    assert opened.found == []
    assert opened.window.errors == []
    assert opened.window.outside == []


def hostile(n: int = 54) -> bytes:
    """A CSV whose every word is an attack; the two classes can be told apart."""
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow([*COLUMNS, OWN])
    for i in range(n):
        kind = "soup" if i % 2 else "train"
        label = PAYLOADS[8] + PAYLOADS[2] if i % 2 else PAYLOADS[3] + PAYLOADS[5]
        payload = PAYLOADS[i % len(PAYLOADS)]
        text = f"{payload} %{{x}} the {kind} was {SECRET} number {i}"
        table.writerow([text, f"{label} {kind}", f"{payload[:150]} {SECRET}"])
    return out.getvalue().encode()


def upload(page: Page, content: bytes, name: str) -> None:
    page.get_by_role("link", name="Data").click()
    page.get_by_role("combobox", name="Source").click()
    page.get_by_role("option", name="Upload a CSV").click()
    file: Any = {"name": name, "mimeType": "text/csv", "buffer": content}
    page.locator("input[type=file]").set_input_files(file)


FILE = f"<img src=x onerror={ACT}> **b0ld** ![](https:canary.example) =1.csv"


@pytest.fixture
def run(
    server: Server,
    canary: Canary,
    checkpoint: Callable[..., Path],
    coarse: Callable[[], AbstractContextManager[None]],
) -> str:
    """A finished run of the canary's, of the hostile file, with a quick encoder; its id."""
    run, maker = secrets.token_hex(16), visitors.new_id()
    cookie = {"name": visitors.COOKIE, "value": maker, "url": server.address}
    canary.page.context.add_cookies([cookie])  # type: ignore[list-item]
    table = reading.read_table(hostile(), FILE)
    sentences = reading.select(table, reading.Columns(*COLUMNS, split=None))
    settings = Settings(encoder=str(checkpoint(layers=2)))
    with coarse():
        execute(sentences, settings, out=server.home / "runs" / run, run_id=run)
    Library(server.home, Limits()).claim(run, maker)
    return run


def explore(canary: Canary) -> None:
    """Open whatever can be opened in the view, and look at each state of it."""
    page, main = canary.page, canary.page.get_by_test_id("stMain")
    canary.look()
    for expander in main.locator("details > summary").all():
        expander.click()
        canary.look()
    for number in range(main.get_by_test_id("stPopoverButton").count()):
        main.get_by_test_id("stPopoverButton").nth(number).click()
        canary.look()
        page.keyboard.press("Escape")
    seen: set[str] = set()
    while True:
        names = [name for name in main.get_by_role("radio").all_inner_texts() if name not in seen]
        if not names:
            break
        seen.add(names[0])
        with suppress(Expired):  # one that an earlier choice has just taken off the page
            main.get_by_role("radio", name=names[0], exact=True).last.click(timeout=5_000)
        canary.look()


def hover(canary: Canary, plot: Locator, most: int = 6) -> str:
    """What a chart says of some of its points, all in one."""
    found, said = plot.locator(".point"), ""
    expect(found.first).to_be_attached()
    for number in range(0, found.count(), max(1, found.count() // most)):
        said += _over(canary.page, found.nth(number), plot.locator(".hovertext"))
        canary.look()
    return said


def _over(page: Page, point: Locator, shown: Locator) -> str:
    """What is said of a point; again where the chart was drawn anew under the pointer."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with suppress(Expired, AssertionError):
            point.scroll_into_view_if_needed(timeout=5_000)
            box = point.bounding_box(timeout=5_000)
            assert box is not None
            page.mouse.move(box["x"] + box["width"] / 2 - 1, box["y"] + box["height"] / 2)
            page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
            expect(shown.first).to_be_visible(timeout=3_000)
            return " ".join(shown.all_text_contents())
    pytest.fail(f"nothing is said of {point}")


_PLACES = """({panel}) => {
  const seen = Array.from({length: panel.cloud.n}, (_, i) => panel.where(i));
  return panel.gliding || !panel.above.texts ? [] : seen;
}"""


def hover_map(canary: Canary, most: int = 6) -> str:
    """What the map says of some of its points, all in one."""
    page, said = canary.page, ""
    panel = page.locator(".panel[data-map]").first
    expect(panel).to_be_visible()
    canvas, tip = panel.locator("canvas"), page.locator(".atlas .tip")
    places = until(lambda: panel.evaluate(_PLACES), "points and their texts")
    for x, y in places[:: max(1, len(places) // most)]:
        canvas.hover(position={"x": x, "y": y})
        expect(tip).to_be_visible()
        said += tip.inner_text()
        canary.look()
    return said


def test_the_canary_can_fire(chromium: Browser, address: str) -> None:
    live = watched(chromium, address)
    live.page.set_content(f"<p>{PAYLOADS[1]}</p><p>{PAYLOADS[2]}</p>")
    live.page.wait_for_function("window.owned === 1")
    live.look()
    said = " ".join(live.found)
    for sign in ("dialog 1", f"{HOST}/i.png", f"{HOST}/css", "a script ran", "<a href", "onerror"):
        assert sign in said, sign
    live.page.context.close()


def test_nothing_of_a_hostile_upload_comes_to_life(canary: Canary) -> None:
    """Refused where a word is larger than any sentence may be; else shown as it is."""
    page = canary.page
    canary.window.open()
    rows = b"".join(b"it is number %d,%s\n" % (i, b"ab"[i % 2 :][:1]) for i in range(20))
    upload(page, b"text,label\n" + rows + b"w" * 2**20 + b",b\n", "one word.csv")
    expect(page.get_by_text("longer than 100,000 characters")).to_be_attached()
    canary.look()
    upload(page, hostile(), FILE)
    expect(page.get_by_text("54 sentences")).to_have_count(2)
    page.get_by_role("combobox", name="Label", exact=True).click()
    canary.look()
    page.get_by_role("option", name=COLUMNS[1]).click()
    expect(page.get_by_text("54 sentences · 2 classes")).to_be_visible()
    explore(canary)
    page.get_by_role("button", name="Choose an encoder").click()
    page.get_by_role("radio", name="Id or folder").click()
    page.get_by_role("textbox", name="Hub id or folder").fill(SHORT)
    page.keyboard.press("Enter")
    expect(page.get_by_text("is neither a hub id")).to_be_visible()
    canary.look()


def test_nothing_of_a_hostile_run_comes_to_life(
    canary: Canary, run: str, server: Server, chromium: Browser, tmp_path: Path
) -> None:
    page, link = canary.page, f"{server.address}/layers?run={run}"
    page.goto(link)
    expect(page.get_by_text("About this run")).to_be_visible()
    archives = _runs(canary, run)
    page.get_by_role("link", name="Layers").click()
    expect(page.get_by_text("About this run")).to_be_visible()
    expect(page.get_by_text("t1tle **b0ld**")).to_be_visible()
    explore(canary)
    _map(canary)
    _sentences(canary, link)
    _inside(canary)
    _others(link, chromium, server)
    _files(archives, chromium, tmp_path)
    log = server.log.read_text(encoding="utf-8")
    assert "\x1b[31mansi" not in log
    assert SECRET not in log


def _runs(canary: Canary, run: str) -> list[bytes]:
    """Rename the run; gives both of its exports."""
    page = canary.page
    page.get_by_role("link", name="Runs").click()
    page.locator(f"[class*='st-key-manage'][class*='{run}'] button").click()
    page.get_by_role("textbox", name="Title").fill(
        "t1tle **b0ld** <img src=x onerror=alert(1)> $k4tex$"
    )
    page.get_by_role("textbox", name="Description").fill(f"{SHORT}\n\n# b0ld\n\n---\n{PAYLOADS[3]}")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("t1tle **b0ld**").first).to_be_visible()
    explore(canary)
    found = []
    for name in ("Export", "Export without the sentences"):
        with page.expect_download() as download:
            page.get_by_role("button", name=name, exact=True).click()
        found.append(download.value.path().read_bytes())
    page.get_by_text("Without the sentences", exact=True).click()
    canary.look()
    return found


def _map(canary: Canary) -> None:
    """Hover, search, the sentences that are selected, every other map."""
    page = canary.page
    page.get_by_role("link", name="Map", exact=True).click()
    said = hover_map(canary, 12)
    assert "<script>" in said
    assert "%{x}" in said
    page.get_by_role("searchbox", name="Search").fill(SECRET)
    page.get_by_role("button", name="Select them").click()
    expect(page.get_by_role("heading", name="54 sentences selected")).to_be_visible()
    page.get_by_role("combobox", name="Colour").click()
    canary.look()
    page.get_by_role("option", name=OWN).click()
    expect(page.locator(".atlas .legend .about")).to_have_text(OWN)
    expect(page.locator(".atlas .legend .group")).to_have_count(9)
    canary.look()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as CSV").click()
    _no_formula(download.value.path())
    explore(canary)


def _sentences(canary: Canary, link: str) -> None:
    """One sentence followed through the layers, by its link."""
    page = canary.page
    page.goto(f"{link.replace('/layers?', '/sentences?')}&row=3")
    expect(page.get_by_text("Nearest sentences")).to_be_visible()
    page.get_by_role("combobox", name="Other columns").click()
    canary.look()
    page.get_by_role("option", name=OWN).click()
    said = hover(canary, page.locator(".st-key-path .js-plotly-plot"), 4)
    assert "taken for" in said
    assert "\x1b" not in said
    explore(canary)


def _inside(canary: Canary) -> None:
    """A hostile sentence, typed."""
    page = canary.page
    page.get_by_role("link", name="Inside").click()
    computing = page.get_by_text(re.compile("Not read yet|Being measured"))
    expect(page.get_by_text("7 · One sentence, live")).to_be_visible()
    expect(computing).to_have_count(0)
    box = page.get_by_role("combobox", name="The sentence for panels")
    box.click()
    box.fill(f"{SHORT} {secrets.token_hex(4)}")  # one that nobody has looked at
    box.press("Enter")
    expect(box).to_have_value(re.compile("l1nk.*[0-9a-f]{8}$"))
    canary.look()
    expect(computing).to_have_count(0)
    explore(canary)


def _others(link: str, chromium: Browser, server: Server) -> None:
    """Another visitor, for whom the run is shared without its sentences."""
    other = watched(chromium, server.address)
    page = other.page
    page.goto(link)
    expect(page.get_by_text("About this run")).to_be_visible()
    expect(page.get_by_text("t1tle **b0ld**")).to_be_visible()
    other.look()
    fetched: list[Response] = []
    page.on("response", lambda r: fetched.append(r) if "/atlas/" in r.url else None)
    page.get_by_role("link", name="Map", exact=True).click()
    assert re.search(r"sentence \d", hover_map(other))
    bodies = [answer.body() for answer in fetched]
    page.context.close()
    assert other.found + other.window.errors + other.window.outside == []
    assert len(b"".join(other.received)) > 10_000, "the frames were not seen"
    assert any(b'"sentence 4' in body for body in bodies), "the texts were not seen"
    assert SECRET.encode() not in b"".join([*other.received, *bodies])


def _files(archives: list[bytes], chromium: Browser, tmp_path: Path) -> None:
    """The exported tables hold no formula, and the report opens without a network."""
    for number, archive in enumerate(archives):
        with zipfile.ZipFile(io.BytesIO(archive)) as files:
            files.extractall(tmp_path / str(number))
        for path in (tmp_path / str(number)).rglob("*.csv"):
            _no_formula(path)
    assert SECRET in "".join(
        p.read_text("utf-8", "ignore") for p in (tmp_path / "0").rglob("*.html")
    )
    report = watched(chromium, (tmp_path / "0").as_uri())
    report.page.context.set_offline(True)
    report.window.open("/report.html")
    report.look()
    assert "%{x}" in hover(report, report.page.locator(".js-plotly-plot").last, 12)
    report.page.context.close()
    assert report.found + report.window.errors + report.window.outside == []


def _no_formula(path: Path) -> None:
    """Nothing in a table is a formula to a spreadsheet."""
    for row in csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")):
        for cell in row:
            assert not re.match(r"[=+@\t\r]|-(?![\d.])", cell), cell
