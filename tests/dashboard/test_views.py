"""The logic of the pages, without a browser. Charts are tested where they are made."""

from hashlib import sha256

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from dashboard.jobs import Status
from dashboard.shown import turn
from dashboard.words import duration, plain
from tests.dashboard.asked import opened

pytestmark = pytest.mark.usefixtures("fresh")


def words(page: AppTest) -> str:
    elements = [*page.markdown, *page.caption, *page.info, *page.warning, *page.error]
    return "\n".join(str(element.value) for element in elements)


def test_the_first_page_has_two_charts_and_says_what_they_show() -> None:
    page = opened()
    assert len(page.get("plotly_chart")) == 2
    assert "on 448 held" in words(page)
    assert "TF-IDF" in words(page) or "layer\\-0 vectors, gets" in words(page)


VIEWS = ("", "data", "layers", "map", "sentences", "inside", "compare", "report", "runs")


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_has_one_title_and_skips_no_heading(view: str) -> None:
    page = opened(view)
    assert len(page.title) == 1
    assert not page.subheader, "the third level, which only follows a second"


def test_an_unknown_run_is_said_to_be_unknown() -> None:
    for link in ("0" * 32, "../../etc", "x"):
        page = opened(run=link)
        assert not page.error


@pytest.mark.parametrize(
    "text",
    ["![a](https://example.org/x.png)", "$x$", "**b**", ":material/home:", "a_b", "<b>", "# h"],
)
def test_markdown_in_user_text_is_escaped(text: str) -> None:
    shown = plain(text)
    for mark in "![]()$*_:<>#`":
        assert shown.count(mark) == shown.count("\\" + mark)


@pytest.mark.parametrize(("seconds", "said"), [(3.2, "3 s"), (89, "89 s"), (200, "3 min")])
def test_durations_are_for_people(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def test_uploads_are_known_by_content() -> None:
    from dashboard.selection import column_key

    first, second = (sha256(data).hexdigest() for data in (b"a", b"b"))
    assert column_key("text", first) != column_key("text", second)


def _inside() -> None:
    from dashboard import selection
    from dashboard.views import inside

    inside.show(selection.current())


def test_inside_shows_at_once_what_was_measured_of_the_sample() -> None:
    page = AppTest.from_function(_inside, default_timeout=60).run()
    assert not page.exception
    said = words(page)
    for part in (
        "is the same vector for every sentence",
        "Cut off from",
        "raw attention",
        "The \\[CLS\\] row",
    ):
        assert part in said, part
    assert "Being measured" not in said
    assert [m.value for m in page.header if str(m.value)[0].isdigit()] == [
        plain(title)
        for title in (
            "1 · Is [:, 0] the first token?",
            "2 · From nothing to everything: how can one token know the sentence?",
            "3 · Where it enters: keeping [CLS] from reading",
            "4 · The exact ledger: what [CLS] receives",
            "4 · The ledger of this sentence",
            "5 · What the average is made of",
            "6 · Is the [CLS] embedding what gets trained?",
            "7 · One sentence, live",
        )
    ]


def _asks() -> None:
    import streamlit as st

    from dashboard.shown import ask_for
    from probing.errors import SettingsError

    def start() -> str:
        if not st.session_state.get("room"):
            raise SettingsError("3 jobs of yours wait already.")
        return "a job"

    st.text(str(ask_for(start, "map")))


def test_what_a_full_queue_refuses_is_said_and_can_be_asked_for_again() -> None:
    page = AppTest.from_function(_asks, default_timeout=60).run()
    assert (page.warning[0].value, page.text[0].value) == (
        r"3 jobs of yours wait already\.",
        "None",
    )
    page.session_state["room"] = True
    page.button[0].click().run()
    assert not page.warning
    assert page.text[0].value == "a job"


@pytest.mark.parametrize(
    ("ahead", "seconds", "said"),
    [
        (0, 0.0, "Starting"),
        (1, None, "Waiting for one other; how long that takes is not known yet"),
        (1, 1.2, "Waiting for one other; it starts in a moment"),
        (2, 40.0, "Waiting for 2 others; it starts in about 40 s"),
        (1_200, 7_000.0, "Waiting for 1,200 others; it starts in about 117 min"),
    ],
)
def test_who_waits_is_told_how_long(ahead: int, seconds: float | None, said: str) -> None:
    assert turn(Status("waiting", ahead=ahead, seconds_left=seconds)) == said


def test_visitors_share_no_page_that_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page object says whether it may be run: of two at the same moment one would fail."""
    given: list[object] = []
    navigation = st.navigation

    def noted(pages: list[object], **options: object) -> object:
        given.extend(pages)
        return navigation(pages, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(st, "navigation", noted)
    opened()
    opened()
    assert len({id(page) for page in given}) == len(given)
    hashes = [page._script_hash for page in given]  # type: ignore[attr-defined]
    half = len(hashes) // 2
    assert hashes[:half] == hashes[half:], "what is switched to is there"
