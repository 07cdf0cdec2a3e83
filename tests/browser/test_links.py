"""A link opens the same screen in every view; Back and Forward go deed by deed."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import Server, Window, new_window
from tests.browser.test_compare import ONE, stored

Deed = tuple[Callable[[Page], None], dict[str, str | None]]
"""What a person does, and what changes in the link: None goes from it."""


@dataclass(frozen=True)
class View:
    """What is done in a view, and how its screen then looks."""

    title: str
    path: str
    deeds: tuple[Deed, ...]
    looks: Callable[[Page], None]
    first: tuple[str, ...] = ()
    """What the link holds at first, of what was chosen in other views."""


def radio(page: Page, key: str, name: str) -> Locator:
    """An option of a choice, by its parameter in the link."""
    return page.locator(f".st-key-{key}").get_by_role("radio", name=name, exact=True)


def chosen(key: str, name: str) -> Callable[[Page], None]:
    return lambda page: radio(page, key, name).click()


def ticked(name: str) -> Callable[[Page], None]:
    return lambda page: page.get_by_test_id("stCheckbox").get_by_text(name).first.click()


def pressed(key: str, keys: str) -> Callable[[Page], None]:
    return lambda page: page.locator(f".st-key-{key}").get_by_role("slider").press(keys)


def at(page: Page, key: str, value: str) -> None:
    thumb = page.locator(f".st-key-{key}").get_by_role("slider")
    expect(thumb).to_have_value(value)


def tick_the_first(page: Page) -> None:
    """Of the table of sentences: a canvas, whose first column is the ticks."""
    page.locator(".st-key-all_sentences .dvn-scroller").click(position={"x": 15, "y": 52})


def layers_look(page: Page) -> None:
    expect(radio(page, "pooling", "mean")).to_be_checked()
    at(page, "layer", "5")
    expect(radio(page, "evidence", "Geometry")).to_be_checked()
    expect(page.locator(".st-key-e-geometry .main-svg").first).to_be_visible()


def map_looks(page: Page) -> None:
    expect(radio(page, "method", "PCA")).to_be_checked()
    expect(page.locator(".panel[data-pooling=mean]")).to_have_attribute("data-map", "pca2_mean_4")
    expect(page.get_by_role("heading", name="sentences selected")).to_be_visible()


def search_on_map(page: Page) -> None:
    field = page.locator(".st-key-find input")
    field.click()
    field.press_sequentially("shop")


def sentences_look(page: Page) -> None:
    expect(radio(page, "right", "wrong")).to_be_checked()
    at(page, "layer", "4")
    expect(page.locator(".st-key-path .main-svg").first).to_be_visible()


def inside_looks(page: Page) -> None:
    expect(page.get_by_role("switch", name="Attention rollout")).to_be_checked()
    expect(radio(page, "ledger", "All layers")).to_be_checked()
    expect(page.locator(".st-key-i-ledger_grid .main-svg").first).to_be_visible()


def compare_looks(page: Page) -> None:
    expect(radio(page, "map_pooling", "mean")).to_be_checked()
    expect(radio(page, "method", "PCA")).to_be_checked()
    expect(page.locator("[class*='st-key-compare_map'] .js-plotly-plot")).to_have_count(2)


def report_looks(page: Page) -> None:
    expect(page.get_by_role("switch", name="Without the sentences")).to_be_checked()


KEPT = ("pooling", "layer")
VIEWS = (
    View(
        "Layers",
        "layers",
        (
            (chosen("pooling", "mean"), {"pooling": "mean"}),
            (pressed("layer", "ArrowLeft"), {"layer": "5"}),
            (chosen("evidence", "Geometry"), {"evidence": "geometry"}),
        ),
        layers_look,
    ),
    View(
        "Map",
        "map",
        (
            (lambda page: page.get_by_role("radio", name="PCA").click(), {"method": "pca"}),
            (
                lambda page: page.get_by_role("slider", name="Layer").press("ArrowLeft"),
                {"layer": "4"},
            ),
            (search_on_map, {"find": "shop"}),
            (
                lambda page: page.get_by_role("button", name="Select them").click(),
                {"select": "search"},
            ),
        ),
        map_looks,
        ("layer",),
    ),
    View(
        "Sentences",
        "sentences",
        (
            (chosen("right", "wrong"), {"right": "wrong"}),
            (tick_the_first, {"row": ""}),
        ),
        sentences_look,
        KEPT,
    ),
    View(
        "Inside [CLS]",
        "inside",
        (
            (ticked("Attention rollout"), {"rollout": "yes"}),
            (chosen("ledger", "All layers"), {"ledger": "grid"}),
        ),
        inside_looks,
        (*KEPT, "row"),
    ),
    View(
        "Compare",
        "compare",
        ((chosen("map_pooling", "mean"), {"map_pooling": "mean"}),),
        compare_looks,
        (*KEPT, "method"),
    ),
    View(
        "Report",
        "report",
        ((ticked("Without the sentences"), {"bare": "yes"}),),
        report_looks,
    ),
)


def link(page: Page) -> tuple[str, dict[str, str]]:
    """View and choices of the address."""
    address = urlsplit(page.url)
    return address.path[1:], dict(parse_qsl(address.query))


def until(page: Page, path: str, wanted: dict[str, str]) -> None:
    """Wait for an address; "" stands for any value."""

    def there(url: str) -> bool:
        address = urlsplit(url)
        said = dict(parse_qsl(address.query))
        same = said.keys() == wanted.keys()
        return (
            address.path == f"/{path}"
            and same
            and all(value in ("", said[name]) for name, value in wanted.items())
        )

    page.wait_for_url(there)


def test_every_view_is_in_its_link_and_in_the_history(
    window: Window, chromium: Browser, server: Server, address: str
) -> None:
    stored(server.home, ONE, "maker/first")
    page = window.page
    window.open(f"/layers?run={ONE}")
    expect(page.get_by_text("About this run")).to_be_visible()
    steps = [page.url]
    said: dict[str, str] = {}
    copied = new_window(chromium, address)  # somebody else, who gets each link
    for view in VIEWS:
        if view.path != "layers":
            page.get_by_role("link", name=view.title, exact=True).click()
            kept = {name: said[name] for name in view.first}
            until(page, view.path, {"run": ONE} | kept)
            steps.append(page.url)
        for act, change in view.deeds:
            before = link(page)[1]
            act(page)
            until(page, view.path, before | change)  # type: ignore[arg-type]
            steps.append(page.url)
        said |= link(page)[1]
        view.looks(page)
        copied.page.goto(page.url)
        view.looks(copied.page)
        assert link(copied.page) == link(page)
    copied.page.context.close()
    assert (copied.errors, copied.outside) == ([], [])
    assert page.evaluate("history.length") <= len(steps) + 1, "a step for each deed"
    looks = {view.path: view.looks for view in VIEWS}
    for before, after in zip(reversed(steps[:-1]), reversed(steps[1:]), strict=True):
        page.go_back()
        page.wait_for_url(before)
        path = link(page)[0]
        if urlsplit(before).path != urlsplit(after).path:
            looks[path](page)
    for after in steps[1:]:
        page.go_forward()
        page.wait_for_url(after)
    report_looks(page)
