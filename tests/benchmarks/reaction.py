"""How soon the browser shows what a hand did: from the event to the frame that has changed.

``python -m tests.benchmarks.reaction RUN``: the folder of a finished run, better a large one, made
with ``--maps all``. Each deed is done several times in the machine's Chromium, with nothing else on
the machine; medians and the longest, in milliseconds. Where a processor plays the graphics card,
frames are slower than elsewhere.
"""

import argparse
import json
import shutil
import statistics
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from probing import store
from tests.browser.conftest import ARGUMENTS, PATIENCE, new_window, started

ID = "1" * 32
TIMES = 7
"""Each deed is done as often; the first time is left out: it meets what is not yet loaded."""
CLOCK = """() => {
  const note = () => { window.deed ??= performance.now(); };
  for (const event of ["keydown", "pointerup", "click"]) addEventListener(event, note, true);
  const hosts = [...document.querySelectorAll("*")].filter((element) => element.shadowRoot);
  const roots = [document, ...hosts.map((host) => host.shadowRoot)];
  window.one = (selector) => roots.map((root) => root.querySelector(selector)).find(Boolean);
}"""
Deed = tuple[str, Callable[[int], None], str]
"""Its name, what is done for the n-th time, and JavaScript: what tells that it is shown."""


def on_map(page: Page) -> Iterator[Deed]:
    """The slider moves the points; a box selects some of them."""
    slider = page.get_by_role("slider", name="Layer")
    yield (
        "layer on the map",
        lambda n: slider.press("ArrowRight" if n % 2 else "ArrowLeft"),
        "one('.panel[data-pooling=cls]').dataset.map",
    )
    page.get_by_role("button", name="Box").click()
    canvas = page.locator(".panel[data-pooling=cls] canvas")

    def box(n: int) -> None:
        place = canvas.bounding_box()
        assert place is not None
        page.mouse.move(place["x"] + 0.2 * place["width"], place["y"] + 0.2 * place["height"])
        page.mouse.down()
        right, low = (0.5 + 0.04 * n) * place["width"], 0.7 * place["height"]
        page.mouse.move(place["x"] + right, place["y"] + low, steps=4)
        page.mouse.up()

    yield "box to the sentences in it", box, _said("h2", "selected")


def on_layers(page: Page) -> Iterator[Deed]:
    """The slider changes the cell below the chart: its figures come first, its last chart last."""
    slider = page.locator(".st-key-layer").get_by_role("slider")

    def press(n: int) -> None:
        slider.press("ArrowRight" if n % 2 else "ArrowLeft")

    yield "layer to figures of the cell", press, _said("p", "fitted on")
    yield "layer to its confusions", press, "one('.st-key-confusion .main-svg')?.textContent"


def on_sentences(page: Page) -> Iterator[Deed]:
    """Right and wrong, in the table of all sentences."""
    choice = page.locator(".st-key-right")
    yield (
        "only wrong, only right",
        lambda n: choice.get_by_role(
            "radio", name="wrong" if n % 2 else "right", exact=True
        ).click(),
        _said("p", "Click a column"),
    )


def _said(kind: str, words: str) -> str:
    """JavaScript: the whole text of the element of a ``kind`` that has these words."""
    found = f"[...document.querySelectorAll('{kind}')].find(e => e.innerText.includes('{words}'))"
    return f"{found}?.innerText"


VIEWS: dict[str, Callable[[Page], Iterator[Deed]]] = {
    "map": on_map,
    "layers": on_layers,
    "sentences": on_sentences,
}


def measured(page: Page, deed: Deed) -> dict[str, float]:
    """Milliseconds until it shows."""
    _, do, shown = deed
    taken = []
    for n in range(TIMES):
        page.wait_for_timeout(1_500)  # what the last deed set in motion has come to rest
        before = page.evaluate(f"() => {{ window.deed = null; return {shown} ?? null; }}")
        do(n)
        changed = f"before => window.deed && ({shown} ?? null) !== before && performance.now()"
        end = page.wait_for_function(
            changed, arg=before, polling="raf", timeout=20_000
        ).json_value()
        taken.append(end - page.evaluate("() => window.deed"))
    return {"median": round(statistics.median(taken[1:])), "longest": round(max(taken[1:]))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    given = parser.parse_args().run
    found: dict[str, object] = {"sentences": len(store.load_run(given).sentences)}
    expect.set_options(timeout=PATIENCE)
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        folder = Path(scratch) / "home" / "runs" / ID
        shutil.copytree(given, folder)
        store.write_json({**store.read_record(folder), "id": ID}, folder / store.RUN)
        chromium = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        with started(Path(scratch)) as server:
            for view, deeds in VIEWS.items():
                window = new_window(browser, server.address)
                window.open(f"/{view}?run={ID}")
                expect(window.page.get_by_role("heading", level=1)).to_be_visible()
                window.page.wait_for_timeout(5_000)
                window.page.evaluate(CLOCK)
                for deed in deeds(window.page):
                    found[deed[0]] = measured(window.page, deed)
                    print(json.dumps({deed[0]: found[deed[0]]}), flush=True)
                window.page.context.close()
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
