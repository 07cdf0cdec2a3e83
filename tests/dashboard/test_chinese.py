"""The pages in Chinese: no English sentence is left on them, and links know no language."""

import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import selection, workers
from dashboard.samples import FINISHED, SAMPLES
from dashboard.words import plain
from probing import load_run
from probing.errors import EncoderError
from probing.figures.texts import short
from probing.language import choose_by
from tests.dashboard.asked import opened

ENGLISH = re.compile(r"[A-Za-z][a-z'’]*(?:[ ,:;]+[A-Za-z][a-z'’]*){3,}")
"""Four English words in a row: no name of a method or a person has as many."""


@pytest.fixture(autouse=True)
def english(fresh: None) -> Iterator[None]:
    """Afterwards as before."""
    yield
    choose_by(lambda: "en")


def sent(page: AppTest) -> list[str]:
    """All texts of a page but its charts, its styles, its code and the run's sentences."""
    found: list[str] = []

    def of(message: Any) -> None:
        for field, value in message.ListFields():
            for item in value if field.is_repeated else (value,):
                if field.message_type is not None:
                    of(item)
                elif isinstance(item, str) and not item.startswith(("<style>", ":host")):
                    found.append(item)

    def walk(node: Any) -> None:
        proto = getattr(node, "proto", None)
        if proto is not None and node.type not in ("text", "code", "plotly_chart"):
            of(proto)
        for child in getattr(node, "children", {}).values():
            walk(child)

    walk(page._tree)
    return found


def texts_of_run() -> set[str]:
    """Texts that are in English in any language: those of the run and of the samples."""
    run = load_run(FINISHED)
    samples = {plain(text) for s in SAMPLES.values() for text in (s.example, s.label, *s.labels)}
    texts = {short(text, 160) for text in run.sentences.texts}
    return samples | texts


@pytest.mark.parametrize(
    ("view", "query", "texts"),
    [
        ("", {}, 60),
        ("data", {}, 40),
        ("map", {}, 20),
        ("report", {}, 40),
        ("layers", {}, 100),
        ("layers", {"evidence": "comparisons", "sentences": "against"}, 100),
        ("layers", {"evidence": "controls", "sentences": "all", "score": "noisy"}, 100),
        ("layers", {"evidence": "geometry", "layer": "0"}, 80),
        ("layers", {"evidence": "labels_needed"}, 100),
        ("inside", {}, 100),
        ("sentences", {"sentence": "3"}, 50),
        ("runs", {}, 30),
    ],
)
def test_no_english_is_left_in_chinese(view: str, query: dict[str, str], texts: int) -> None:
    found = sent(opened(view, language="zh", **query))
    assert len(found) > texts
    left = list(found)
    for other in sorted(texts_of_run(), key=len, reverse=True):
        left = [text.replace(other, "") for text in left]
    assert [text for text in left if ENGLISH.search(text)] == []
    assert sum(bool(re.search("[一-鿿]", text)) for text in found) > 20


@pytest.mark.parametrize(
    ("message", "chinese"),
    [
        (workers.LOST, "计算进程意外终止"),
        (
            str(
                EncoderError(
                    "{shown} gives vectors that are not finite numbers; its weights are "
                    "damaged, download it again",
                    shown="a/b",
                )
            ),
            "不是有限的数",
        ),
    ],
)
def test_why_a_job_failed_is_said_in_the_language_of_who_looks(message: str, chinese: str) -> None:
    page = AppTest.from_function(_ended, args=(message,)).run()
    assert [said.value for said in page.error] == [plain(message)]
    choose_by(lambda: "zh")
    (said,) = (each.value for each in page.run().error)
    assert chinese in said
    assert not ENGLISH.search(said)


def _ended(message: str) -> None:
    from dashboard.shown import ended
    from dashboard.status import Status

    ended(Status("failed", message=message))


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("asked", ["geometry", "Geometry"])
def test_a_link_says_the_same_in_each_language(language: str, asked: str) -> None:
    page = opened("layers", language=language, evidence=asked, score="noisy", pooling="mean")
    assert page.session_state["evidence"] == "geometry"
    assert {name: page.query_params[name] for name in ("evidence", "score", "pooling")} == {
        "evidence": "geometry",
        "score": "noisy",
        "pooling": "mean",
    }


def test_a_choice_stays_when_the_language_changes_and_goes_into_the_link() -> None:
    page = opened("layers")
    assert "score" not in page.query_params
    page.segmented_control(key="score").set_value("cosine").run()
    assert page.query_params["score"] == "cosine"
    page.segmented_control(key="language").set_value("zh").run()
    assert not page.exception
    assert page.segmented_control(key="score").value == "cosine"
    assert page.segmented_control(key="score").label == "打分方式"
    assert page.query_params["score"] == "cosine"
    # AppTest names the options anew, and not as a visitor of this page
    choose_by(lambda: "zh")
    page.segmented_control(key="score").set_value("probe").run()
    assert "score" not in page.query_params


def test_back_and_forward_choose_again_and_what_is_unknown_is_the_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page = opened("layers", score="noisy")
    back = SimpleNamespace(is_history_navigation=True)
    monkeypatch.setattr(selection.links, "context", lambda: back)
    for asked, chosen in (("cosine", "cosine"), ("nothing", "probe")):
        page.query_params["score"] = asked
        page.run()
        assert page.segmented_control(key="score").value == chosen
    assert "score" not in page.query_params
