"""The map in a real browser: points that glide, are chosen, and lie where the link says."""

import csv
import io
import re
import secrets
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from probing.reading import Columns, read_table, select
from probing.runs import execute
from probing.settings import Settings
from tests.browser.conftest import Server, Window, new_window
from tests.browser.test_flows import HOSTILE, sentences


@pytest.fixture
def page(window: Window) -> Page:
    """The map of the sample run, drawn."""
    return opened(window)


def opened(window: Window, query: str = "") -> Page:
    window.open(f"/map{query}")
    expect(window.page.locator(".panel[data-map]").first).to_be_visible()
    return window.page


def panel(page: Page, pooling: str) -> Any:
    return page.locator(f".panel[data-pooling={pooling}]")


def where(page: Page, pooling: str) -> list[list[float]]:
    """Pixels of all points on a panel's canvas."""
    found: list[list[float]] = panel(page, pooling).evaluate(
        "({panel}) => Array.from({length: panel.cloud.n}, (_, i) => panel.where(i))"
    )
    return found


def flags(page: Page, pooling: str, bit: int) -> int:
    """How many points are marked: 1 selected, 2 found."""
    return int(
        panel(page, pooling).evaluate(
            "({panel}, bit) => panel.cloud.flags.filter((flag) => flag & bit).length", bit
        )
    )


def until(found: Callable[[], Any], what: str) -> Any:
    """What ``found`` gives as soon as it is true."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        value = found()
        if value:
            return value
    pytest.fail(f"not within a minute: {what}")


def drag(page: Page, pooling: str, corners: list[tuple[float, float]]) -> None:
    """With the pointer along some places of a panel, in shares of its width and height."""
    box = panel(page, pooling).locator("canvas").bounding_box()
    assert box is not None
    path = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in corners]
    page.mouse.move(*path[0])
    page.mouse.down()
    for x, y in path[1:]:
        page.mouse.move(x, y, steps=5)
    page.mouse.up()


def selected(page: Page) -> int:
    """How many sentences the page says are selected."""
    heading = page.get_by_role("heading", name=re.compile("sentences? selected"))
    expect(heading).to_be_visible()
    return int(heading.inner_text().split()[0].replace(",", ""))


def test_a_box_holds_the_sentences_that_lie_in_it(page: Page) -> None:
    page.get_by_role("button", name="Box").click()
    drag(page, "cls", [(0.2, 0.3), (0.55, 0.75)])
    box = panel(page, "cls").locator("canvas").bounding_box()
    assert box is not None
    width, height = box["width"], box["height"]
    inside = [
        i
        for i, (x, y) in enumerate(where(page, "cls"))
        if 0.2 * width < x < 0.55 * width and 0.3 * height < y < 0.75 * height
    ]
    n = selected(page)
    assert 10 < n < 440
    assert abs(n - len(inside)) <= 2  # the link holds four digits of each corner
    for pooling in ("cls", "pooled", "mean"):
        assert flags(page, pooling, 1) == n
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as CSV").click()
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    rows = [int(line["row"]) for line in csv.DictReader(io.StringIO(text))]
    assert len(rows) == n
    assert len(set(rows) ^ set(inside)) <= 2  # the sample's rows are its positions
    expect(page.get_by_text("Words in common")).to_be_visible()
    panel(page, "cls").locator("canvas").press("Escape")
    expect(page.get_by_text("their sentences appear here")).to_be_visible()
    assert "select=" not in page.url


def test_a_lasso_a_click_and_a_click_with_shift(page: Page, window: Window) -> None:
    drag(page, "mean", [(0.3, 0.2), (0.8, 0.3), (0.6, 0.8), (0.2, 0.6)])
    assert selected(page) == flags(page, "cls", 1) > 10
    expect(page.locator(".st-key-map-mix .main-svg").first).to_be_visible()
    window.picture("map-selected")
    canvas = panel(page, "cls").locator("canvas")
    places = where(page, "cls")
    for count, modifiers in ((1, []), (2, ["Shift"])):
        x, y = lonely(places, skip=count - 1)
        canvas.click(position={"x": x, "y": y}, modifiers=modifiers)
        until(lambda n=count: flags(page, "mean", 1) == n, f"{count} selected")
        expect(page.get_by_role("heading", name=f"{count} sentence")).to_be_visible()
    assert re.search(r"select=rows~\d+~\d+", page.url)


def lonely(places: list[list[float]], skip: int) -> tuple[float, float]:
    """A point that no other lies near to."""
    alone = [(x, y) for x, y in places if sum(abs(x - a) + abs(y - b) < 14 for a, b in places) == 1]
    return alone[skip]


WATCH = """({panel}) => new Promise((done) => {
  const seen = [];
  const look = () => {
    seen.push(panel.where(0));
    if (panel.gliding || seen.length < 4) requestAnimationFrame(look); else done(seen);
  };
  const slider = panel.root.getRootNode().querySelector(".slider");
  slider.value = Number(slider.value) - 1;
  slider.dispatchEvent(new Event("input"));
  look();
})"""


def test_points_glide_to_the_next_layer(page: Page) -> None:
    before = where(page, "cls")[0]
    until(lambda: panel(page, "cls").evaluate("({panel}) => panel.map.name"), "drawn")
    seen = panel(page, "cls").evaluate(WATCH)
    after = until(
        lambda: (
            panel(page, "cls").get_attribute("data-map") == "umap2_cls_5"
            and not panel(page, "cls").evaluate("({panel}) => panel.gliding")
            and where(page, "cls")[0]
        ),
        "the map of layer 5",
    )
    assert before != after
    seen += [after]
    between = [p for p in seen if strictly_between(p, before, after)]
    assert between, (before, seen, after)
    page.wait_for_url("**layer=5**")
    assert page.locator(".value").inner_text() == "5 / 6"


def strictly_between(p: list[float], a: list[float], b: list[float]) -> bool:
    """Whether p lies on the line from a to b, away from both ends."""
    axis = 0 if abs(a[0] - b[0]) > abs(a[1] - b[1]) else 1
    share = (p[axis] - a[axis]) / (b[axis] - a[axis])
    other = a[1 - axis] + share * (b[1 - axis] - a[1 - axis])
    return 0.01 < share < 0.99 and abs(p[1 - axis] - other) < 1


def test_who_wants_no_motion_gets_none(chromium: Browser, address: str) -> None:
    window = new_window(chromium, address)
    window.page.emulate_media(reduced_motion="reduce")
    page = opened(window)
    before = where(page, "cls")[0]
    seen = panel(page, "cls").evaluate(WATCH)
    until(lambda: panel(page, "cls").get_attribute("data-map") == "umap2_cls_5", "layer 5")
    after = where(page, "cls")[0]
    assert not [p for p in [*seen, after] if strictly_between(p, before, after)]
    page.context.close()


def test_play_goes_through_the_layers_and_the_link_follows(page: Page) -> None:
    slider = page.get_by_role("slider", name="Layer")
    for _ in range(2):
        slider.press("ArrowLeft")
    page.wait_for_url("**layer=4**")
    page.get_by_role("button", name="Play the layers").click()
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    expect(page.locator(".value")).to_have_text("5 / 6")
    expect(page.locator(".value")).to_have_text("6 / 6")
    expect(page.get_by_role("button", name="Play the layers")).to_be_visible()
    page.wait_for_url("**layer=6**")


def test_a_point_is_ringed_on_every_map(page: Page) -> None:
    x, y = where(page, "cls")[7]
    panel(page, "cls").locator("canvas").hover(position={"x": x, "y": y})
    expect(page.locator(".tip")).to_be_visible()
    expect(page.locator(".ring[visibility=visible]")).to_have_count(3)
    page.get_by_role("button", name="Box").hover()
    expect(page.locator(".ring[visibility=visible]")).to_have_count(0)


def test_search_marks_and_selects(page: Page) -> None:
    box = page.get_by_role("searchbox", name="Search")
    box.fill("shop")
    caption = page.get_by_text("sentences found")
    expect(caption).to_be_visible()
    n = int(caption.inner_text().split()[0])
    until(lambda: flags(page, "mean", 2) == n, "found on the map")
    page.get_by_role("button", name="Select them").click()
    assert selected(page) == n
    until(lambda: flags(page, "cls", 1) == n, "selected on the map")
    page.wait_for_url("**find=shop**")
    assert "select=search" in page.url


def test_colours_change_without_moving_a_point(page: Page) -> None:
    expect(page.locator(".legend .group")).to_have_count(8)
    before = where(page, "cls")
    box = page.get_by_role("combobox", name="Colour")
    box.click()
    page.get_by_role("option", name="Right or wrong").click()
    expect(page.locator(".legend .group")).to_have_text(["right", "wrong"])
    page.wait_for_url("**colour=right**")
    kinds = "({panel}) => [...new Set(panel.cloud.codes)].sort()"
    until(lambda: panel(page, "cls").evaluate(kinds) == [0, 1], "two colours")
    assert where(page, "cls") == before
    box.click()
    page.get_by_role("option", name="Probability of the label").click()
    expect(page.locator(".legend .end")).to_have_text(["0", "1"])
    page.locator(".legend .about").wait_for()


def test_a_hidden_group_is_not_met_by_the_pointer(page: Page) -> None:
    page.locator(".legend .group").first.click()
    codes = panel(page, "cls").evaluate("({panel}) => [...panel.cloud.codes]")
    i = codes.index(0)
    shown = "({panel}, at) => panel.cloud.codes[panel.nearest(at)]"
    assert panel(page, "cls").evaluate(shown, where(page, "cls")[i]) != 0
    page.locator(".legend .group").first.click()
    assert panel(page, "cls").evaluate(shown, where(page, "cls")[i]) == 0


def test_a_group_stays_hidden_only_where_it_is_the_same(page: Page) -> None:
    group = page.locator(".legend .group").first
    group.click()
    for colour, pressed in (("Prediction", "false"), ("Right or wrong", "true")):
        page.get_by_role("combobox", name="Colour").click()
        page.get_by_role("option", name=colour).click()
        expect(page.locator(".legend .about")).to_have_text(colour)
        expect(group).to_have_attribute("aria-pressed", pressed)


def test_a_copied_link_opens_the_same_and_back_goes_back(
    page: Page, chromium: Browser, address: str
) -> None:
    page.get_by_role("radio", name="PCA").click()
    page.wait_for_url("**method=pca**")
    slider = page.get_by_role("slider", name="Layer")
    slider.press("ArrowLeft")
    page.wait_for_url("**layer=5**")
    expect(panel(page, "mean")).to_have_attribute("data-map", "pca2_mean_5")
    drag(page, "mean", [(0.3, 0.3), (0.7, 0.3), (0.7, 0.7), (0.3, 0.7)])
    n = selected(page)
    page.wait_for_url("**select=pca2_mean_5**")
    other = new_window(chromium, address)
    other.page.goto(page.url)
    assert selected(other.page) == n
    expect(panel(other.page, "mean")).to_have_attribute("data-map", "pca2_mean_5")
    until(lambda: flags(other.page, "cls", 1) == n, "selected there too")
    other.page.context.close()
    page.go_back()
    expect(page.get_by_text("their sentences appear here")).to_be_visible()
    until(lambda: flags(page, "mean", 1) == 0, "nothing selected")
    assert page.locator(".value").inner_text() == "5 / 6"
    page.go_back()
    expect(page.locator(".value")).to_have_text("6 / 6")
    page.go_back()
    expect(panel(page, "mean")).to_have_attribute("data-map", "umap2_mean_6")
    page.go_forward()
    page.go_forward()
    page.go_forward()
    assert selected(page) == n


def test_the_choice_outlives_a_look_at_another_view(page: Page) -> None:
    page.get_by_role("radio", name="PCA").click()
    page.get_by_role("slider", name="Layer").press("ArrowLeft")
    page.wait_for_url("**layer=5**")
    page.get_by_role("link", name="Data").click()
    expect(page.get_by_text("Sentences per class")).to_be_visible()
    page.get_by_role("link", name="Map", exact=True).click()
    expect(panel(page, "cls")).to_have_attribute("data-map", "pca2_cls_5")


def test_three_dimensions_turn_and_are_selected(page: Page) -> None:
    page.get_by_role("radio", name="3-D").click()
    expect(panel(page, "cls")).to_have_attribute("data-map", "umap3_cls_6")
    until(lambda: not panel(page, "cls").evaluate("({panel}) => panel.gliding"), "still")
    before = where(page, "mean")[0]
    drag(page, "cls", [(0.4, 0.5), (0.6, 0.55)])
    assert where(page, "mean")[0] != before  # turned together
    page.get_by_role("button", name="Lasso").click()
    drag(page, "cls", [(0.3, 0.3), (0.7, 0.3), (0.7, 0.7), (0.3, 0.7)])
    n = flags(page, "cls", 1)
    assert n > 10
    assert selected(page) == n  # the server finds the same from the link


def ink(page: Page, tmp_path: Path, pooling: str = "cls") -> tuple[float, tuple[int, ...]]:
    """Share of a panel's pixels that are not its background, and the background's colour."""
    path = tmp_path / "panel.png"
    panel(page, pooling).locator(".frame").screenshot(path=path)
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("RGB"))
    paper = pixels[8, 8]
    return float((pixels != paper).any(axis=2).mean()), tuple(paper.tolist())


@pytest.mark.parametrize("draws", ["card", "plain"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_both_ways_of_drawing_show_points(
    chromium: Browser, address: str, tmp_path: Path, draws: str, dark: bool
) -> None:
    window = new_window(chromium, address, dark=dark)
    window.page.add_init_script(f"globalThis.atlasDraws = '{draws}'")
    page = opened(window)
    name = panel(page, "cls").evaluate("({panel}) => panel.cloud.constructor.name")
    assert name.lower() == draws
    share, paper = until(
        lambda: (found := ink(page, tmp_path))[0] > 0.03 and found, "points on the panel"
    )
    assert share < 0.4
    assert (sum(paper) < 150) == dark
    assert window.errors == []
    page.context.close()


def test_a_phone(chromium: Browser, address: str) -> None:
    window = new_window(chromium, address, width=390, height=844)
    page = opened(window)
    boxes = [panel(page, p).bounding_box() for p in ("cls", "pooled", "mean")]
    assert len({box["x"] for box in boxes if box}) == 1  # below each other
    assert all(box["width"] <= 390 for box in boxes if box)
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(overflow) <= 0
    drag(page, "cls", [(0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8)])
    assert selected(page) > 10
    assert page.evaluate(overflow) <= 0
    window.picture("map-selected-390")
    assert window.errors == []
    page.context.close()


def test_keys_reach_everything(page: Page) -> None:
    canvas = panel(page, "cls").locator("canvas")
    assert "Map of 448 sentences" in str(canvas.get_attribute("aria-label"))
    canvas.focus()
    before = where(page, "cls")[0]
    page.keyboard.press("+")
    closer = where(page, "cls")[0]
    page.keyboard.press("ArrowLeft")
    moved = where(page, "cls")[0]
    page.keyboard.press("0")
    assert before != closer != moved
    assert where(page, "cls")[0] == before
    page.get_by_role("button", name="Play the layers").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".value")).to_have_text("5 / 6")


@pytest.fixture
def own_run(
    window: Window,
    server: Server,
    tmp_path: Path,
    checkpoint: Callable[..., Path],
    coarse: Callable[[], AbstractContextManager[None]],
) -> Page:
    """A run of a quick encoder on hostile labels and texts, shown on the map."""
    run = secrets.token_hex(16)
    table = read_table(sentences(tmp_path / "own.csv", 40, HOSTILE).read_bytes(), "own.csv")
    found = select(table, Columns("Kommentar", "Klasse", split=None))
    with coarse():
        settings = Settings(encoder=str(checkpoint(layers=2)))
        execute(found, settings, out=server.home / "runs" / run, run_id=run)
    return opened(window, f"?run={run}")


def test_maps_come_as_they_are_drawn_and_texts_stay_texts(own_run: Page) -> None:
    page = own_run
    expect(panel(page, "cls")).to_have_attribute("data-map", "umap2_cls_2")
    page.get_by_role("radio", name="3-D").click()
    expect(panel(page, "mean")).to_have_attribute("data-map", "umap3_mean_2")
    page.get_by_role("slider", name="Layer").press("Home")
    page.get_by_role("button", name="Play the layers").click()
    expect(panel(page, "mean")).to_have_attribute("data-map", "umap3_mean_1")
    expect(panel(page, "mean")).to_have_attribute("data-map", "umap3_mean_2")
    page.get_by_role("radio", name="2-D").click()
    page.get_by_role("slider", name="Layer").press("End")
    page.get_by_role("button", name="Box").click()
    expect(panel(page, "cls")).to_have_attribute("data-map", "umap2_cls_2")
    until(lambda: not panel(page, "cls").evaluate("({panel}) => panel.gliding"), "still")
    x, y = where(page, "cls")[0]
    panel(page, "cls").locator("canvas").hover(position={"x": x, "y": y})
    expect(page.locator(".tip")).to_contain_text("<img src=x onerror=")
    assert page.locator(".tip :is(a, img, b), .legend :is(a, img, b)").count() == 0
    drag(page, "cls", [(0.02, 0.02), (0.98, 0.98)])
    assert selected(page) == 40
    assert page.title() != "owned"
    assert page.locator("img[src*='example.org'], a[href*='example.org']").count() == 0
    assert "Traceback" not in page.content()


def test_a_sentence_typed_in_inside_stands_on_the_map(window: Window) -> None:
    page = window.page
    window.open("/inside")
    box = page.get_by_role("combobox", name="The sentence for panels")
    box.click()
    box.fill("The waiter forgot our soup twice")
    box.press("Enter")
    page.get_by_role("link", name="Map", exact=True).click()  # at once, before it is read
    new = page.locator(".new[visibility=visible]")
    expect(new).to_have_count(3)
    page.get_by_role("slider", name="Layer").press("ArrowLeft")
    expect(panel(page, "mean")).to_have_attribute("data-map", "umap2_mean_5")
    expect(new).to_have_count(3)
    page.get_by_role("radio", name="PCA").click()
    expect(panel(page, "mean")).to_have_attribute("data-map", "pca2_mean_5")
    expect(new).to_have_count(3)
